//! Whatever a definition says: it is refused with each place named, or every rule can go by it.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::programme::{
    DefineProgramme, Programme, ProgrammeError, ProgrammeHistory, Programmes, check_referral,
    contradictions,
};
use throughline_domain::recorded::Recorded;
use throughline_domain::rules::{CaseView, Rule};
use throughline_domain::time::Occurred;
use throughline_domain::two_clocks::Asked;
use uuid::Uuid;

use crate::{casework, seeded, soup};

/// Something done to a document, at a place that is picked among all there are.
#[derive(Debug, Clone)]
struct Mutation {
    at: usize,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    Remove,
    /// The value of another place.
    CopyOf(usize),
    /// An entry of a list once more, at its end.
    Again,
    Set(Value),
    /// Another number, where there is a number.
    Number(u64),
}

fn values() -> impl Strategy<Value = Value> {
    let texts = ["", " ", "intake", "exit", "a/b~c", "dara/1", "dormant/1", "own-service/1"];
    let dates = ["2013-11-01", "2014-10-01", "9999-12-31", "-009999-01-01"];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4_u8).prop_map(Value::from),
        numbers().prop_map(Value::from),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        prop::sample::select(dates.to_vec()).prop_map(Value::from),
        (1..1_100_usize).prop_map(|length| Value::from("x".repeat(length))),
        Just(json!([])),
        (1..210_usize).prop_map(|n| (0..n).map(|n| format!("entry_{n}")).collect::<Value>()),
    ]
}

fn numbers() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..40_u64,
        prop::sample::select(vec![u64::from(u16::MAX), 1 << 20, u64::from(u32::MAX), u64::MAX]),
    ]
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let change = prop_oneof![
        2 => Just(Change::Remove),
        3 => any::<usize>().prop_map(Change::CopyOf),
        2 => Just(Change::Again),
        4 => values().prop_map(Change::Set),
        4 => numbers().prop_map(Change::Number),
    ];
    let mutation = (any::<usize>(), change).prop_map(|(at, change)| Mutation { at, change });
    prop::collection::vec(mutation, 0..4)
}

/// Every place of a document but the whole.
fn places(document: &Value, at: &str, all: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match document {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (escaped(name), value)).collect()
        }
        Value::Array(entries) => {
            entries.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        places(value, &place, all);
        all.push(place);
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn mutate(document: &mut Value, Mutation { at, change }: &Mutation) {
    let mut all = Vec::new();
    places(document, "", &mut all);
    if let Change::Number(_) = change {
        all.retain(|place| document.pointer(place).is_some_and(Value::is_number));
    }
    if all.is_empty() {
        return;
    }
    let place = &all[at % all.len()];
    let value = match change {
        Change::Remove => return remove(document, place),
        Change::Again => return again(document, place),
        Change::CopyOf(other) => document.pointer(&all[other % all.len()]).unwrap().clone(),
        Change::Set(value) => value.clone(),
        Change::Number(number) => Value::from(*number),
    };
    *document.pointer_mut(place).unwrap() = value;
}

fn remove(document: &mut Value, place: &str) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    if let Some(entries) = parent.as_array_mut() {
        entries.remove(name.parse().unwrap());
    } else {
        let name = name.replace("~1", "/").replace("~0", "~");
        parent.as_object_mut().unwrap().remove(&name);
    }
}

fn again(document: &mut Value, place: &str) {
    let entry = document.pointer(place).unwrap().clone();
    let (parent, _) = place.rsplit_once('/').unwrap();
    if let Some(entries) = document.pointer_mut(parent).unwrap().as_array_mut() {
        entries.push(entry);
    }
}

/// Whether a place is in a document, or is that of a member that could be.
fn is_place_of(document: &Value, place: &str) -> bool {
    let parent = place.rsplit_once('/').map(|(parent, _)| parent);
    document.pointer(place).is_some()
        || parent.is_some_and(|parent| document.pointer(parent).is_some_and(Value::is_object))
}

proptest! {
    #![proptest_config(seeded::config(2_000))]

    #[test]
    fn a_definition_is_refused_with_its_places_or_every_rule_can_go_by_it(
        which in 0..4_usize,
        mutations in mutations(),
        history in prop_oneof![soup::histories(12), casework::histories(30)],
    ) {
        let shipped = Programmes::shipped();
        let mut document = serde_json::to_value(shipped.all().nth(which).unwrap().as_ref()).unwrap();
        for mutation in &mutations {
            mutate(&mut document, mutation);
        }
        // What has not the form of a definition is refused by whoever reads it, with its place.
        let Ok(definition) = serde_json::from_value::<Programme>(document.clone()) else {
            return Ok(());
        };
        let found = contradictions(&definition);
        for one in &found {
            prop_assert!(is_place_of(&document, &one.place), "{one:?}");
            prop_assert!(!one.kind.to_string().is_empty());
        }
        // As another programme's first, whatever else it is.
        let first = Programme { id: "own".parse().unwrap(), version: 1, ..definition.clone() };
        let decided = DefineProgramme(first.clone()).decide(&ProgrammeHistory::default());
        let refused = contradictions(&first);
        if refused.is_empty() {
            prop_assert!(matches!(decided, Ok(Some(_))), "{decided:?}");
        } else {
            prop_assert_eq!(decided, Err(ProgrammeError::Contradictions(refused)));
        }
        if !found.is_empty() {
            return Ok(());
        }
        let stored = serde_json::to_string(&definition).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Programme>(&stored).unwrap(), &definition);
        for recorded in &history {
            if let CaseEvent::ReferralReceived(facts) = &recorded.event {
                let _ = check_referral(&definition, facts, recorded.occurred);
            }
        }
        assert_every_rule_answers(&history, definition);
    }
}

/// Every rule answers of a case under a definition, and rests on facts of the case.
fn assert_every_rule_answers(history: &[Recorded<CaseEvent>], definition: Programme) {
    let programme = Arc::new(definition);
    let Some(view) = CaseView::at(history, &Asked::LATEST, |_| Some(programme)) else { return };
    let facts: BTreeSet<EventId> = view.facts.iter().map(|f| f.recorded.event_id).collect();
    for rule in Rule::all() {
        let basis = rule.ask(&view).basis;
        assert!(basis.iter().all(|event_id| facts.contains(event_id)), "{}", rule.id);
    }
}

/// An open case of which every rule has something to say.
fn an_open_case() -> Vec<Recorded<CaseEvent>> {
    let referral = json!({
        "person_id": Uuid::from_u128(7), "programme": "mrp", "programme_version": 1,
        "role": "victim_survivor", "area": "south", "source": "police",
    });
    let assessed = |level: &str| {
        json!({
            "instrument": "dara/1", "level": level, "assessor_role": "officer",
            "could_reach_high": false,
        })
    };
    let facts = [
        ("ReferralReceived", referral),
        ("ReferralAccepted", json!({})),
        ("CaseAllocated", json!({"worker": "w1"})),
        ("RiskAssessed", assessed("high")),
        ("RiskAssessed", assessed("standard")),
        ("ContactAttempted", json!({"channel": "phone", "outcome": "no_answer"})),
    ];
    let began: Timestamp = "2014-03-01T00:00:00Z".parse().unwrap();
    let recorded = facts.into_iter().zip(1_i32..).map(|((event_type, facts), n)| {
        let at = began + SignedDuration::from_hours(24 * i64::from(n));
        Recorded {
            position: Position(i64::from(n)),
            version: Version(n),
            recorded_at: at,
            event_id: EventId(Uuid::from_u128(n.unsigned_abs().into())),
            occurred: Occurred::at(at),
            event: CaseEvent::from_stored(event_type, 1, &facts.to_string()).unwrap(),
        }
    });
    recorded.collect()
}

/// A month too many for the calendar is no month, and not the end of the program.
#[test]
fn no_number_of_a_definition_is_too_large_for_a_rule() {
    let (history, mut asked) = (an_open_case(), 0);
    for shipped in Programmes::shipped().all() {
        let shipped = serde_json::to_value(shipped.as_ref()).unwrap();
        let mut all = Vec::new();
        places(&shipped, "", &mut all);
        for place in all.iter().filter(|place| shipped.pointer(place).unwrap().is_number()) {
            for number in [0, 1, 300_000, u64::from(u32::MAX)] {
                let mut document = shipped.clone();
                *document.pointer_mut(place).unwrap() = number.into();
                let read = serde_json::from_value::<Programme>(document);
                let sound = read.ok().filter(|definition| contradictions(definition).is_empty());
                if let Some(definition) = sound {
                    asked += 1;
                    assert_every_rule_answers(&history, definition);
                }
            }
        }
    }
    assert!(asked > 40, "{asked}");
}

/// The property is worth something only if mutated definitions come out both ways.
#[test]
fn a_mutated_definition_is_sometimes_sound_and_sometimes_not() {
    let shipped = Programmes::shipped();
    let (mut sound, mut broken, mut formless) = (0, 0, 0);
    for at in 0..400 {
        let mut document = serde_json::to_value(shipped.newest("drive").unwrap().as_ref()).unwrap();
        let change = if at % 2 == 0 { Change::Again } else { Change::Set(json!(1)) };
        mutate(&mut document, &Mutation { at, change });
        match serde_json::from_value::<Programme>(document) {
            Ok(definition) if contradictions(&definition).is_empty() => sound += 1,
            Ok(_) => broken += 1,
            Err(_) => formless += 1,
        }
    }
    assert!(sound > 20 && broken > 20 && formless > 20, "{sound} {broken} {formless}");
}
