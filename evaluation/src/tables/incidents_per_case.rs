//! How many incidents a case has, whenever they happened: the spread over cases, for all and by kind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::{CodeList as _, IncidentKind};

use super::stated::Distribution;
use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentsPerCase {}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentsPerCaseTable {
    /// The cases.
    pub cases: u64,
    /// All incidents; `None` of no cases.
    pub total: Option<Distribution>,
    /// By kind.
    pub kinds: BTreeMap<String, Option<Distribution>>,
}

impl Table for IncidentsPerCase {
    /// How many there were of each kind, in the order of the code list.
    type Observation = Vec<u32>;
    type Answer = IncidentsPerCaseTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<u32>> {
        let mut counts = vec![0; IncidentKind::ALL.len()];
        let kinds = case.each(|event| {
            let CaseEvent::IncidentReported(facts) = event else { return None };
            IncidentKind::ALL.iter().position(|kind| *kind == facts.kind)
        });
        for (_, place) in kinds {
            counts[place] += 1;
        }
        Some(counts)
    }

    fn conclude(&self, observations: &[&Vec<u32>]) -> Result<IncidentsPerCaseTable, TableError> {
        let spread = |of: &dyn Fn(&Vec<u32>) -> u32| {
            let mut counts: Vec<u32> = observations.iter().map(|counts| of(counts)).collect();
            // In one order, so that sums come out the same whichever order the cases came in.
            counts.sort_unstable();
            Distribution::of(&counts.into_iter().map(f64::from).collect::<Vec<_>>())
        };
        let kinds = IncidentKind::ALL.iter().enumerate();
        Ok(IncidentsPerCaseTable {
            cases: observations.len() as u64,
            total: spread(&|counts| counts.iter().sum()),
            kinds: kinds
                .map(|(place, kind)| (kind.as_str().to_owned(), spread(&|counts| counts[place])))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tables::testing::answered;
    use crate::testing::{fact, opened};

    #[test]
    fn the_spread_is_over_cases_those_without_among_them() {
        let case = |kinds: &[&str]| {
            let mut facts = opened("drive", "2017-01-01");
            let incident =
                |kind: &&str| fact("IncidentReported", &json!({"kind": kind}), "2017-02-01");
            facts.extend(kinds.iter().map(incident));
            facts
        };
        let cases = [case(&["crime", "crime", "domestic_incident"]), case(&["crime"]), case(&[])];
        let table = answered(json!({"table": "incidents_per_case"}), &cases, "2018-01-01");
        let of = |name: &str, member: &str| table["kinds"][name][member].clone();
        assert_eq!((of("crime", "mean"), of("crime", "max")), (json!(1.0), json!(2.0)));
        assert_eq!((of("domestic_incident", "min"), of("crime", "min")), (json!(0.0), json!(0.0)));
        assert_eq!((&table["cases"], &table["total"]["median"]), (&json!(3), &json!(1.0)));
    }
}
