//! How a measure went between two stages: the transition matrix, levels before and after, any use
//! against none, and what is missing for which reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;

use super::sides::{OutcomeTable, Side};
use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The key of the measure, or `risk_level`.
    pub measure: Code,
    /// The earlier stage.
    pub from: Code,
    /// The later stage.
    pub to: Code,
}

impl Table for Outcome {
    type Observation = (Side, Side);
    type Answer = OutcomeTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Self::Observation> {
        let side = |stage: &Code| match case.measured(self.measure.as_str(), stage.as_str()) {
            Some((instrument, Ok(value))) => Side::Value { value, instrument: instrument.clone() },
            Some((_, Err(reason))) => Side::Missing(reason),
            None => Side::NotRecorded,
        };
        Some((side(&self.from), side(&self.to)))
    }

    fn conclude(&self, observations: &[&Self::Observation]) -> Result<OutcomeTable, TableError> {
        let mut counts = BTreeMap::new();
        for sides in observations {
            *counts.entry((*sides).clone()).or_default() += 1;
        }
        OutcomeTable::of(self.measure.as_str(), &counts)
    }
}
