//! How many of several things a case has at a stage, and which together: measures with any use, or that
//! were answered with yes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;

use super::sides::is_use;
use super::{Table, TableError, Wrong, unknown_measure};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combinations {
    /// Keys of measures, in the order in which a combination names them.
    pub measures: Vec<Code>,
    /// The stage.
    pub stage: Code,
}

/// Measures that are looked at together at most: there are two to that power of combinations.
const MEASURES_MAX: usize = 12;
const NONE: &str = "none";

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CombinationsTable {
    /// Cases of which at least one of the measures has a value: the others are not counted below.
    pub cases: u64,
    /// Cases of which none has.
    pub unknown: u64,
    /// By how many of them a case has; a measure without a value is not one it has.
    pub counts: BTreeMap<String, u64>,
    /// By which, joined with `+`; `none` where a case has none.
    pub combinations: BTreeMap<String, u64>,
}

impl Table for Combinations {
    /// Which a case has; `None` where nothing is known of any.
    type Observation = Option<Vec<bool>>;
    type Answer = CombinationsTable;

    fn check(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if !(1..=MEASURES_MAX).contains(&self.measures.len()) {
            wrong.push(Wrong::at("/measures", "has 1 to 12 entries"));
        }
        wrong.extend(self.measures.iter().enumerate().filter_map(|(n, measure)| {
            Some(Wrong::at(&format!("/measures/{n}"), unknown_measure(measure)?))
        }));
        wrong
    }

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Option<Vec<bool>>> {
        let values: Vec<Option<bool>> = self
            .measures
            .iter()
            .map(|measure| {
                let (_, value) = case.measured(measure.as_str(), self.stage.as_str())?;
                value.ok().map(|value| is_use(&value))
            })
            .collect();
        let is_known = values.iter().any(Option::is_some);
        Some(is_known.then(|| values.into_iter().map(|has| has == Some(true)).collect()))
    }

    fn conclude(
        &self,
        observations: &[&Option<Vec<bool>>],
    ) -> Result<CombinationsTable, TableError> {
        let (mut counts, mut combinations) = (BTreeMap::new(), BTreeMap::new());
        let mut cases = 0;
        for has in observations.iter().filter_map(|has| has.as_ref()) {
            cases += 1;
            let names: Vec<&str> = self
                .measures
                .iter()
                .zip(has)
                .filter_map(|(measure, has)| has.then_some(measure.as_str()))
                .collect();
            *counts.entry(names.len().to_string()).or_default() += 1;
            let name = if names.is_empty() { NONE.to_owned() } else { names.join("+") };
            *combinations.entry(name).or_default() += 1;
        }
        Ok(CombinationsTable {
            cases,
            unknown: observations.len() as u64 - cases,
            counts,
            combinations,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tables::testing::answered;
    use crate::testing::{measured, opened};

    #[test]
    fn cases_are_counted_by_which_they_have_together() {
        let case = |values: serde_json::Value| {
            let mut facts = opened("drive", "2017-01-01");
            facts.push(measured("intake", &values, "2017-01-02"));
            facts
        };
        let cases = [
            case(json!({"physical": "high", "sexual": "standard"})),
            case(json!({"physical": "high", "sexual": {"missing": "declined"}})),
            case(json!({"physical": "none"})),
            case(json!({"physical": {"missing": "declined"}})),
            opened("drive", "2017-01-01"),
        ];
        let question =
            json!({"table": "combinations", "measures": ["physical", "sexual"], "stage": "intake"});
        let expected = json!({
            "cases": 3, "unknown": 2, "counts": {"0": 1, "1": 1, "2": 1},
            "combinations": {"none": 1, "physical": 1, "physical+sexual": 1},
        });
        assert_eq!(answered(question, &cases, "2018-01-01"), expected);
    }

    #[test]
    fn a_measure_that_is_none_is_named_by_its_place() {
        let question = json!({"measures": ["physical", "canary"], "stage": "intake"});
        let question: Combinations = serde_json::from_value(question).unwrap();
        let wrong: Vec<String> = question.check().into_iter().map(|wrong| wrong.pointer).collect();
        assert_eq!(wrong, ["/measures/1"]);
    }
}
