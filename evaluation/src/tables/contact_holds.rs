//! Why people were not contacted for a time: the reasons of the holds on contact, first and last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::CodeList as _;

use super::group::Counts2;
use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactHolds {}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContactHoldsTable {
    /// Cases with at least one hold.
    pub cases: u64,
    /// Cases with one reason throughout, by it.
    pub unchanged: BTreeMap<String, u64>,
    /// Cases whose reason changed.
    pub changed: Changed,
}

/// Cases whose reason changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Changed {
    /// How many.
    pub cases: u64,
    /// By the reason of the first hold, then of the last.
    pub from: Counts2,
    /// By the reason of the last hold.
    pub last: BTreeMap<String, u64>,
}

impl Table for ContactHolds {
    /// The reasons of a case's holds, in their order.
    type Observation = Vec<&'static str>;
    type Answer = ContactHoldsTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<&'static str>> {
        let reasons = case.each(|event| {
            let CaseEvent::ContactHeld(facts) = event else { return None };
            Some(facts.reason.as_str())
        });
        Some(reasons.map(|(_, reason)| reason).collect())
    }

    fn conclude(
        &self,
        observations: &[&Vec<&'static str>],
    ) -> Result<ContactHoldsTable, TableError> {
        let mut table =
            ContactHoldsTable { cases: 0, unchanged: BTreeMap::new(), changed: Changed::default() };
        for reasons in observations {
            let (Some(first), Some(last)) = (reasons.first(), reasons.last()) else { continue };
            table.cases += 1;
            if reasons.iter().all(|reason| reason == first) {
                *table.unchanged.entry((*first).to_owned()).or_default() += 1;
            } else {
                let Changed { cases, from, last: lasts } = &mut table.changed;
                *cases += 1;
                let to = from.entry((*first).to_owned()).or_default();
                *to.entry((*last).to_owned()).or_default() += 1;
                *lasts.entry((*last).to_owned()).or_default() += 1;
            }
        }
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tables::testing::answered;
    use crate::testing::{fact, opened};

    #[test]
    fn a_reason_stays_or_changes() {
        let case = |reasons: &[&str]| {
            let mut facts = opened("drive", "2017-01-01");
            let held =
                |reason: &&str| fact("ContactHeld", &json!({"reason": reason}), "2017-02-01");
            facts.extend(reasons.iter().map(held));
            facts
        };
        let cases = [
            case(&["not_safe", "not_safe"]),
            case(&["planned_or_pending", "not_safe", "on_hold_cjs"]),
            case(&[]),
        ];
        let expected = json!({
            "cases": 2, "unchanged": {"not_safe": 1},
            "changed": {
                "cases": 1, "from": {"planned_or_pending": {"on_hold_cjs": 1}},
                "last": {"on_hold_cjs": 1},
            },
        });
        assert_eq!(answered(json!({"table": "contact_holds"}), &cases, "2018-01-01"), expected);
    }
}
