//! How long people waited, in whole days of 24 hours: from the latest incident to the referral, and
//! from the referral to the decision, to the first attempt to reach them and until they were reached.
//!
//! Who has not been reached yet has waited all the same: of them the curve knows how long they have
//! not been, until the case was closed or the referral declined, or until the date asked about.
//! Attempts are those of the waiting rules (`waiting-to-attempt/1`, `waiting-to-reach/1`): what came
//! from the person counts only where it reached them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::{CodeList as _, ContactDirection, ContactOutcome};
use throughline_domain::time::days_between;

use super::group::Grouping;
use super::stated::{Curve, Distribution};
use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// What the cohort is divided by; all of it together where that is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Grouping>,
}

/// How long one person waited.
#[derive(Debug, Clone, PartialEq)]
pub struct Waited {
    group: Option<String>,
    since_incident: Result<i64, &'static str>,
    decision: Wait,
    attempt: Wait,
    reach: Wait,
}

/// Days, and whether what was waited for came then.
type Wait = (i64, bool);

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitingTable {
    /// All of the cohort.
    pub total: Waits,
    /// Each group of it, where it is divided.
    pub groups: BTreeMap<String, Waits>,
}

/// How long some people waited, in days.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Waits {
    /// The cases.
    pub cases: u64,
    /// From the latest incident to the referral, where the referral says when that was.
    pub incident_to_referral: Option<Distribution>,
    /// Of how many cases it does not, by the reason given.
    pub incident_not_told: BTreeMap<String, u64>,
    /// From the referral to the first decision to accept or decline it.
    pub referral_to_decision: TimeTo,
    /// From the referral to the first attempt.
    pub referral_to_attempt: TimeTo,
    /// From the referral until the person was first reached.
    pub referral_to_reach: TimeTo,
}

/// How long it took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeTo {
    /// Of those to whom it has happened.
    pub happened: Option<Distribution>,
    /// How many still wait, or went without.
    pub waiting: u64,
    /// Of all: Kaplan and Meier's estimate.
    pub curve: Option<Curve>,
}

const NOT_RECORDED: &str = "not_recorded";

impl Table for Waiting {
    type Observation = Waited;
    type Answer = WaitingTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Waited> {
        let referred = case.referral().received.at;
        let earliest = |found: &mut dyn Iterator<Item = Timestamp>| found.min();
        let accepted = |event: &CaseEvent| matches!(event, CaseEvent::ReferralAccepted(_));
        let declined = |event: &CaseEvent| matches!(event, CaseEvent::ReferralDeclined(_));
        let decided = earliest(&mut times(case, |event| accepted(event) || declined(event)));
        // Nobody turns any more to a person whose referral was declined for good.
        let ended = case
            .exited_at()
            .or_else(|| case.is_declined().then(|| times(case, declined).max()).flatten());
        let until = ended.unwrap_or(case.asked().as_of);
        let wait = |happened: Option<Timestamp>| -> Wait {
            // Dates known to the day or month alone can stand in the wrong order.
            (days_between(referred, happened.unwrap_or(until)).max(0), happened.is_some())
        };
        let is_ours = |direction| direction != Some(ContactDirection::Incoming);
        let attempts = || {
            let reached = |outcome| outcome == ContactOutcome::Reached;
            case.attempts()
                .map(move |(at, made)| (at, reached(made.outcome), is_ours(made.direction)))
        };
        Some(Waited {
            group: self.by.map(|by| by.of(case)),
            since_incident: since_incident(case, referred),
            decision: wait(decided),
            attempt: wait(earliest(
                &mut attempts().filter(|(_, reached, ours)| *reached || *ours).map(|(at, ..)| at),
            )),
            reach: wait(earliest(
                &mut attempts().filter(|(_, reached, _)| *reached).map(|(at, ..)| at),
            )),
        })
    }

    fn conclude(&self, observations: &[&Waited]) -> Result<WaitingTable, TableError> {
        let mut groups: BTreeMap<&str, Vec<&Waited>> = BTreeMap::new();
        for waited in observations {
            if let Some(group) = &waited.group {
                groups.entry(group).or_default().push(waited);
            }
        }
        let groups = groups.into_iter().map(|(name, waited)| (name.to_owned(), Waits::of(&waited)));
        Ok(WaitingTable { total: Waits::of(observations), groups: groups.collect() })
    }
}

fn times<'c>(
    case: &'c EvaluatedCase<'_>,
    is_meant: impl Fn(&CaseEvent) -> bool + 'c,
) -> impl Iterator<Item = Timestamp> + 'c {
    case.each(move |event| is_meant(event).then_some(())).map(|(at, ())| at)
}

/// Days from the latest incident to the referral, or the reason why they are not told.
fn since_incident(case: &EvaluatedCase<'_>, referred: Timestamp) -> Result<i64, &'static str> {
    let told = case.each(|event| {
        let CaseEvent::ReferralReceived(facts) = event else { return None };
        let missing = facts.missing_reasons.latest_incident_at;
        Some(facts.latest_incident_at.ok_or(missing.map_or(NOT_RECORDED, |why| why.as_str())))
    });
    let told = told.last().map_or(Err(NOT_RECORDED), |(_, told)| told);
    told.map(|incident| days_between(incident, referred).max(0))
}

impl Waits {
    fn of(observations: &[&Waited]) -> Self {
        let mut incident_not_told = BTreeMap::new();
        for reason in observations.iter().filter_map(|waited| waited.since_incident.err()) {
            *incident_not_told.entry(reason.to_owned()).or_default() += 1;
        }
        let told = observations.iter().filter_map(|waited| waited.since_incident.ok()).map(real);
        let time_to =
            |of: fn(&Waited) -> Wait| TimeTo::of(observations.iter().map(|waited| of(waited)));
        Self {
            cases: observations.len() as u64,
            incident_to_referral: Distribution::of(&told.collect::<Vec<_>>()),
            incident_not_told,
            referral_to_decision: time_to(|waited| waited.decision),
            referral_to_attempt: time_to(|waited| waited.attempt),
            referral_to_reach: time_to(|waited| waited.reach),
        }
    }
}

impl TimeTo {
    fn of(waits: impl Iterator<Item = Wait>) -> Self {
        let waits: Vec<(f64, bool)> = waits.map(|(days, came)| (real(days), came)).collect();
        let happened: Vec<f64> =
            waits.iter().filter(|(_, came)| *came).map(|(days, _)| *days).collect();
        Self {
            waiting: (waits.len() - happened.len()) as u64,
            happened: Distribution::of(&happened),
            curve: Curve::of(&waits),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "days are far below 2^53")]
fn real(days: i64) -> f64 {
    days as f64
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use throughline_domain::two_clocks::Asked;

    use super::*;
    use crate::tables::testing::answered;
    use crate::testing::{Fact, attempted, closed, fact, opened, referred};

    fn cases() -> Vec<Vec<Fact>> {
        // Decided on the day, tried on the 5th, reached on the 11th; the incident was 3 days before.
        let mut quick = opened("drive", "2017-01-01");
        let (CaseEvent::ReferralReceived(facts), _) = &mut quick[0] else { panic!() };
        facts.latest_incident_at = Some(crate::testing::day("2016-12-29"));
        quick.extend([attempted("no_answer", "2017-01-05"), attempted("reached", "2017-01-11")]);
        // Tried, never reached, closed after 30 days.
        let mut in_vain = opened("drive", "2017-01-01");
        in_vain.extend([attempted("no_answer", "2017-01-03"), closed("2017-01-31")]);
        // Declined after 5 days.
        let declined = vec![
            referred("drive", "2017-01-01"),
            fact("ReferralDeclined", &json!({"reason": "out_of_area"}), "2017-01-06"),
        ];
        // Turned to the service in vain: no attempt of the service. Waits until the date asked.
        let mut called = vec![referred("drive", "2017-01-01")];
        let call = json!({"channel": "phone", "outcome": "left_message", "direction": "incoming"});
        called.push(fact("ContactAttempted", &call, "2017-01-02"));
        vec![quick, in_vain, declined, called]
    }

    fn days(values: &Value) -> Value {
        json!([values["count"], values["min"], values["median"], values["max"]])
    }

    #[test]
    fn each_wait_ends_with_what_was_waited_for() {
        let table = &answered(json!({"table": "waiting"}), &cases(), "2017-02-10")["total"];
        assert_eq!(days(&table["incident_to_referral"]), json!([1, 3.0, 3.0, 3.0]));
        assert_eq!(table["incident_not_told"], json!({"not_recorded": 3}));
        let decision = &table["referral_to_decision"];
        assert_eq!(days(&decision["happened"]), json!([3, 0.0, 0.0, 5.0]));
        assert_eq!(decision["waiting"], json!(1));
        let attempt = &table["referral_to_attempt"];
        assert_eq!(days(&attempt["happened"]), json!([2, 2.0, 3.0, 4.0]));
        assert_eq!(days(&table["referral_to_reach"]["happened"]), json!([1, 10.0, 10.0, 10.0]));
    }

    /// At risk: 4 from the start; the declined one leaves at day 5; at day 10 one of three is reached;
    /// the closed one leaves at day 30, the last is still there on day 40.
    #[test]
    fn who_was_not_reached_counts_for_as_long_as_they_were_not() {
        let table = answered(json!({"table": "waiting"}), &cases(), "2017-02-10");
        let curve = &table["total"]["referral_to_reach"]["curve"];
        let steps: Vec<Value> = curve["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| json!([step["time"], step["at_risk"], step["events"], step["censored"]]))
            .collect();
        let expected = json!([[5.0, 4, 0, 1], [10.0, 3, 1, 0], [30.0, 2, 0, 1], [40.0, 1, 0, 1]]);
        assert_eq!(json!(steps), expected);
        assert_eq!(curve["steps"][1]["survival"], json!(0.666_666_666_667));
        assert_eq!((&curve["median"], &curve["events"]), (&Value::Null, &json!(1)));
    }

    #[test]
    fn groups_wait_apart_and_an_empty_cohort_has_no_wait() {
        let question = json!({"table": "waiting", "by": "contacted"});
        let table = answered(question.clone(), &cases(), "2017-02-10");
        assert_eq!(table["groups"]["yes"]["cases"], json!(1));
        assert_eq!(table["groups"]["yes"]["referral_to_reach"]["curve"]["median"], json!(10.0));
        assert_eq!(table["groups"]["no"]["referral_to_reach"]["happened"], Value::Null);
        let table = answered(question, &[], "2017-02-10");
        assert_eq!(table["total"]["referral_to_reach"]["curve"], Value::Null);
        assert_eq!(table["groups"], json!({}));
    }

    /// The table and the rule say the same of a case that is still worked on.
    #[test]
    fn a_wait_is_that_of_the_rule() {
        use throughline_domain::programme::Programmes;
        use throughline_domain::rules::{Rule, Value as Said};
        let asked = Asked { as_of: crate::testing::day("2017-01-09"), ..Asked::LATEST };
        for facts in cases() {
            let history = crate::testing::history(facts);
            let case = EvaluatedCase::at(&history, &asked, |referral| {
                Programmes::shipped().of_referral(referral)
            });
            let Some(case) = case.filter(|case| !case.is_declined()) else { continue };
            let waited = Waiting::default().observe(&case).unwrap();
            let says = |rule| Rule::find(rule).unwrap().ask(case.view()).value;
            assert_eq!(says("waiting-to-attempt/1"), Said::Days(waited.attempt.0));
            assert_eq!(says("waiting-to-reach/1"), Said::Days(waited.reach.0));
        }
    }
}
