//! Each table of one small cohort, whole.

use serde_json::{Value, json};

use super::testing;
use crate::testing::{
    Fact, assessed, attempted, closed, fact, measured, opened, referred, retracted,
};

/// Four cases: one reached, measured twice and closed; one tried in vain; one declined; one that
/// waits. What was retracted counts nowhere.
fn cases() -> Vec<Vec<Fact>> {
    let mut reached = opened("drive", "2017-01-01");
    reached.extend([
        attempted("no_answer", "2017-01-05"),
        attempted("reached", "2017-01-10"),
        fact(
            "ContactAttempted",
            &json!({"channel": "home_visit", "outcome": "reached", "duration_min": 40,
                    "purpose": "behaviour_change"}),
            "2017-02-01",
        ),
        fact(
            "AgencyActionRecorded",
            &json!({"agency": "police", "action": "joint_meeting", "work": "indirect",
                    "purpose": "disruption"}),
            "2017-02-02",
        ),
        fact("SupportProvided", &json!({"kind": "practical", "need": "housing"}), "2017-02-03"),
        fact("SupportProvided", &json!({"kind": "practical", "need": "housing"}), "2017-02-04"),
        measured(
            "intake",
            &json!({"physical": "high", "sexual": {"missing": "declined"}}),
            "2017-01-10",
        ),
        measured("exit", &json!({"physical": "none"}), "2017-10-01"),
        assessed("high", Some("intake"), "2017-01-10"),
        closed("2017-10-02"),
    ]);
    let mut in_vain = opened("drive", "2017-01-01");
    in_vain.extend([attempted("no_answer", "2017-01-06"), attempted("reached", "2017-01-07")]);
    in_vain.push(retracted(5, "2017-01-08"));
    let declined = vec![
        referred("drive", "2017-01-01"),
        fact("ReferralDeclined", &json!({"reason": "out_of_area"}), "2017-01-03"),
    ];
    let waiting =
        vec![referred("drive", "2017-01-01"), fact("ReferralWaitlisted", &json!({}), "2017-01-03")];
    vec![reached, in_vain, declined, waiting]
}

fn answered(question: Value) -> Value {
    testing::answered(question, &cases(), "2018-01-01")
}

#[test]
fn what_became_of_the_referrals() {
    let table = answered(json!({"table": "referrals", "by": "area"}));
    let expected = json!({
        "referred": 4, "percent": 100.0, "accepted": 2, "declined": 1, "waiting": 1,
        "undecided": 0, "decline_reasons": {"out_of_area": 1},
    });
    assert_eq!(table, json!({"total": expected, "groups": {"south": expected}}));
}

#[test]
fn how_far_cases_came_and_why_they_ended() {
    let table = answered(json!({"table": "attrition"}));
    let step = |cases: u64, percent: f64| json!({"cases": cases, "percent": percent});
    let expected = json!({
        "steps": {
            "referred": step(4, 100.0), "accepted": step(2, 50.0), "allocated": step(2, 50.0),
            "attempted": step(2, 50.0), "reached": step(1, 25.0), "closed": step(1, 25.0),
        },
        "closure_reasons": {"goals_met": 1},
    });
    assert_eq!(table, expected);
}

#[test]
fn what_a_rule_says() {
    let table = answered(json!({"table": "rule", "rule": "mrp-engagement/1"}));
    let expected = json!({
        "cases": 4,
        "answers": {
            "none": {"cases": 3, "percent": 75.0}, "sporadic": {"cases": 1, "percent": 25.0},
        },
    });
    assert_eq!(table, expected);
}

#[test]
fn attempts_by_channel_and_by_what_came_of_them() {
    let table = answered(json!({"table": "contacts"}));
    let phone = json!({
        "attempts": 3, "reached": 1, "cases": 2, "minutes": 0,
        "outcomes": {"no_answer": 2, "reached": 1},
    });
    let home_visit = json!({
        "attempts": 1, "reached": 1, "cases": 1, "minutes": 40, "outcomes": {"reached": 1},
    });
    let total = json!({
        "attempts": 4, "reached": 2, "cases": 2, "minutes": 40,
        "outcomes": {"no_answer": 2, "reached": 2},
    });
    let expected = json!({
        "cases": 4, "attempted_cases": 2, "reached_cases": 1, "total": total,
        "channels": {"phone": &phone, "home_visit": &home_visit},
        "purposes": {"not_said": phone, "behaviour_change": home_visit},
    });
    assert_eq!(table, expected);
}

#[test]
fn work_with_agencies_and_support_by_need() {
    let once = json!({"recorded": 1, "cases": 1});
    let expected = json!({
        "cases": 4, "total": once, "first": {"police": once},
        "second": {"police": {"indirect": once}}, "third": {"indirect": {"disruption": once}},
    });
    assert_eq!(answered(json!({"table": "agency_work"})), expected);
    let twice = json!({"recorded": 2, "cases": 1});
    let expected = json!({
        "cases": 4, "total": twice, "first": {"housing": twice},
        "second": {"housing": {"practical": twice}},
        "third": {"practical": {"not_said": twice}},
    });
    assert_eq!(answered(json!({"table": "support"})), expected);
}

#[test]
fn how_complete_the_record_is() {
    let question = json!({
        "table": "completeness", "measures": ["physical", "sexual", "risk_level"],
        "stages": ["intake"],
    });
    let table = answered(question);
    let one = |missing: Value| json!({"intake": {"expected": 4, "recorded": 1, "percent": 25.0, "missing": missing}});
    let sexual = json!({
        "expected": 4, "recorded": 0, "percent": 0.0,
        "missing": {"declined": 1, "not_recorded": 3},
    });
    let expected = json!({
        "physical": one(json!({"not_recorded": 3})), "sexual": {"intake": sexual},
        "risk_level": one(json!({"not_recorded": 3})),
    });
    assert_eq!(table["measures"], expected);
    let workers = json!({
        "w1": {"expected": 6, "recorded": 2, "percent": 33.333_333_333_3,
               "missing": {"declined": 1, "not_recorded": 3}},
        "none": {"expected": 6, "recorded": 0, "percent": 0.0, "missing": {"not_recorded": 6}},
    });
    assert_eq!(table["workers"], workers);
}

#[test]
fn how_risk_went() {
    let mut up_and_down = opened("drive", "2017-01-01");
    up_and_down.extend([
        assessed("medium", None, "2017-01-02"),
        assessed("high", None, "2017-01-12"),
        assessed("standard", None, "2017-02-01"),
    ]);
    let table = testing::answered(json!({"table": "trajectory"}), &[up_and_down], "2017-02-11");
    let expected = json!({
        "cases": 1, "assessed": 1, "days": {"medium": 10.0, "high": 20.0, "standard": 10.0},
        "moves": {"medium": {"high": 1}, "high": {"standard": 1}},
        "first": {"medium": 1}, "last": {"standard": 1},
        "fell": 1, "rose_before_they_fell": 1, "rose": 0, "sustained": 0,
    });
    assert_eq!(table, expected);
}

#[test]
fn incidents_are_counted_around_a_separation() {
    let incident = |date: &str| fact("IncidentReported", &json!({"kind": "crime"}), date);
    let moved = |reason: &str, date: &str| {
        fact("PlacementChanged", &json!({"kind": "home", "from": "h1", "reason": reason}), date)
    };
    let mut case = opened("drive", "2017-01-01");
    case.extend([
        moved("repairs", "2017-02-01"),
        moved("separation", "2017-06-01"),
        incident("2017-05-15"),
        incident("2017-06-02"),
        incident("2017-06-20"),
        incident("2017-09-01"),
    ]);
    let question = json!({
        "table": "incidents", "around": "separation", "months_before": 2, "months_after": 2,
        "step_months": 1,
    });
    let cases = [case, opened("drive", "2017-01-01")];
    let table = testing::answered(question, &cases, "2018-01-01");
    assert_eq!(table["cases"], json!(1));
    let counts = ["-2", "-1", "0", "1"].map(|n| table["series"][n]["incidents"].clone());
    assert_eq!(counts, [json!(0), json!(1), json!(2), json!(0)]);
    let total = [&table["total"]["before"], &table["total"]["after"]];
    assert_eq!(total.map(|rate| rate["incidents"].clone()), [json!(1), json!(2)]);
}

/// 365.25 days make a year: 1461 days make four.
#[test]
fn incidents_are_counted_per_person_year() {
    let incident = |kind: &str, date: &str| fact("IncidentReported", &json!({"kind": kind}), date);
    let mut case = opened("drive", "2017-01-01");
    case.extend([
        incident("crime", "2015-12-31"),
        incident("crime", "2016-01-01"),
        incident("domestic_incident", "2016-12-31"),
        incident("crime", "2017-01-01"),
        incident("crime", "2020-12-31"),
        incident("crime", "2021-01-01"),
    ]);
    let question = json!({"table": "incidents", "months_before": 12, "step_months": 12});
    let table = testing::answered(question, &[case], "2021-01-01");
    // SciPy: chi2.ppf for the rates; beta.ppf and binomtest for their ratio.
    let before = json!({
        "incidents": 2, "person_years": 1.002_053_388_09, "rate": 1.995_901_639_34,
        "between": {"lower": 0.241_712_948_055, "upper": 7.209_882_979_88},
    });
    let after = json!({
        "incidents": 2, "person_years": 4.0, "rate": 0.5,
        "between": {"lower": 0.060_552_319_636, "upper": 1.806_171_916_93},
    });
    let ratio = json!({
        "estimate": 0.250_513_347_023, "p": 0.181_304_640_374,
        "between": {"lower": 0.018_158_448_330_6, "upper": 3.456_073_773_15},
    });
    assert_eq!(table["total"], json!({"before": before, "after": after, "ratio": ratio}));
    assert_eq!(table["kinds"]["crime"]["before"]["incidents"], json!(1));
    assert_eq!(table["police_outcomes"]["not_said"], table["total"]);
    let per_case = json!({
        "before": {"2": 1}, "after": {"2": 1}, "fewer": 1, "as_many": 0, "more": 0,
    });
    assert_eq!(table["per_case"], per_case);
    let series = table["series"].as_object().unwrap();
    let counts: Vec<_> = series.iter().map(|(n, rate)| (n.as_str(), &rate["incidents"])).collect();
    let expected = [("-12", 2), ("0", 1), ("12", 0), ("24", 0), ("36", 1)];
    let mut expected = expected.map(|(n, count)| (n, json!(count)));
    expected.sort_by_key(|(n, _)| *n);
    assert_eq!(counts, expected.iter().map(|(n, count)| (*n, count)).collect::<Vec<_>>());
}
