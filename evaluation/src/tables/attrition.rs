//! How far cases come, from the referral to the exit, and why they end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::case::{CaseEvent, CaseStatus};
use throughline_domain::code_lists::CodeList as _;

use super::group::percent;
use super::rule::Share;
use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attrition {}

/// How far a case came, and why it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Came {
    steps: [bool; STEPS.len()],
    closure: Option<&'static str>,
}

/// The steps, each of those who took the one before and of others: a person can be reached before
/// somebody is given the case.
const STEPS: [&str; 6] = ["referred", "accepted", "allocated", "attempted", "reached", "closed"];

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttritionTable {
    /// How many cases took each step, and their share of those referred.
    pub steps: BTreeMap<String, Share>,
    /// Why those closed were.
    pub closure_reasons: BTreeMap<String, u64>,
}

impl Table for Attrition {
    type Observation = Came;
    type Answer = AttritionTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Came> {
        let has = |is_step: fn(&CaseEvent) -> bool| case.facts().iter().any(|f| is_step(f.event));
        let is_closed = case.state().status == CaseStatus::Closed;
        let reasons = case.each(|event| {
            let CaseEvent::CaseClosed(facts) = event else { return None };
            Some(facts.reason.as_str())
        });
        Some(Came {
            steps: [
                true,
                has(|event| matches!(event, CaseEvent::ReferralAccepted(_))),
                has(|event| {
                    matches!(event, CaseEvent::CaseAllocated(_) | CaseEvent::CaseHandedOver(_))
                }),
                case.attempts().next().is_some(),
                case.is_contacted(),
                is_closed,
            ],
            closure: reasons.last().filter(|_| is_closed).map(|(_, reason)| reason),
        })
    }

    fn conclude(&self, observations: &[&Came]) -> Result<AttritionTable, TableError> {
        let all = observations.len() as u64;
        let step = |(n, name): (usize, &&str)| {
            let cases = observations.iter().filter(|came| came.steps[n]).count() as u64;
            ((*name).to_owned(), Share { cases, percent: percent(cases, all) })
        };
        let mut closure_reasons = BTreeMap::new();
        for reason in observations.iter().filter_map(|came| came.closure) {
            *closure_reasons.entry(reason.to_owned()).or_default() += 1;
        }
        Ok(AttritionTable { steps: STEPS.iter().enumerate().map(step).collect(), closure_reasons })
    }
}
