//! What moved between two evaluations of the same questions, and which events moved it.
//!
//! Both sides are folded in one pass. Where what a case gives to a table differs, the events are
//! named that one side had in view and the other had not (`behind.rs`); each figure that moved is laid
//! to the cases that move it (`contrast.rs`). A case that differs without any such event differs by a
//! definition or by the program. How it was decided: ADR 0034.

mod behind;
mod contrast;
pub mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use throughline_domain::case::CaseEvent;
use throughline_domain::cohort::Cohort;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;

pub use behind::{Behind, Cause};
pub use contrast::{Contrast, MovedFigure};
pub(crate) use contrast::{Contrasting, begin};

use crate::evaluated_case::EvaluatedCase;
use crate::figures::Figures;
use crate::membership::{CohortCounts, Membership, membership};
use crate::tables::{Question, TableError};
use contrast::Pairs;

/// One side: whose cases, at which dates, up to which place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Whose cases.
    pub cohort: Cohort,
    /// At which dates.
    pub asked: Asked,
    /// Up to which place in the log.
    pub position: Position,
}

/// A comparison that goes on.
pub struct Comparing {
    then: Side,
    now: Side,
    counts: Pairs<Membership>,
    tables: Vec<Box<dyn Contrasting>>,
    cases: Vec<DifferingCase>,
}

/// A case that is not to both sides what it is to the other.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferingCase {
    /// The case.
    pub case_id: CaseId,
    /// The events that one side has in view otherwise than the other, in the order of recording.
    pub events: Vec<Behind>,
}

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Who is in the cohort.
    pub counts: Contrast,
    /// The tables, in the order of their questions.
    pub tables: Vec<Contrast>,
    /// Every case that differs to the counts or a table.
    pub cases: Vec<DifferingCase>,
}

impl Comparing {
    /// Begins.
    #[must_use]
    pub fn new(then: Side, now: Side, questions: &[Question]) -> Self {
        let tables = questions.iter().map(Question::contrast).collect();
        Self { then, now, counts: Pairs::new(), tables, cases: Vec::new() }
    }

    /// Takes one case of the tenant: its events in the order of recording, up to the later of the
    /// two places at least.
    pub fn take(
        &mut self,
        case_id: CaseId,
        history: &[Recorded<CaseEvent>],
        programmes: &Programmes,
    ) {
        let [then, now] = [&self.then, &self.now].map(|side| {
            let history = &history[..history.partition_point(|e| e.position <= side.position)];
            let case = EvaluatedCase::at(history, &side.asked, |referral: &_| {
                programmes.of_referral(referral)
            });
            let membership = case.as_ref().map(|case| membership(&side.cohort, case));
            let case = case.filter(|_| membership == Some(Membership::In));
            (history, membership, case)
        });
        let mut differs = self.counts.take(case_id, then.1, now.1);
        for table in &mut self.tables {
            differs |= table.take(case_id, then.2.as_ref(), now.2.as_ref());
        }
        if differs {
            let events = behind::events((then.0, &self.then.asked), (now.0, &self.now.asked));
            self.cases.push(DifferingCase { case_id, events });
        }
    }

    /// Lays every figure that moved to the cases that move it.
    ///
    /// # Errors
    /// [`TableError`] of the first table that cannot be shown.
    ///
    /// # Panics
    /// Never: counts have a JSON form.
    pub fn finish(self) -> Result<Comparison, TableError> {
        let Self { counts, tables, cases, .. } = self;
        let places: HashMap<CaseId, usize> =
            cases.iter().enumerate().map(|(place, case)| (case.case_id, place)).collect();
        let counts = counts.contrast(&places, |memberships| {
            let mut counts = CohortCounts::default();
            for membership in memberships {
                counts.take(**membership);
            }
            Ok(Figures::of(&counts).expect("counts have a JSON form"))
        })?;
        let tables = tables.iter().map(|table| table.finish(&places)).collect::<Result<_, _>>()?;
        Ok(Comparison { counts, tables, cases })
    }
}
