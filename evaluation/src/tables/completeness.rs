//! How complete the record is: each measure at each stage, for all and for each worker.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;
use throughline_domain::code_lists::CodeList as _;

use super::group::{NONE, percent};
use super::{Table, TableError, Wrong, unknown_measure};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completeness {
    /// Keys of measures, or `risk_level`.
    pub measures: Vec<Code>,
    /// The programme's stages.
    pub stages: Vec<Code>,
}

/// What one case has: by measure and stage, as in the question, a value or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Had {
    worker: String,
    there: Vec<&'static str>,
}

const RECORDED: &str = "recorded";
const NOT_RECORDED: &str = "not_recorded";

/// The table: by measure, stage and what is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompletenessTable {
    /// The cases.
    pub cases: u64,
    /// By measure, then by stage.
    pub measures: BTreeMap<String, BTreeMap<String, Complete>>,
    /// All measures and stages together, by the worker who has, or last had, the case.
    pub workers: BTreeMap<String, Complete>,
}

/// How complete some of the record is.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Complete {
    /// Values that could be there.
    pub expected: u64,
    /// Values that are there.
    pub recorded: u64,
    /// Of those that could be, per cent.
    pub percent: Option<f64>,
    /// Why the others are not.
    pub missing: BTreeMap<String, u64>,
}

impl Table for Completeness {
    type Observation = Had;
    type Answer = CompletenessTable;

    fn check(&self) -> Vec<Wrong> {
        let measures = self.measures.iter().enumerate();
        let wrong = measures.filter_map(|(n, measure)| {
            Some(Wrong::at(&format!("/measures/{n}"), unknown_measure(measure)?))
        });
        wrong.collect()
    }

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Had> {
        let there = |(measure, stage): (&Code, &Code)| match case
            .measured(measure.as_str(), stage.as_str())
        {
            Some((_, Ok(_))) => RECORDED,
            Some((_, Err(reason))) => reason.as_str(),
            None => NOT_RECORDED,
        };
        let worker = case.state().worker.as_ref().map_or_else(|| NONE.to_owned(), Code::to_string);
        Some(Had { worker, there: self.places().map(there).collect() })
    }

    fn conclude(&self, observations: &[&Had]) -> Result<CompletenessTable, TableError> {
        let mut measures: BTreeMap<String, BTreeMap<String, Complete>> = BTreeMap::new();
        let mut workers: BTreeMap<String, Complete> = BTreeMap::new();
        for had in observations {
            for ((measure, stage), there) in self.places().zip(&had.there) {
                let stages = measures.entry(measure.to_string()).or_default();
                stages.entry(stage.to_string()).or_default().take(there);
                workers.entry(had.worker.clone()).or_default().take(there);
            }
        }
        for complete in
            measures.values_mut().flat_map(BTreeMap::values_mut).chain(workers.values_mut())
        {
            complete.percent = percent(complete.recorded, complete.expected);
        }
        Ok(CompletenessTable { cases: observations.len() as u64, measures, workers })
    }
}

impl Completeness {
    fn places(&self) -> impl Iterator<Item = (&Code, &Code)> {
        self.measures
            .iter()
            .flat_map(|measure| self.stages.iter().map(move |stage| (measure, stage)))
    }
}

impl Complete {
    fn take(&mut self, there: &str) {
        self.expected += 1;
        if there == RECORDED {
            self.recorded += 1;
        } else {
            *self.missing.entry(there.to_owned()).or_default() += 1;
        }
    }
}
