//! How a measure went between two stages: the transition matrix, levels before and after, any use
//! against none, and what is missing for which reason; of the whole cohort, and of each group of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;

use super::group::Grouping;
use super::sides::{AnyUse, OutcomeTable, Side};
use super::stated::{SharesBeside, StatedShare};
use super::{Table, TableError, Wrong, unknown_measure};
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
    /// What the cohort is divided by; not at all where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Grouping>,
}

/// What is known of one case at the two stages, and its group.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    group: Option<String>,
    sides: (Side, Side),
}

/// The answer: the whole cohort, each group of it, and two groups set beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomeAnswer {
    /// The whole cohort.
    #[serde(flatten)]
    pub all: OutcomeShares,
    /// Each group, where the cohort is divided.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, OutcomeShares>,
    /// The two groups, where there are exactly two: the first in the order of their names, first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<OutcomesBeside>,
}

/// The table of some cases, with what the shares of them are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomeShares {
    /// The counts.
    #[serde(flatten)]
    pub table: OutcomeTable,
    /// The pairs with any use at the first stage.
    pub used_from: StatedShare,
    /// The pairs with any use at the second stage.
    pub used_to: StatedShare,
    /// Of the pairs with any use at the first stage, those with none at the second.
    pub stopped: StatedShare,
}

/// The shares of two groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomesBeside {
    /// The name of the first group.
    pub first: String,
    /// The name of the second group.
    pub second: String,
    /// The pairs with any use at the first stage.
    pub used_from: SharesBeside,
    /// The pairs with any use at the second stage.
    pub used_to: SharesBeside,
    /// Of the pairs with any use at the first stage, those with none at the second.
    pub stopped: SharesBeside,
}

impl Table for Outcome {
    type Observation = Pair;
    type Answer = OutcomeAnswer;

    fn check(&self) -> Vec<Wrong> {
        let wrong = unknown_measure(&self.measure).map(|detail| Wrong::at("/measure", detail));
        wrong.into_iter().collect()
    }

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Pair> {
        let side = |stage: &Code| match case.measured(self.measure.as_str(), stage.as_str()) {
            Some((instrument, Ok(value))) => Side::Value { value, instrument: instrument.clone() },
            Some((_, Err(reason))) => Side::Missing(reason),
            None => Side::NotRecorded,
        };
        Some(Pair {
            group: self.by.map(|by| by.of(case)),
            sides: (side(&self.from), side(&self.to)),
        })
    }

    fn conclude(&self, observations: &[&Pair]) -> Result<OutcomeAnswer, TableError> {
        let mut counts = BTreeMap::new();
        let mut grouped: BTreeMap<&str, BTreeMap<_, u64>> = BTreeMap::new();
        for Pair { group, sides } in observations {
            *counts.entry(sides.clone()).or_default() += 1;
            if let Some(group) = group {
                *grouped.entry(group).or_default().entry(sides.clone()).or_default() += 1;
            }
        }
        let mut groups = BTreeMap::new();
        for (name, counts) in &grouped {
            groups.insert((*name).to_owned(), self.shares(counts)?);
        }
        let beside = Vec::from_iter(&groups);
        Ok(OutcomeAnswer {
            all: self.shares(&counts)?,
            beside: match &beside[..] {
                [first, second] => Some(OutcomesBeside::of(*first, *second)),
                _ => None,
            },
            groups,
        })
    }
}

impl Outcome {
    fn shares(&self, counts: &BTreeMap<(Side, Side), u64>) -> Result<OutcomeShares, TableError> {
        let table = OutcomeTable::of(self.measure.as_str(), counts)?;
        let [used_from, used_to, stopped] =
            parts(&table).map(|(part, whole)| StatedShare::of(part, whole));
        Ok(OutcomeShares { table, used_from, used_to, stopped })
    }
}

/// What is shared of what: any use at either stage of the pairs, and who stopped of who used.
fn parts(table: &OutcomeTable) -> [(u64, u64); 3] {
    let AnyUse { used_from, used_to, stopped, .. } = table.any_use;
    [(used_from, table.pairs), (used_to, table.pairs), (stopped, used_from)]
}

impl OutcomesBeside {
    fn of(first: (&String, &OutcomeShares), second: (&String, &OutcomeShares)) -> Self {
        let [a, b] = [first, second].map(|(_, shares)| parts(&shares.table));
        Self {
            first: first.0.clone(),
            second: second.0.clone(),
            used_from: SharesBeside::of(a[0], b[0]),
            used_to: SharesBeside::of(a[1], b[1]),
            stopped: SharesBeside::of(a[2], b[2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::tables::testing::answered;
    use crate::testing::{Fact, fact, measured, opened};

    fn case(worked: bool, from: &str, to: &str) -> Vec<Fact> {
        let mut facts = opened("drive", "2017-01-01");
        if worked {
            let work = json!({"kind": "group_programme", "need": "healthy_relationships"});
            facts.push(fact("SupportProvided", &work, "2017-02-01"));
        }
        facts.push(measured("intake", &json!({"physical": from}), "2017-01-02"));
        facts.push(measured("exit", &json!({"physical": to}), "2017-10-01"));
        facts
    }

    fn several(worked: bool, from: &str, to: &str, count: usize) -> Vec<Vec<Fact>> {
        vec![case(worked, from, to); count]
    }

    /// Drive, year 1, analysis 3A: physical abuse with and without work on behaviour.
    #[test]
    fn two_groups_are_set_beside_each_other() {
        let mut cases = several(true, "none", "none", 1);
        cases.extend(several(true, "high", "none", 3));
        cases.extend(several(true, "high", "high", 5));
        cases.extend(several(false, "none", "none", 5));
        cases.extend(several(false, "high", "none", 3));
        cases.extend(several(false, "high", "high", 18));
        let table = answered(
            json!({"table": "outcome", "measure": "physical", "from": "intake", "to": "exit",
                   "by": "behaviour_change_work"}),
            &cases,
            "2018-01-01",
        );
        assert_eq!((&table["pairs"], &table["any_use"]["stopped"]), (&json!(35), &json!(6)));
        let (with, without) = (&table["groups"]["yes"], &table["groups"]["no"]);
        assert_eq!(with["mcnemar_exact_p"], json!(0.25));
        assert_eq!(without["mcnemar_exact_p"], json!(0.25));
        assert_eq!(with["used_to"]["cases"], json!(5));
        let beside = &table["beside"];
        assert_eq!((&beside["first"], &beside["second"]), (&json!("no"), &json!("yes")));
        let near = |value: &Value, expected: f64| {
            let value = value.as_f64().unwrap();
            assert!((value - expected).abs() < 5e-7, "{value} is not {expected}");
        };
        // SciPy: fisher_exact([[3, 18], [3, 5]]); statsmodels: proportion_confint(5, 9, method="wilson").
        near(&beside["stopped"]["fisher_exact_p"], 0.304_509_283_8);
        near(&with["used_to"]["percent_between"]["lower"], 26.665_129_35);
        near(&with["used_to"]["percent_between"]["upper"], 81.122_147_89);
    }

    #[test]
    fn one_group_is_beside_nothing() {
        let question = json!({"table": "outcome", "measure": "physical", "from": "intake",
            "to": "exit", "by": "behaviour_change_work"});
        let table = answered(question, &several(true, "high", "none", 2), "2018-01-01");
        assert_eq!(table["groups"]["yes"]["pairs"], json!(2));
        assert!(table.get("beside").is_none());
    }
}
