//! A cohort of 48 closed cases, rebuilt so that the published tables come out of it.
//!
//! Only the counts are published. Which case has which pair of values, and everything else about a
//! case, is dealt out by fixed strides.

use anyhow::ensure;
use jiff::civil::date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use throughline_domain::code_lists::{CodeList as _, MissingReason};
use throughline_domain::time::Precision;

use super::id;
use super::lines::{Fact, Lines};

/// Severity stands for use, where only use is published.
const USED: &str = "moderate";
const NOT_USED: &str = "none";

const AREAS: [&str; 3] = ["essex", "south_wales", "west_sussex"];

/// Days from the referral.
const ACCEPTED: i64 = 1;
const ALLOCATED: i64 = 2;
const INTAKE: i64 = 14;
const CONTACT: i64 = 21;
const EXIT: i64 = 300;
const CLOSED: i64 = 304;

#[derive(Deserialize)]
struct Tables {
    drive_year1_2017: Drive,
}

#[derive(Deserialize)]
struct Drive {
    physical_severity_intake_to_exit: Severity,
    sexual_any_use: AnyUse,
    contacted: usize,
    not_contacted: usize,
}

#[derive(Deserialize)]
struct Severity {
    levels: Vec<String>,
    matrix_rows_intake: Vec<Vec<usize>>,
    pairs: usize,
    missing: usize,
}

#[derive(Deserialize)]
struct AnyUse {
    pairs: usize,
    used_intake: usize,
    used_exit: usize,
    stopped: usize,
    began: usize,
}

/// What was measured of one kind of abuse, at intake and at exit. `None`: not recorded.
#[derive(Debug, Clone, PartialEq)]
struct Pair {
    intake: Option<Value>,
    exit: Option<Value>,
}

/// Tells the cohort as lines of history.
pub(super) fn tell(lines: &mut Lines) -> anyhow::Result<()> {
    let Tables { drive_year1_2017: drive } =
        serde_json::from_str(include_str!("../../demo/published-tables.json"))?;
    let cases = drive.contacted + drive.not_contacted;
    let physical = padded(drive.physical_severity_intake_to_exit.pairs()?, cases);
    let sexual = padded(drive.sexual_any_use.pairs()?, cases);
    for number in 0..cases {
        // Strides that share no factor with 48 visit every place once.
        let measured =
            Measured { physical: &physical[number], sexual: &sexual[number * 7 % cases] };
        let is_contacted = number * 5 % cases < drive.contacted;
        tell_case(lines, number, &measured, is_contacted);
    }
    Ok(())
}

struct Measured<'a> {
    physical: &'a Pair,
    sexual: &'a Pair,
}

impl Severity {
    fn pairs(&self) -> anyhow::Result<Vec<Pair>> {
        let mut pairs = Vec::new();
        for (intake, row) in self.levels.iter().zip(&self.matrix_rows_intake) {
            for (exit, count) in self.levels.iter().zip(row) {
                let pair = Pair { intake: Some(json!(intake)), exit: Some(json!(exit)) };
                pairs.extend(std::iter::repeat_n(pair, *count));
            }
        }
        ensure!(pairs.len() == self.pairs, "the matrix does not come to its pairs");
        ensure!(self.missing > 0, "some pairs are missing");
        Ok(pairs)
    }
}

impl AnyUse {
    fn pairs(&self) -> anyhow::Result<Vec<Pair>> {
        let both = self.used_intake.checked_sub(self.stopped);
        let both = both.filter(|both| both + self.began == self.used_exit);
        let some = both.map(|both| both + self.stopped + self.began);
        let neither = some.and_then(|some| self.pairs.checked_sub(some));
        let (Some(both), Some(neither)) = (both, neither) else {
            anyhow::bail!("the counts of use contradict one another");
        };
        let kinds = [
            (USED, USED, both),
            (USED, NOT_USED, self.stopped),
            (NOT_USED, USED, self.began),
            (NOT_USED, NOT_USED, neither),
        ];
        let pairs = kinds.into_iter().flat_map(|(intake, exit, count)| {
            let pair = Pair { intake: Some(json!(intake)), exit: Some(json!(exit)) };
            std::iter::repeat_n(pair, count)
        });
        Ok(pairs.collect())
    }
}

/// The pairs, and for the rest of the cases missing values, for each reason in turn and for none.
fn padded(mut pairs: Vec<Pair>, cases: usize) -> Vec<Pair> {
    let reasons = MissingReason::ALL.iter().map(|reason| Some(json!({"missing": reason.as_str()})));
    let missing: Vec<Option<Value>> = reasons.chain([None]).collect();
    let missing = missing.iter().cycle();
    let rest = cases.saturating_sub(pairs.len());
    let rest = missing.take(rest).map(|value| Pair { intake: value.clone(), exit: value.clone() });
    pairs.extend(rest.collect::<Vec<_>>());
    pairs
}

fn tell_case(lines: &mut Lines, number: usize, measured: &Measured<'_>, is_contacted: bool) {
    let name = format!("drive-{:02}", number + 1);
    let case = id(&format!("case/{name}"));
    let area = AREAS[number % AREAS.len()];
    let worker = format!("drive-{}", area.replace('_', "-"));
    let person = id(&format!("person/{name}"));
    let mut facts = vec![
        (
            0,
            "ReferralReceived",
            json!({
                "person_id": person, "programme": "drive", "role": "perpetrator", "area": area,
                "source": "marac",
            }),
        ),
        (ACCEPTED, "ReferralAccepted", json!({})),
        (ALLOCATED, "CaseAllocated", json!({"worker": worker})),
    ];
    let Measured { physical, sexual } = measured;
    facts.extend(measure("intake", INTAKE, [&physical.intake, &sexual.intake]));
    if is_contacted {
        let contact = json!({"channel": "face_to_face", "outcome": "reached"});
        facts.push((CONTACT, "ContactAttempted", contact));
    }
    facts.extend(measure("exit", EXIT, [&physical.exit, &sexual.exit]));
    facts.push((CLOSED, "CaseClosed", json!({"reason": "time_limit"})));
    for (place, (day, event_type, data)) in facts.into_iter().enumerate() {
        let occurred_at = day_of(number, day);
        let data = data.as_object().cloned().unwrap_or_default();
        let fact = Fact::new(case, place, event_type, occurred_at, Precision::Day, data);
        lines.push(Fact { actor: worker.clone(), ..fact });
    }
}

/// The measure of a stage, of physical and of sexual abuse; none where neither was recorded.
fn measure(
    stage: &str,
    day: i64,
    values: [&Option<Value>; 2],
) -> Option<(i64, &'static str, Value)> {
    let values: Map<String, Value> = ["physical", "sexual"]
        .into_iter()
        .zip(values)
        .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
        .collect();
    let data = json!({
        "instrument": "abuse-severity/1", "stage": stage, "values": values,
        "recorded_by": "case_manager",
    });
    (!values.is_empty()).then_some((day, "MeasureRecorded", data))
}

/// One referral a day from 4 April 2016: the last case closes before the end of April 2017.
fn day_of(number: usize, day: i64) -> Timestamp {
    let first = date(2016, 4, 4).at(0, 0, 0, 0);
    let first = Offset::UTC.to_timestamp(first).unwrap_or(Timestamp::UNIX_EPOCH);
    let days = i64::try_from(number).unwrap_or(0) + day;
    first + SignedDuration::from_hours(24 * days)
}

#[cfg(test)]
mod tests {
    use throughline_domain::case::record_measure::MeasureValue;
    use throughline_domain::case::{CaseEvent, CaseState, CaseStatus};
    use throughline_domain::code::Code;
    use throughline_domain::recorded::Recorded;
    use throughline_domain::two_clocks::Asked;

    use super::*;
    use crate::demo::tests::decided_of;

    async fn cohort() -> Vec<Vec<Recorded<CaseEvent>>> {
        let is_drive = |history: &Vec<Recorded<CaseEvent>>| {
            let state = CaseState::at(history, &Asked::LATEST);
            state.referral.unwrap().programme.as_str() == "drive"
        };
        let text = crate::demo::history().unwrap();
        decided_of(&text).await.into_values().filter(is_drive).collect()
    }

    fn value(history: &[Recorded<CaseEvent>], stage: &str, key: &str) -> Option<MeasureValue> {
        let key: Code = key.parse().unwrap();
        history.iter().find_map(|recorded| {
            let CaseEvent::MeasureRecorded(facts) = &recorded.event else {
                return None;
            };
            (facts.stage.as_str() == stage).then(|| facts.values.get(&key).cloned())?
        })
    }

    fn pairs(cohort: &[Vec<Recorded<CaseEvent>>], key: &str) -> Vec<(String, String)> {
        let code = |value| match value {
            Some(MeasureValue::Code(code)) => Some(code.to_string()),
            _ => None,
        };
        cohort
            .iter()
            .filter_map(|case| {
                Some((code(value(case, "intake", key))?, code(value(case, "exit", key))?))
            })
            .collect()
    }

    #[tokio::test]
    async fn physical_abuse_comes_out_as_published() {
        let pairs = pairs(&cohort().await, "physical");
        assert_eq!(pairs.len(), 34);
        let levels = ["none", "standard", "moderate", "high"];
        let matrix = levels.map(|intake| {
            levels.map(|exit| {
                pairs.iter().filter(|(a, b)| (a.as_str(), b.as_str()) == (intake, exit)).count()
            })
        });
        assert_eq!(matrix, [[6, 0, 0, 0], [0, 1, 0, 0], [0, 0, 3, 2], [6, 0, 0, 16]]);
    }

    #[tokio::test]
    async fn sexual_abuse_comes_out_as_published() {
        let pairs = pairs(&cohort().await, "sexual");
        let uses: Vec<(bool, bool)> =
            pairs.iter().map(|(intake, exit)| (intake != "none", exit != "none")).collect();
        let count = |pair| uses.iter().filter(|one| **one == pair).count();
        assert_eq!(uses.len(), 29);
        assert_eq!((count((true, true)), count((true, false))), (4, 3));
        assert_eq!((count((false, true)), count((false, false))), (1, 21));
    }

    #[tokio::test]
    async fn every_kind_of_missing_value_is_there() {
        let cohort = cohort().await;
        for key in ["physical", "sexual"] {
            let at_exit: Vec<_> = cohort.iter().map(|case| value(case, "exit", key)).collect();
            for reason in MissingReason::ALL {
                let missing = Some(MeasureValue::Missing { missing: *reason });
                assert!(at_exit.contains(&missing), "{key}: {reason}");
            }
            assert!(at_exit.contains(&None), "{key}");
        }
    }

    #[tokio::test]
    async fn the_cases_are_closed_and_19_of_48_were_reached() {
        let states = cohort().await;
        let states = states.iter().map(|case| CaseState::at(case, &Asked::LATEST));
        let states: Vec<CaseState> = states.collect();
        assert_eq!(states.len(), 48);
        assert!(states.iter().all(|state| state.status == CaseStatus::Closed));
        assert_eq!(states.iter().filter(|state| state.contacts.reached > 0).count(), 19);
    }
}
