//! Numbers of two or more groups: what a measure with numbers was at a stage, by how much it changed
//! between two, or what a referral says in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::code_lists::CodeList;

use super::group::Grouping;
use super::stated::{Distribution, ValuesBeside};
use super::{Table, TableError, Wrong, unknown_measure};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// The key of the measure; or `incidents_12_months` or `age_years`, of the referral, which has no
    /// stage.
    pub measure: Code,
    /// The stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Code>,
    /// The stage that it is a change from, where it is the change that is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Code>,
    /// What the cohort is divided by.
    pub by: Grouping,
}

/// What a referral says in a number.
const OF_REFERRAL: [&str; 2] = [INCIDENTS, AGE];
const INCIDENTS: &str = "incidents_12_months";
const AGE: &str = "age_years";
/// Why there is no number where the record gives no reason.
const NOT_RECORDED: &str = "not_recorded";
const NOT_A_NUMBER: &str = "not_a_number";

/// The group of a case, and its number or why it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    group: String,
    value: Result<f64, &'static str>,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoresTable {
    /// Each group.
    pub groups: BTreeMap<String, Scoring>,
    /// The two groups, where there are exactly two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<ScoresBeside>,
}

/// The numbers of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scoring {
    /// The cases.
    pub cases: u64,
    /// How many have no number, by the reason.
    pub missing: BTreeMap<String, u64>,
    /// The numbers; `None` where there are none.
    pub values: Option<Distribution>,
}

/// The numbers of two groups: the first in the order of their names, first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoresBeside {
    /// The name of the first group.
    pub first_group: String,
    /// The name of the second group.
    pub second_group: String,
    /// Their numbers.
    #[serde(flatten)]
    pub values: ValuesBeside,
}

impl Table for Scores {
    type Observation = Scored;
    type Answer = ScoresTable;

    fn check(&self) -> Vec<Wrong> {
        let is_of_referral = OF_REFERRAL.contains(&self.measure.as_str());
        let unknown = unknown_measure(&self.measure).filter(|_| !is_of_referral);
        let mut wrong: Vec<Wrong> =
            unknown.into_iter().map(|detail| Wrong::at("/measure", detail)).collect();
        if is_of_referral && self.stage.is_some() {
            wrong.push(Wrong::at("/stage", "is of measures: a referral has none"));
        }
        if !is_of_referral && self.stage.is_none() {
            wrong.push(Wrong::at("/stage", "is required"));
        }
        if is_of_referral && self.since.is_some() {
            wrong.push(Wrong::at("/since", "is of measures: a referral has none"));
        }
        wrong
    }

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Scored> {
        let at = |stage: &Code| number(case, self.measure.as_str(), stage.as_str());
        let value = match (&self.stage, &self.since) {
            (None, _) => of_referral(case, self.measure.as_str()),
            (Some(stage), None) => at(stage),
            (Some(stage), Some(since)) => at(since).and_then(|before| Ok(at(stage)? - before)),
        };
        Some(Scored { group: self.by.of(case), value })
    }

    fn conclude(&self, observations: &[&Scored]) -> Result<ScoresTable, TableError> {
        let mut grouped: BTreeMap<&str, Vec<Result<f64, &'static str>>> = BTreeMap::new();
        for Scored { group, value } in observations {
            grouped.entry(group).or_default().push(*value);
        }
        let numbers = |values: &[Result<f64, &'static str>]| -> Vec<f64> {
            // In one order, so that sums come out the same whichever order the cases came in.
            let mut numbers: Vec<f64> = values.iter().filter_map(|value| value.ok()).collect();
            numbers.sort_by(f64::total_cmp);
            numbers
        };
        let groups: Vec<_> = grouped.iter().collect();
        let beside = match &groups[..] {
            [(first_group, first), (second_group, second)] => Some(ScoresBeside {
                first_group: (**first_group).to_owned(),
                second_group: (**second_group).to_owned(),
                values: ValuesBeside::of(&numbers(first), &numbers(second)),
            }),
            _ => None,
        };
        let groups = groups.into_iter().map(|(name, values)| {
            let mut missing = BTreeMap::new();
            for reason in values.iter().filter_map(|value| value.err()) {
                *missing.entry(reason.to_owned()).or_default() += 1;
            }
            let values_told = Distribution::of(&numbers(values));
            let scoring = Scoring { cases: values.len() as u64, missing, values: values_told };
            ((*name).to_owned(), scoring)
        });
        Ok(ScoresTable { groups: groups.collect(), beside })
    }
}

/// How many incidents the referral tells of, or how old the person was; or why it does not.
fn of_referral(case: &EvaluatedCase<'_>, measure: &str) -> Result<f64, &'static str> {
    let told = case.each(|event| {
        let CaseEvent::ReferralReceived(facts) = event else { return None };
        let (told, missing) = if measure == AGE {
            (
                facts.age_years.map(|years| f64::from(u8::from(years))),
                facts.missing_reasons.age_years,
            )
        } else {
            let missing = facts.missing_reasons.incidents_12_months;
            (facts.incidents_12_months.map(f64::from), missing)
        };
        Some(told.ok_or(missing.map_or(NOT_RECORDED, |reason| reason.as_str())))
    });
    told.last().map_or(Err(NOT_RECORDED), |(_, told)| told)
}

/// The number of a measure at a stage, or why there is none.
fn number(case: &EvaluatedCase<'_>, measure: &str, stage: &str) -> Result<f64, &'static str> {
    let (_, measured) = case.measured(measure, stage).ok_or(NOT_RECORDED)?;
    let value = measured.map_err(CodeList::as_str)?;
    value.parse().ok().filter(|number: &f64| number.is_finite()).ok_or(NOT_A_NUMBER)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tables::testing::answered;
    use crate::testing::{Fact, attempted, fact, measured, opened};

    fn case(is_contacted: bool, from: &Value, to: &Value) -> Vec<Fact> {
        let mut facts = opened("drive", "2017-01-01");
        if is_contacted {
            facts.push(attempted("reached", "2017-01-05"));
        }
        facts.push(measured("intake", &json!({"score": from}), "2017-01-02"));
        facts.push(measured("exit", &json!({"score": to}), "2017-10-01"));
        facts
    }

    fn cases() -> Vec<Vec<Fact>> {
        let pairs = [
            (true, json!(5), json!(1)),
            (true, json!(7), json!(4)),
            (true, json!(6.5), json!({"missing": "declined"})),
            (false, json!(3), json!(8)),
            (false, json!("high"), json!(2)),
            (false, json!(2), json!(9)),
        ];
        pairs.iter().map(|(contacted, from, to)| case(*contacted, from, to)).collect()
    }

    #[test]
    fn the_numbers_of_two_groups_are_set_beside_each_other() {
        let question =
            json!({"table": "scores", "measure": "score", "stage": "intake", "by": "contacted"});
        let table = answered(question, &cases(), "2018-01-01");
        assert_eq!(table["groups"]["yes"]["values"]["mean"], json!(6.166_666_666_67));
        assert_eq!(table["groups"]["no"]["missing"], json!({"not_a_number": 1}));
        let beside = &table["beside"];
        let groups = [&beside["first_group"], &beside["second_group"]];
        assert_eq!(groups, [&json!("no"), &json!("yes")]);
        // SciPy: mannwhitneyu([3, 2], [5, 7, 6.5], method="exact").
        let test = &beside["mann_whitney"];
        assert_eq!(test["u_first"], json!(0.0));
        assert_eq!(
            [&test["mean_rank_first"], &test["mean_rank_second"]],
            [&json!(1.5), &json!(4.0)]
        );
        // -3 in deviations of sqrt(2 * 3 * 6 / 12).
        assert_eq!(test["z"], json!(-1.732_050_807_57));
        assert_eq!((&beside["mann_whitney"]["p"], &beside["shift"]), (&json!(0.2), &json!(-3.75)));
    }

    #[test]
    fn a_change_is_told_of_whoever_has_both_numbers() {
        let question = json!({
            "table": "scores", "measure": "score", "stage": "exit", "since": "intake",
            "by": "contacted",
        });
        let table = answered(question, &cases(), "2018-01-01");
        let of = |group: &str| table["groups"][group].clone();
        assert_eq!(of("yes")["values"]["count"], json!(2));
        assert_eq!(of("yes")["values"]["median"], json!(-3.5));
        assert_eq!(of("yes")["missing"], json!({"declined": 1}));
        assert_eq!(of("no")["values"]["median"], json!(6.0));
    }

    #[test]
    fn ages_are_those_at_the_referral() {
        let aged = |told: Value, is_contacted: bool| {
            let mut facts = case(is_contacted, &json!(5), &json!(5));
            let mut referral = json!({
                "person_id": uuid::Uuid::from_u128(7), "programme": "drive",
                "programme_version": 1, "role": "perpetrator", "area": "south", "source": "marac",
            });
            referral.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
            facts[0] = fact("ReferralReceived", &referral, "2017-01-01");
            facts
        };
        let cases = [
            aged(json!({"age_years": 27}), true),
            aged(json!({"age_years": 32}), false),
            aged(json!({"age_years": 36}), false),
            aged(json!({"missing_reasons": {"age_years": "declined"}}), false),
            aged(json!({}), false),
        ];
        let question = json!({"table": "scores", "measure": "age_years", "by": "contacted"});
        let table = answered(question, &cases, "2018-01-01");
        assert_eq!(table["groups"]["yes"]["values"]["median"], json!(27.0));
        assert_eq!(table["groups"]["no"]["values"]["mean"], json!(34.0));
        assert_eq!(table["groups"]["no"]["missing"], json!({"declined": 1, "not_recorded": 1}));
    }

    #[test]
    fn a_referral_has_no_stage_and_a_measure_has_one() {
        let wrong = |question: Value| -> Vec<String> {
            let question: Scores = serde_json::from_value(question).unwrap();
            question.check().into_iter().map(|wrong| wrong.pointer).collect()
        };
        assert_eq!(wrong(json!({"measure": "score", "by": "arm"})), ["/measure", "/stage"]);
        let of_referral = json!({"measure": "incidents_12_months", "stage": "intake",
            "since": "exit", "by": "arm"});
        assert_eq!(wrong(of_referral), ["/stage", "/since"]);
        assert!(wrong(json!({"measure": "incidents_12_months", "by": "arm"})).is_empty());
    }
}
