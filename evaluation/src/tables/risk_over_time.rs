//! How many cases stand at each level of risk, month by month from the referral.
//!
//! A case is counted at a month while it is observed: up to its exit or the date asked about. Its
//! level is that of the latest assessment by then.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::{CodeList as _, RiskLevel};

use super::{Table, TableError, Wrong};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskOverTime {
    /// Calendar months from the referral, 120 at most.
    pub months: u8,
}

/// Months at most.
const MONTHS_MAX: u8 = 120;

/// The level of one case at each month for which it was observed; `None` before it was assessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels(Vec<Option<RiskLevel>>);

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskOverTimeTable {
    /// The cases.
    pub cases: u64,
    /// By months from the referral, the first at 0.
    pub months: Vec<Standing>,
}

/// Where the cases that were observed at a month stood.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Calendar months from the referral.
    pub month: u8,
    /// Cases that were observed.
    pub observed: u64,
    /// Of those, cases that nobody had assessed.
    pub not_assessed: u64,
    /// The others by level, every level among them.
    pub levels: BTreeMap<String, u64>,
}

impl Table for RiskOverTime {
    type Observation = Levels;
    type Answer = RiskOverTimeTable;

    fn check(&self) -> Vec<Wrong> {
        let is_long = self.months > MONTHS_MAX;
        Vec::from_iter(is_long.then(|| Wrong::at("/months", "is 120 at most")))
    }

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Levels> {
        let mut assessed: Vec<(Timestamp, RiskLevel)> = case
            .each(|event| {
                let CaseEvent::RiskAssessed(facts) = event else { return None };
                Some(facts.level)
            })
            .collect();
        // In the recorded reading facts come as they were recorded, and time runs all the same.
        assessed.sort_by_key(|(at, _)| *at);
        let end = case.exited_at().unwrap_or(case.asked().as_of);
        let referred = case.referral().received.at.to_zoned(TimeZone::UTC);
        let months = (0..=self.months)
            .map_while(|month| referred.checked_add(i32::from(month).months()).ok())
            .map(|at| at.timestamp())
            .take_while(|at| *at <= end);
        let level_at = |at: Timestamp| {
            assessed.iter().rfind(|(assessed_at, _)| *assessed_at <= at).map(|(_, level)| *level)
        };
        Some(Levels(months.map(level_at).collect()))
    }

    fn conclude(&self, observations: &[&Levels]) -> Result<RiskOverTimeTable, TableError> {
        let nobody = |month| Standing {
            month,
            observed: 0,
            not_assessed: 0,
            levels: RiskLevel::ALL.iter().map(|level| (level.as_str().to_owned(), 0)).collect(),
        };
        let mut months: Vec<Standing> = (0..=self.months).map(nobody).collect();
        for Levels(levels) in observations {
            for (standing, level) in months.iter_mut().zip(levels) {
                standing.observed += 1;
                match level {
                    Some(level) => {
                        *standing.levels.entry(level.as_str().to_owned()).or_default() += 1;
                    }
                    None => standing.not_assessed += 1,
                }
            }
        }
        Ok(RiskOverTimeTable { cases: observations.len() as u64, months })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{assessed, closed, day, history, opened};
    use throughline_domain::programme::Programmes;
    use throughline_domain::two_clocks::Asked;

    use super::*;

    #[test]
    fn a_case_is_counted_while_it_is_observed_at_its_latest_level() {
        let question = RiskOverTime { months: 4 };
        let asked = Asked { as_of: day("2017-04-15"), ..Asked::LATEST };
        let programmes = Programmes::shipped();
        let mut first = opened("mrp", "2017-01-01");
        first.push(assessed("high", None, "2017-01-15"));
        first.push(assessed("medium", None, "2017-03-01"));
        let mut second = opened("mrp", "2017-01-01");
        second.push(assessed("high", None, "2017-01-01"));
        second.push(closed("2017-02-10"));
        let seen: Vec<Levels> = [first, second]
            .into_iter()
            .map(|facts| {
                let history = history(facts);
                let case = EvaluatedCase::at(&history, &asked, |r| programmes.of_referral(r));
                question.observe(&case.unwrap()).unwrap()
            })
            .collect();
        let table = question.conclude(&seen.iter().collect::<Vec<_>>()).unwrap();
        let of = |high: u64, medium: u64| json!({"standard": 0, "medium": medium, "high": high});
        let expected = json!({"cases": 2, "months": [
            {"month": 0, "observed": 2, "not_assessed": 1, "levels": of(1, 0)},
            {"month": 1, "observed": 2, "not_assessed": 0, "levels": of(2, 0)},
            {"month": 2, "observed": 1, "not_assessed": 0, "levels": of(0, 1)},
            {"month": 3, "observed": 1, "not_assessed": 0, "levels": of(0, 1)},
            {"month": 4, "observed": 0, "not_assessed": 0, "levels": of(0, 0)},
        ]});
        assert_eq!(serde_json::to_value(table).unwrap(), expected);
    }
}
