//! Each contradiction is found where it is, and everything at once.

use serde_json::{Value, json};

use super::ContradictionKind as Kind;
use super::{ENTRIES_MAX, contradictions};
use crate::instrument;
use crate::programme::{Programme, Programmes};
use crate::rules::case_risk::RiskRule;

/// The shipped definition of Drive, changed at places.
fn drive(changes: &[(&str, Value)]) -> Programme {
    let shipped = Programmes::shipped();
    let mut document = serde_json::to_value(shipped.find("drive", 1).unwrap().as_ref()).unwrap();
    for (place, value) in changes {
        let (parent, member) = place.rsplit_once('/').unwrap();
        let parent = document.pointer_mut(parent).unwrap();
        if let Some(entries) = parent.as_array_mut() {
            entries[member.parse::<usize>().unwrap()] = value.clone();
        } else {
            parent.as_object_mut().unwrap().insert(member.to_owned(), value.clone());
        }
    }
    serde_json::from_value(document).unwrap()
}

fn found(changes: &[(&str, Value)]) -> Vec<(String, Kind)> {
    contradictions(&drive(changes)).into_iter().map(|one| (one.place, one.kind)).collect()
}

#[track_caller]
fn assert_found(place: &str, value: Value, at: &str, kind: Kind) {
    let found = found(&[(place, value)]);
    assert!(found.contains(&(at.to_owned(), kind)), "{place}: {found:?}");
}

#[test]
fn the_definition_under_test_is_sound() {
    assert_eq!(found(&[]), []);
}

#[test]
fn the_frame_is_checked() {
    assert_found("/version", json!(0), "/version", Kind::Zero);
    assert_found("/name", json!("  "), "/name", Kind::Empty);
    assert_found("/name", json!("x".repeat(1_001)), "/name", Kind::TooLong);
    assert_found("/areas", json!([]), "/areas", Kind::Empty);
    assert_found("/areas", json!(["a", "b", "a"]), "/areas/2", Kind::Duplicate);
    let many: Vec<String> = (0..=ENTRIES_MAX).map(|n| format!("area_{n}")).collect();
    assert_found("/areas", json!(many), "/areas", Kind::TooLong);
    assert_found("/roles", json!([]), "/roles", Kind::Empty);
    assert_found("/time_zone", json!("Mars/Olympus"), "/time_zone", Kind::UnknownTimeZone);
    assert_found("/soft_outcomes", json!(["joy"]), "/soft_outcomes/0", Kind::UnknownSoftOutcome);
    let twice =
        json!([{"id": "a", "name": "A", "kind": "home"}, {"id": "a", "name": "B", "kind": "home"}]);
    assert_found("/locations", twice, "/locations/1", Kind::Duplicate);
    assert_found("/notes", json!({"nothing": "ours"}), "/notes", Kind::UnknownMember);
}

#[test]
fn stages_and_dates_are_checked() {
    let stages = json!(["intake", "exit", "intake"]);
    assert_found("/stages", stages, "/stages/2", Kind::Duplicate);
    let place = "/reviews/at_stages/1/stage";
    assert_found(place, json!("halfway"), place, Kind::UnknownStage);
    let place = "/reviews/at_stages/1/after_months";
    assert_found(place, json!(99), place, Kind::BeyondMaximum);
    assert_found(place, json!(0), place, Kind::NotAfterPreviousStage);
    assert_found("/reviews/every_days", json!(0), "/reviews/every_days", Kind::Zero);
    assert_found("/maximum_months", json!(0), "/maximum_months", Kind::Zero);
    assert_found("/dormant_after_days", json!(0), "/dormant_after_days", Kind::Zero);
    let place = "/disengaged_after_months";
    assert_found(place, json!(11), place, Kind::BeyondMaximum);
    assert_found(place, json!(0), place, Kind::Zero);
    let unknown = json!([{"id": "crystal-ball/1"}]);
    assert_found("/instruments", unknown, "/instruments/0/id", Kind::UnknownInstrument);
    // Named once, before instruments were data, and never defined.
    let undefined = json!([{"id": "dara/1"}, {"id": "change-in-risk/1"}]);
    assert_found("/instruments", undefined, "/instruments/1/id", Kind::UnknownInstrument);
    let every: Vec<Value> = instrument::all().iter().map(|one| json!({"id": one.id})).collect();
    assert_eq!(found(&[("/instruments", json!(every))]), []);
    let stage = json!([{"id": "dara/1", "stages": ["never"]}]);
    assert_found("/instruments", stage, "/instruments/0/stages/0", Kind::UnknownStage);
}

fn criteria(version: u16, from: &str, until: Option<&str>) -> Value {
    let codes = json!([{"code": "a", "description": "A"}, {"code": "b", "description": "B"}]);
    let mut criteria = json!({
        "version": version, "in_force_from": from, "codes": codes, "any_of": ["a", "b"],
    });
    if let Some(until) = until {
        criteria["in_force_until"] = json!(until);
    }
    criteria
}

#[test]
fn criteria_follow_one_another_without_a_gap() {
    let versions = |first: Value, second: Value| ("/criteria", json!([first, second]));
    let sound =
        versions(criteria(1, "2016-01-01", Some("2017-01-01")), criteria(2, "2017-01-01", None));
    assert_eq!(found(&[sound]), []);
    let place = "/criteria/1/in_force_from";
    for (until, next, kind) in [
        (Some("2017-01-01"), "2016-12-31", Kind::Overlap),
        (None, "2017-01-01", Kind::Overlap),
        (Some("2017-01-01"), "2017-01-02", Kind::Gap),
    ] {
        let (at, value) = versions(criteria(1, "2016-01-01", until), criteria(2, next, None));
        assert_found(at, value, place, kind);
    }
    let one = |criteria: Value| json!([criteria]);
    let ends = one(criteria(1, "2016-01-01", Some("2017-01-01")));
    assert_found("/criteria", ends, "/criteria/0/in_force_until", Kind::NothingFollows);
    let backwards = one(criteria(1, "2016-01-01", Some("2015-01-01")));
    assert_found("/criteria", backwards, "/criteria/0/in_force_until", Kind::EndsBeforeItBegins);
    let late = one(criteria(1, "2030-01-01", None));
    assert_found("/criteria", late, "/criteria/0/in_force_from", Kind::BeginsTooLate);
    let third = one(criteria(3, "2016-01-01", None));
    assert_found("/criteria", third, "/criteria/0/version", Kind::NotTheNextVersion);
    assert_found("/criteria", json!([]), "/criteria", Kind::Empty);
}

#[test]
fn criteria_ask_only_for_what_they_name() {
    let with = |member: &str, value: Value| {
        let mut criteria = criteria(1, "2016-01-01", None);
        criteria[member] = value;
        json!([criteria])
    };
    for member in ["all_of", "any_of"] {
        let place = format!("/criteria/0/{member}/1");
        assert_found("/criteria", with(member, json!(["a", "c"])), &place, Kind::UnknownCriterion);
    }
    assert_found("/criteria", with("any_of", json!([])), "/criteria/0", Kind::NothingRequired);
    let place = "/criteria/0/at_least";
    assert_found("/criteria", with("at_least", json!(3)), place, Kind::MoreThanThereAre);
    assert_found("/criteria", with("at_least", json!(0)), place, Kind::Zero);
    let mut counted = with("at_least", json!(1));
    counted[0]["any_of"] = json!([]);
    assert_found("/criteria", counted, place, Kind::CountsNothing);
    assert_found("/criteria", with("codes", json!([])), "/criteria/0/codes", Kind::Empty);
}

#[test]
fn rules_and_the_trial_are_checked() {
    for place in ["/rules/engagement/rule", "/rules/repeat", "/rules/risk_level"] {
        // A rule that is there, and about something else.
        assert_found(place, json!("dormant/1"), place, Kind::UnknownRule);
    }
    for rule in RiskRule::ALL {
        let own = ("/rules/own_assessors", json!(["case_manager", "idva"]));
        assert_eq!(found(&[("/rules/risk_level", json!(rule.as_str())), own]), []);
    }
    let place = "/rules/risk_level";
    assert_found(place, json!("highest-current/1"), place, Kind::UnknownRule);
    // Nobody would be the programme's own.
    assert_found(place, json!("own-service/1"), "/rules/own_assessors", Kind::Empty);
    let place = "/rules/own_assessors";
    assert_found(place, json!(["idva", "idva"]), "/rules/own_assessors/1", Kind::Duplicate);
    let place = "/rules/engagement/engaged_from";
    assert_found(place, json!(1), place, Kind::NotAfterPreviousThreshold);
    let place = "/allocation/block_sizes/0";
    assert_found(place, json!(3), place, Kind::NotDivisibleByArms);
    assert_found(place, json!(0), place, Kind::Zero);
    assert_found("/allocation/arms", json!(["one"]), "/allocation/arms", Kind::TooFewArms);
    let place = "/allocation/method";
    assert_found(place, json!("coin/1"), place, Kind::UnknownMethod);
    assert_found("/allocation/role", json!("young_person"), "/allocation/role", Kind::UnknownRole);
    let place = "/allocation/stratified_by";
    assert_found(place, json!(["age"]), "/allocation/stratified_by/0", Kind::UnknownStratum);
    let place = "/caseload/realistic";
    assert_found(place, json!(34), place, Kind::MoreThanPlanned);
    assert_found("/caseload/planned", json!(0), "/caseload/planned", Kind::Zero);
    let place = "/sharing/0/to";
    assert_found(place, json!("young_person"), place, Kind::UnknownRole);
    assert_found(place, json!("perpetrator"), place, Kind::SameOnBothSides);
    let again = json!({"kind": "risk_change", "from": "perpetrator", "to": "victim_survivor"});
    assert_found("/sharing/2", again, "/sharing/2", Kind::Duplicate);
}

#[test]
fn closing_is_checked() {
    assert_found("/closure/reasons", json!([]), "/closure/reasons", Kind::Empty);
    let place = "/closure/reasons/0";
    assert_found(place, json!("bored"), place, Kind::UnknownClosureReason);
    let only = json!(["time_limit"]);
    let found = found(&[
        ("/closure/reasons", only),
        ("/closure/evidence_for", json!(["goals_met"])),
        ("/closure/approval_for", json!(["goals_met", "time_limit"])),
    ]);
    assert!(found.contains(&("/closure/evidence_for/0".to_owned(), Kind::ReasonNotAllowed)));
    assert!(found.contains(&("/closure/approval_for/0".to_owned(), Kind::ReasonNotAllowed)));
    let without = json!(["goals_met"]);
    assert_found("/closure/reasons", without, "/maximum_months", Kind::ProposesReasonNotAllowed);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let found = found(&[
        ("/version", json!(0)),
        ("/areas", json!([])),
        ("/rules/repeat", json!("nothing/1")),
    ]);
    let expected =
        [("/version", Kind::Zero), ("/areas", Kind::Empty), ("/rules/repeat", Kind::UnknownRule)];
    let expected: Vec<(String, Kind)> =
        expected.into_iter().map(|(place, kind)| (place.to_owned(), kind)).collect();
    assert_eq!(found, expected);
}
