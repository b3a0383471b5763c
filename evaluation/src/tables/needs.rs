//! The needs that were identified: in how many cases, how severe, and what came of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::CodeList as _;
use throughline_domain::ids::EventId;

use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {}

/// One need: what it is, how severe, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified {
    need: &'static str,
    severity: &'static str,
    outcome: &'static str,
}

const NOT_SAID: &str = "not_said";
/// What came of a need that nobody resolved.
const OPEN: &str = "open";

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NeedsTable {
    /// The cases.
    pub cases: u64,
    /// Cases with at least one need.
    pub with_needs: u64,
    /// By need.
    pub needs: BTreeMap<String, Met>,
}

/// One need, over all cases.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Met {
    /// In how many cases.
    pub cases: u64,
    /// How often it was identified.
    pub identified: u64,
    /// By severity; `not_said` where none was.
    pub severities: BTreeMap<String, u64>,
    /// By what came of it; `open` where nothing did yet.
    pub outcomes: BTreeMap<String, u64>,
}

impl Table for Needs {
    type Observation = Vec<Identified>;
    type Answer = NeedsTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<Identified>> {
        let resolved: BTreeMap<EventId, &'static str> = case
            .each(|event| {
                let CaseEvent::NeedResolved(facts) = event else { return None };
                Some((facts.need, facts.outcome.as_str()))
            })
            .map(|(_, resolved)| resolved)
            .collect();
        let identified = case.facts().iter().filter_map(|fact| {
            let CaseEvent::NeedIdentified(facts) = fact.event else { return None };
            Some(Identified {
                need: facts.need.as_str(),
                severity: facts.severity.map_or(NOT_SAID, |severity| severity.as_str()),
                outcome: resolved.get(&fact.recorded.event_id).copied().unwrap_or(OPEN),
            })
        });
        Some(identified.collect())
    }

    fn conclude(&self, observations: &[&Vec<Identified>]) -> Result<NeedsTable, TableError> {
        let mut needs: BTreeMap<&str, Met> = BTreeMap::new();
        for identified in observations {
            let mut of_case = BTreeMap::new();
            for Identified { need, severity, outcome } in *identified {
                let met = needs.entry(*need).or_default();
                met.identified += 1;
                *met.severities.entry((*severity).to_owned()).or_default() += 1;
                *met.outcomes.entry((*outcome).to_owned()).or_default() += 1;
                if of_case.insert(*need, ()).is_none() {
                    met.cases += 1;
                }
            }
        }
        Ok(NeedsTable {
            cases: observations.len() as u64,
            with_needs: observations.iter().filter(|found| !found.is_empty()).count() as u64,
            needs: needs.into_iter().map(|(need, met)| (need.to_owned(), met)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tables::testing::answered;
    use crate::testing::{event_id, fact, opened};

    #[test]
    fn a_need_counts_once_a_case_and_says_what_came_of_it() {
        let need = |need: &str| fact("NeedIdentified", &json!({"need": need}), "2017-02-01");
        let mut several = opened("drive", "2017-01-01");
        let severe = json!({"need": "housing", "severity": "high"});
        several.push(fact("NeedIdentified", &severe, "2017-02-01"));
        several.extend([need("housing"), need("drugs")]);
        let met = json!({"need": event_id(4), "outcome": "met"});
        several.push(fact("NeedResolved", &met, "2017-03-01"));
        let mut one = opened("drive", "2017-01-01");
        one.push(need("housing"));
        let cases = [several, one, opened("drive", "2017-01-01")];
        let table = answered(json!({"table": "needs"}), &cases, "2018-01-01");
        let expected = json!({
            "cases": 3, "with_needs": 2,
            "needs": {
                "drugs": {"cases": 1, "identified": 1, "severities": {"not_said": 1}, "outcomes": {"open": 1}},
                "housing": {"cases": 2, "identified": 3, "severities": {"high": 1, "not_said": 2},
                            "outcomes": {"met": 1, "open": 2}},
            },
        });
        assert_eq!(table, expected);
    }
}
