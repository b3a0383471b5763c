//! The tables: one file a question.
//!
//! A table takes one small observation of each case of the cohort, and is computed from its
//! observations alone: [`Table::conclude`] sees neither events nor cases. So any number of tables
//! share one pass, and what a single case does to a figure is found by exchanging its observation.

pub mod agreement;
pub mod attrition;
pub mod combinations;
pub mod completeness;
pub mod contact_holds;
pub mod contacts;
pub mod group;
pub mod incidents;
pub mod incidents_per_case;
pub mod needs;
pub mod outcome;
pub mod protection;
pub mod question;
pub mod referrals;
pub mod risk_over_time;
pub mod rule;
pub mod scores;
pub mod sides;
pub mod stated;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod trajectory;
pub mod waiting;
pub mod work;

use serde::Serialize;
use throughline_domain::code::Code;
use throughline_domain::ids::CaseId;
use throughline_domain::instrument::{self, Form};

pub use question::Question;

use crate::evaluated_case::EvaluatedCase;
use crate::figures::Figures;
use crate::levels::RISK_LEVEL;

/// Something in a question that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where: a JSON Pointer into the question.
    pub pointer: String,
    /// What would be right, or what is not; never what was asked.
    pub detail: &'static str,
}

impl Wrong {
    /// At a place.
    pub(crate) fn at(pointer: &str, detail: &'static str) -> Self {
        Self { pointer: pointer.to_owned(), detail }
    }
}

/// Why a measure cannot be asked about: no instrument has it.
pub(crate) fn unknown_measure(measure: &Code) -> Option<&'static str> {
    let has = |form: &Form| match form {
        Form::Measure(form) => form.dimension(measure.as_str()).is_some(),
        Form::Risk(_) => false,
    };
    let is_known = measure.as_str() == RISK_LEVEL || instrument::all().iter().any(|i| has(&i.form));
    (!is_known).then_some("is no measure of any instrument")
}

/// A question, with how it is observed and answered.
pub trait Table {
    /// What one case gives to the table.
    type Observation: Clone + PartialEq;
    /// The finished table.
    type Answer: Serialize;

    /// What in the question cannot be; nothing where it can be answered.
    fn check(&self) -> Vec<Wrong> {
        Vec::new()
    }

    /// Whether the table names cases: it is then for whoever may read them, and never published.
    fn names_cases(&self) -> bool {
        false
    }

    /// What the case gives; `None` where the table is not about it.
    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Self::Observation>;

    /// The table of these observations, whichever order they come in.
    ///
    /// # Errors
    /// When the observations are more than the table can show.
    fn conclude(&self, observations: &[&Self::Observation]) -> Result<Self::Answer, TableError>;
}

/// Why there is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The measure has more distinct values than a matrix can show.
    #[error("the measure has more than {levels_max} levels")]
    TooManyLevels {
        /// The most that are shown.
        levels_max: usize,
    },
}

/// A table while its observations are gathered. Knows its own question.
pub trait Gathering: Send {
    /// Takes one case of the cohort.
    fn take(&mut self, case_id: CaseId, case: &EvaluatedCase<'_>);

    /// The finished table.
    ///
    /// # Errors
    /// As [`Table::conclude`].
    fn finish(&self) -> Result<Figures, TableError>;
}

/// Every observation of one table.
struct Gathered<T: Table> {
    table: T,
    observations: Vec<(CaseId, T::Observation)>,
}

impl<T: Table + Send> Gathering for Gathered<T>
where
    T::Observation: Send,
{
    fn take(&mut self, case_id: CaseId, case: &EvaluatedCase<'_>) {
        self.observations.extend(self.table.observe(case).map(|seen| (case_id, seen)));
    }

    fn finish(&self) -> Result<Figures, TableError> {
        let observations: Vec<&T::Observation> =
            self.observations.iter().map(|(_, seen)| seen).collect();
        let answer = self.table.conclude(&observations)?;
        Ok(Figures::of(&answer).expect("the answers of tables have a JSON form"))
    }
}

fn begin<T: Table + Send + 'static>(table: T) -> Box<dyn Gathering>
where
    T::Observation: Send,
{
    Box::new(Gathered { table, observations: Vec::new() })
}
