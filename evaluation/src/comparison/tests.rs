//! Moved figures are laid to the cases and events that moved them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::testing::{
    Fact, attempted, case, corrected, day, event_id, history, measured, opened, retracted,
};

fn cohort() -> Cohort {
    let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "drive"});
    serde_json::from_value(cohort).unwrap()
}

fn side(as_of: &str, known_at: &str) -> Side {
    let known_at = if known_at.is_empty() { Timestamp::MAX } else { day(known_at) };
    let asked = Asked { as_of: day(as_of), known_at, ..Asked::LATEST };
    Side { cohort: cohort(), asked, position: Position(i64::MAX) }
}

fn compared(then: Side, now: Side, question: &Value, cases: &[Vec<Fact>]) -> Comparison {
    let questions = [serde_json::from_value(question.clone()).unwrap()];
    let mut comparing = Comparing::new(then, now, &questions);
    for (n, facts) in (1..).zip(cases) {
        comparing.take(case(n), &history(facts.clone()), &Programmes::shipped());
    }
    comparing.finish().unwrap()
}

fn physical() -> Value {
    json!({"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"})
}

/// Physical abuse at intake and at exit, as events 4 and 5.
fn went(from: &str, to: &str) -> Vec<Fact> {
    let mut facts = opened("drive", "2017-01-01");
    facts.push(measured("intake", &json!({"physical": from}), "2017-01-02"));
    facts.push(measured("exit", &json!({"physical": to}), "2017-10-01"));
    facts
}

fn causes(comparison: &Comparison) -> Vec<Vec<(&'static str, Cause)>> {
    let of = |case: &DifferingCase| case.events.iter().map(|e| (e.event_type, e.cause)).collect();
    comparison.cases.iter().map(of).collect()
}

#[test]
fn what_did_not_change_moves_nothing() {
    let cases = vec![went("high", "none"); 3];
    let same = side("2018-01-01", "");
    let found = compared(same.clone(), same, &physical(), &cases);
    assert_eq!((found.tables[0].moved.len(), found.tables[0].differing), (0, 0));
    assert_eq!((found.counts.moved.len(), found.cases.len()), (0, 0));
    assert_eq!(found.tables[0].then, found.tables[0].now);
}

#[test]
fn a_figure_is_laid_to_the_correction_that_moved_it() {
    let mut second = went("high", "none");
    second.push(corrected(
        5,
        measured("exit", &json!({"physical": "high"}), "2017-10-01"),
        "2018-06-01",
    ));
    let cases = [went("high", "none"), second, went("none", "none")];
    let found =
        compared(side("2018-01-01", "2018-01-01"), side("2018-01-01", ""), &physical(), &cases);
    assert_eq!(causes(&found), [[("FactCorrected", Cause::Correction)]]);
    assert_eq!(found.cases[0].case_id, case(2));
    assert_eq!(found.cases[0].events[0].amends, Some(event_id(5)));
    let stopped = found.tables[0].moved.iter().find(|f| f.pointer == "/any_use/stopped").unwrap();
    assert_eq!((&stopped.then, &stopped.now), (&Some(json!(2)), &Some(json!(1))));
    assert_eq!((&stopped.cases[..], stopped.together), (&[0][..], false));
    assert!(found.counts.moved.is_empty(), "nobody came or went");
}

#[test]
fn late_entries_retractions_and_what_happened_since_are_told_apart() {
    let mut late = opened("drive", "2017-01-01");
    late.push(attempted("reached", "2018-03-01"));
    // Recorded after the attempt of March, of the autumn before.
    late.push(attempted("reached", "2017-09-01"));
    let mut back = opened("drive", "2017-01-01");
    back.push(attempted("reached", "2017-02-01"));
    back.push(retracted(4, "2018-05-01"));
    let mut since = opened("drive", "2017-01-01");
    since.push(attempted("reached", "2018-02-01"));
    let question = json!({"table": "contacts"});
    let cases = [late, back, since];
    let known =
        compared(side("2018-01-01", "2018-01-01"), side("2018-01-01", ""), &question, &cases[..2]);
    let expected =
        [[("ContactAttempted", Cause::LateEntry)], [("FactRetracted", Cause::Retraction)]];
    assert_eq!(causes(&known), expected);
    let later = compared(side("2018-01-01", ""), side("2018-12-31", ""), &question, &cases[2..]);
    assert_eq!(causes(&later), [[("ContactAttempted", Cause::Happened)]]);
}

#[test]
fn a_fact_that_a_correction_moves_out_of_view_is_laid_to_the_correction() {
    let mut facts = opened("drive", "2017-01-01");
    facts.push(attempted("reached", "2017-02-01"));
    facts.push(corrected(4, attempted("reached", "2018-02-01"), "2018-05-01"));
    let question = json!({"table": "contacts"});
    let found =
        compared(side("2018-01-01", "2018-01-01"), side("2018-01-01", ""), &question, &[facts]);
    assert_eq!(causes(&found), [[("FactCorrected", Cause::Correction)]]);
}

/// Two cases change places: no figure moves. Where a median needs both, both are named.
#[test]
fn a_figure_that_moves_only_with_several_is_laid_to_all_of_them() {
    let worse = |facts: &mut Vec<Fact>, to: &str| {
        let replacement = measured("exit", &json!({"physical": to}), "2017-10-01");
        facts.push(corrected(5, replacement, "2018-06-01"));
    };
    let mut cases = [went("high", "none"), went("high", "high")];
    worse(&mut cases[0], "high");
    worse(&mut cases[1], "none");
    let found =
        compared(side("2018-01-01", "2018-01-01"), side("2018-01-01", ""), &physical(), &cases);
    assert_eq!((found.tables[0].moved.len(), found.tables[0].differing), (0, 2));
    assert_eq!(found.cases.len(), 2);

    let mut cases = vec![went("high", "none"); 7];
    for one in &mut cases[..3] {
        worse(one, "moderate");
    }
    let found =
        compared(side("2018-01-01", "2018-01-01"), side("2018-01-01", ""), &physical(), &cases);
    let moved = &found.tables[0].moved;
    assert!(moved.iter().any(|figure| !figure.together && figure.cases == [0, 1, 2]));
    assert!(moved.iter().all(|figure| figure.cases == [0, 1, 2]));
}

#[test]
fn a_case_that_differs_by_a_definition_has_no_event_behind_it() {
    let narrower = json!({
        "id": "all", "version": 2, "title": "All", "programme": "drive", "areas": ["essex"],
    });
    let now = Side { cohort: serde_json::from_value(narrower).unwrap(), ..side("2018-01-01", "") };
    let found = compared(side("2018-01-01", ""), now, &physical(), &[went("high", "none")]);
    assert_eq!(causes(&found), [[]]);
    let moved: Vec<&str> = found.counts.moved.iter().map(|f| f.pointer.as_str()).collect();
    assert_eq!(moved, ["/cases", "/left_out/area"]);
}

/// More than can be exchanged one at a time: the cases of an exchange that moves a figure are named.
#[test]
fn of_many_cases_a_figure_is_laid_to_those_exchanged_with_the_one_that_moved_it() {
    let contacted = |outcome: &str, corrected_to: &str| {
        let mut facts = opened("drive", "2017-01-01");
        facts.push(attempted(outcome, "2017-02-01"));
        facts.push(corrected(4, attempted(corrected_to, "2017-02-01"), "2018-05-01"));
        facts
    };
    let mut cases = vec![contacted("no_answer", "left_message"); 3_000];
    cases[234] = contacted("no_answer", "reached");
    let question = json!({"table": "contacts"});
    let found =
        compared(side("2018-01-01", "2018-01-01"), side("2018-01-01", ""), &question, &cases);
    assert_eq!(found.tables[0].differing, 3_000);
    let figure = |pointer: &str| found.tables[0].moved.iter().find(|one| one.pointer == pointer);
    let reached = figure("/reached_cases").unwrap();
    assert!(reached.together && reached.cases.contains(&234), "{reached:?}");
    assert!((2..=10).contains(&reached.cases.len()), "{reached:?}");
    assert_eq!(figure("/total/outcomes/no_answer").unwrap().cases.len(), report::CASES_MAX);
}
