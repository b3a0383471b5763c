//! Overrides, each worked out by hand.

use serde_json::{Value, json};
use throughline_domain::two_clocks::Asked;

use super::*;
use crate::testing::{
    Fact, allocated, case, corrected, day, event_id, fact, history, opened, retracted,
};

/// A case of three events, opened on 1 March 2014, whose fourth calls every channel unsafe.
fn a_case_with_a_plan(more: &[Fact]) -> Vec<Fact> {
    let mut facts = opened("mrp", "2014-03-01");
    facts.push(plan("unsafe", "2014-03-02"));
    facts.extend_from_slice(more);
    facts
}

fn plan(otherwise: &str, date: &str) -> Fact {
    fact("SafeContactPlanSet", &json!({"otherwise": otherwise}), date)
}

fn held(date: &str) -> Fact {
    fact("ContactHeld", &json!({"reason": "not_safe"}), date)
}

fn attempt(more: &Value, date: &str) -> Fact {
    let mut facts = json!({"channel": "phone", "outcome": "reached"});
    facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fact("ContactAttempted", &facts, date)
}

fn overridden(date: &str) -> Fact {
    attempt(&json!({"override_reason": "person_asked"}), date)
}

fn at(as_of: &str, known_at: &str) -> Asked {
    Asked { as_of: day(as_of), known_at: day(known_at), ..Asked::LATEST }
}

fn rows_at(facts: &[Fact], asked: &Asked) -> Vec<OverrideRow> {
    overrides(case(1), &history(facts.to_vec()), asked)
}

/// What spoke against each override.
fn objections(facts: &[Fact], asked: &Asked) -> Vec<Option<Unsafe>> {
    rows_at(facts, asked).into_iter().map(|row| row.objection).collect()
}

const BY_PLAN: fn(u128) -> Option<Unsafe> = |n| Some(Unsafe::ByPlan { plan: event_id(n) });

#[test]
fn an_override_says_who_had_the_case_then_and_what_spoke_against_it() {
    let facts = a_case_with_a_plan(&[
        attempt(&json!({"channel": "letter"}), "2014-03-03"), // Without a reason: no override.
        overridden("2014-03-04"),                             // 6
        held("2014-03-05"),
        overridden("2014-03-06"), // 8
        allocated("w2", "2014-03-07"),
    ]);
    let rows = rows_at(&facts, &Asked::LATEST);
    let (first, second) = (&rows[0], &rows[1]);
    assert_eq!(rows.len(), 2);
    assert_eq!((first.event_id, first.objection), (event_id(6), BY_PLAN(4)));
    assert_eq!(first.worker.as_ref().map(Code::as_str), Some("w1"));
    assert_eq!(first.reason, ContactOverrideReason::PersonAsked);
    let on_hold = Some(Unsafe::OnHold { hold: event_id(7) });
    assert_eq!((second.event_id, second.objection), (event_id(8), on_hold));
    assert_eq!(second.worker.as_ref().map(Code::as_str), Some("w1"));
}

#[test]
fn an_override_counts_though_what_spoke_against_it_was_taken_back() {
    let facts = a_case_with_a_plan(&[overridden("2014-03-04"), retracted(4, "2014-03-10")]);
    assert_eq!(objections(&facts, &at("2014-12-31", "2014-03-09")), [BY_PLAN(4)]);
    assert_eq!(objections(&facts, &at("2014-12-31", "2014-03-10")), [None]);
    let facts = a_case_with_a_plan(&[overridden("2014-03-04"), retracted(5, "2014-03-10")]);
    assert!(objections(&facts, &Asked::LATEST).is_empty());
}

#[test]
fn an_attempt_corrected_to_an_incoming_one_was_not_spoken_against() {
    let incoming = json!({"direction": "incoming", "override_reason": "made_in_error"});
    let facts = a_case_with_a_plan(&[
        overridden("2014-03-04"),
        corrected(5, attempt(&incoming, "2014-03-04"), "2014-03-10"),
    ]);
    assert_eq!(objections(&facts, &Asked::LATEST), [None]);
}

#[test]
fn before_a_referral_is_in_view_there_are_none() {
    let facts = a_case_with_a_plan(&[overridden("2014-03-04")]);
    assert!(objections(&facts, &at("2014-02-01", "2015-01-01")).is_empty());
    assert!(objections(&facts, &at("2014-03-03", "2015-01-01")).is_empty());
}

#[test]
fn pages_go_from_the_newest_to_the_oldest_without_gap_or_overlap() {
    let facts = a_case_with_a_plan(
        &["04", "06", "05", "06"].map(|date| overridden(&format!("2014-03-{date}"))),
    );
    let rows = rows_at(&facts, &Asked::LATEST);
    let (from, to) = (Some(day("2014-03-05")), Some(day("2014-03-07")));
    let page = |question: Question| {
        let mut answer = Answer::new(question);
        for row in &rows {
            answer.take(row.clone());
        }
        answer.finish()
    };
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = page(Question { from, to, after, limit: 2 });
        after = page.rows.last().map(OverrideRow::key);
        paged.extend(page.rows.into_iter().map(|row| row.event_id));
        if !page.more {
            break;
        }
    }
    assert_eq!(paged, [8, 6, 7].map(event_id));
}
