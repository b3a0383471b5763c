//! Which cases moved which figures of one table.
//!
//! The observations of both sides are at hand. Those of one case at a time are put into the earlier
//! side: a figure that moves with a case is laid to it. A figure that moves with several only
//! together is laid to all of them. Each exchange costs the table once more, so that of many cases
//! several are exchanged at a time.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use throughline_domain::ids::CaseId;

use super::report::CASES_MAX;
use crate::edition::{Difference, differences};
use crate::evaluated_case::EvaluatedCase;
use crate::figures::Figures;
use crate::tables::{Table, TableError};

/// Observations that the exchanges of one table take in all, about.
const OBSERVATIONS_MAX: usize = 2_000_000;
/// Exchanges made all the same, however many cases there are.
const EXCHANGES_MIN: usize = 20;

/// One table on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The table of the earlier side.
    pub then: Figures,
    /// The table of the later side.
    pub now: Figures,
    /// The figures that moved, in the order of their places.
    pub moved: Vec<MovedFigure>,
    /// Cases that do not give the same to both sides.
    pub differing: usize,
}

/// A figure that moved, and the cases that it is laid to.
#[derive(Debug, Clone, PartialEq)]
pub struct MovedFigure {
    /// Where: a JSON Pointer into the table.
    pub pointer: String,
    /// What it was; `None` where there was none.
    pub then: Option<Value>,
    /// What it is; `None` where there is none.
    pub now: Option<Value>,
    /// The places of the cases in the comparison's list, of those before [`CASES_MAX`].
    pub cases: Vec<usize>,
    /// Whether those cases move it together: none of them is known to move it alone.
    pub together: bool,
}

/// What each case gives to the two sides; `None` where it gives nothing.
pub(super) struct Pairs<O>(Vec<(CaseId, [Option<O>; 2])>);

impl<O: PartialEq> Pairs<O> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    /// Keeps what a case gives, and tells whether it differs.
    pub(super) fn take(&mut self, case_id: CaseId, then: Option<O>, now: Option<O>) -> bool {
        let differs = then != now;
        if then.is_some() || now.is_some() {
            self.0.push((case_id, [then, now]));
        }
        differs
    }

    pub(super) fn contrast(
        &self,
        places: &HashMap<CaseId, usize>,
        conclude: impl Fn(&[&O]) -> Result<Figures, TableError>,
    ) -> Result<Contrast, TableError> {
        let Self(pairs) = self;
        let side = |which: usize| {
            let given = pairs.iter().filter_map(|(_, sides)| sides[which].as_ref());
            conclude(&given.collect::<Vec<_>>())
        };
        let (then, now) = (side(0)?, side(1)?);
        // Each figure, and whether an exchange has moved it.
        let mut moved: BTreeMap<String, (MovedFigure, bool)> = differences(&then, &now)
            .into_iter()
            .map(|Difference { pointer, then, now }| {
                let (cases, together) = (Vec::new(), false);
                let figure = MovedFigure { pointer: pointer.clone(), then, now, cases, together };
                (pointer, (figure, false))
            })
            .collect();
        let differing: Vec<usize> = (0..pairs.len())
            .filter(|place| {
                let (_, [then, now]) = &pairs[*place];
                then != now
            })
            .collect();
        // Of many cases only the first are told; figures are many too.
        let told = |some: &[usize]| -> Vec<usize> {
            let places = some.iter().filter_map(|one| places.get(&pairs[*one].0).copied());
            places.filter(|place| *place < CASES_MAX).collect()
        };
        let at_a_time = cases_at_a_time(differing.len(), pairs.len());
        let exchanges = if moved.is_empty() { &[][..] } else { &differing[..] };
        for exchanged in exchanges.chunks(at_a_time) {
            let given = pairs.iter().enumerate().filter_map(|(at, (_, [then, now]))| {
                if exchanged.binary_search(&at).is_ok() { now.as_ref() } else { then.as_ref() }
            });
            let with_those = conclude(&given.collect::<Vec<_>>())?;
            for Difference { pointer, .. } in differences(&then, &with_those) {
                if let Some((figure, is_laid)) = moved.get_mut(&pointer) {
                    figure.cases.extend(told(exchanged));
                    figure.together |= exchanged.len() > 1;
                    *is_laid = true;
                }
            }
        }
        for (figure, _) in moved.values_mut().filter(|(_, is_laid)| !is_laid) {
            figure.cases.extend(told(&differing));
            figure.together = true;
        }
        let moved = moved.into_values().map(|(figure, _)| figure).collect();
        Ok(Contrast { then, now, moved, differing: differing.len() })
    }
}

/// How many cases are exchanged at a time, so that the table is not concluded too often.
fn cases_at_a_time(differing: usize, cases: usize) -> usize {
    let exchanges = (OBSERVATIONS_MAX / cases.max(1)).max(EXCHANGES_MIN);
    differing.div_ceil(exchanges).max(1)
}

/// A table while both sides' observations are gathered. Knows its own question.
pub(crate) trait Contrasting: Send {
    /// Takes one case, on each side where it is in the cohort; tells whether it differs.
    fn take(
        &mut self,
        case_id: CaseId,
        then: Option<&EvaluatedCase<'_>>,
        now: Option<&EvaluatedCase<'_>>,
    ) -> bool;

    /// Lays the figures that moved to the cases, which are told by their places.
    ///
    /// # Errors
    /// As [`Table::conclude`].
    fn finish(&self, places: &HashMap<CaseId, usize>) -> Result<Contrast, TableError>;
}

struct Contrasted<T: Table> {
    table: T,
    pairs: Pairs<T::Observation>,
}

impl<T: Table + Send> Contrasting for Contrasted<T>
where
    T::Observation: Send,
{
    fn take(
        &mut self,
        case_id: CaseId,
        then: Option<&EvaluatedCase<'_>>,
        now: Option<&EvaluatedCase<'_>>,
    ) -> bool {
        let observe = |case: Option<&EvaluatedCase<'_>>| self.table.observe(case?);
        let (then, now) = (observe(then), observe(now));
        self.pairs.take(case_id, then, now)
    }

    fn finish(&self, places: &HashMap<CaseId, usize>) -> Result<Contrast, TableError> {
        self.pairs.contrast(places, |observations| {
            let answer = self.table.conclude(observations)?;
            Ok(Figures::of(&answer).expect("the answers of tables have a JSON form"))
        })
    }
}

pub(crate) fn begin<T: Table + Send + 'static>(table: T) -> Box<dyn Contrasting>
where
    T::Observation: Send,
{
    Box::new(Contrasted { table, pairs: Pairs::new() })
}
