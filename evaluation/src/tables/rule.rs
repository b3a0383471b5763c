//! What a named rule says of the cases: how far people engaged, which cases are dormant or a repeat.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;
use throughline_domain::rules::{Answer, Rule, Value};

use super::group::percent;
use super::{Table, TableError, Wrong};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleShares {
    /// The rule's name and version.
    pub rule: Code,
}

/// The table: how many cases the rule says what of. A case with several codes counts with each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleTable {
    /// The cases.
    pub cases: u64,
    /// By answer.
    pub answers: BTreeMap<String, Share>,
}

/// Some of the cases.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Share {
    /// How many.
    pub cases: u64,
    /// Of all, per cent.
    pub percent: Option<f64>,
}

impl Table for RuleShares {
    type Observation = Vec<String>;
    type Answer = RuleTable;

    fn check(&self) -> Vec<Wrong> {
        let is_known = Rule::find(self.rule.as_str()).is_some();
        if is_known { Vec::new() } else { vec![Wrong::at("/rule", "is no rule that is known")] }
    }

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<String>> {
        Rule::find(self.rule.as_str()).map(|rule| told(&rule.ask(case.view())))
    }

    fn conclude(&self, observations: &[&Vec<String>]) -> Result<RuleTable, TableError> {
        let cases = observations.len() as u64;
        let mut answers: BTreeMap<String, Share> = BTreeMap::new();
        for answer in observations.iter().copied().flatten() {
            answers.entry(answer.clone()).or_default().cases += 1;
        }
        for share in answers.values_mut() {
            share.percent = percent(share.cases, cases);
        }
        Ok(RuleTable { cases, answers })
    }
}

/// An answer as codes.
pub(super) fn told(answer: &Answer) -> Vec<String> {
    match &answer.value {
        Value::Holds(true) => vec!["yes".to_owned()],
        Value::Holds(false) => vec!["no".to_owned()],
        Value::Code(code) => vec![(*code).to_owned()],
        Value::Codes(codes) if codes.is_empty() => vec!["none".to_owned()],
        Value::Codes(codes) => codes.iter().map(|code| (*code).to_owned()).collect(),
        Value::Days(days) => vec![days.to_string()],
        Value::At(at) => vec![at.to_string()],
        Value::NotApplicable => vec!["not_applicable".to_owned()],
    }
}
