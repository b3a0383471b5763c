//! Histories that no command would allow: any event, at any time, amending anything.

use jiff::SignedDuration;
use proptest::prelude::*;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{Position, Version};
use throughline_domain::recorded::{Happened, Recorded};

use crate::events::{self, event_id, hour};

#[derive(Debug, Clone)]
struct Ingredient {
    kind: &'static str,
    replacement: &'static str,
    pick: u8,
    /// Few hours, so that many things happen at once.
    happened_hour: i64,
    precision: u8,
    corrected_hour: i64,
    about: usize,
    positions_after: i64,
    micros_after: i64,
}

/// Up to `longest` events.
pub(crate) fn histories(longest: usize) -> impl Strategy<Value = Vec<Recorded<CaseEvent>>> {
    prop::collection::vec(ingredient(), 0..=longest).prop_map(|soup| continuing(&[], soup))
}

/// Up to `longest` events that come after `history`, speaking about it and about each other.
pub(crate) fn tails(
    history: Vec<Recorded<CaseEvent>>,
    longest: usize,
) -> impl Strategy<Value = (Vec<Recorded<CaseEvent>>, Vec<Recorded<CaseEvent>>)> {
    prop::collection::vec(ingredient(), 0..=longest).prop_map(move |soup| {
        let tail = continuing(&history, soup);
        (history.clone(), tail)
    })
}

/// The events as a stream gives them to the aggregate.
pub(crate) fn happened(history: &[Recorded<CaseEvent>]) -> Vec<Happened<CaseEvent>> {
    history
        .iter()
        .map(|recorded| Happened {
            event_id: recorded.event_id,
            occurred: recorded.occurred,
            event: recorded.event.clone(),
        })
        .collect()
}

/// Any type, with those that the answers are made of more often than the rest.
pub(crate) fn kinds() -> impl Strategy<Value = &'static str> {
    let every: Vec<&str> = CaseEvent::TYPES.iter().map(|(name, _)| *name).collect();
    prop_oneof![
        4 => prop::sample::select(every),
        3 => prop::sample::select(vec!["FactCorrected", "FactRetracted"]),
        2 => prop::sample::select(vec!["RiskAssessed", "ContactAttempted"]),
        2 => prop::sample::select(vec!["InformationRequested", "InformationReceived"]),
    ]
}

/// What can stand in a fact's place: any type but an amendment.
fn replacements() -> impl Strategy<Value = &'static str> {
    kinds().prop_filter("an amendment replaces no fact", |kind| {
        !["FactCorrected", "FactRetracted"].contains(kind)
    })
}

fn ingredient() -> impl Strategy<Value = Ingredient> {
    (
        (kinds(), replacements(), any::<u8>(), any::<u8>()),
        (0..40_i64, 0..40_i64, 0..40_usize, 1..4_i64, 1..5_i64),
    )
        .prop_map(
            |(
                (kind, replacement, pick, precision),
                (happened_hour, corrected_hour, about, positions_after, micros_after),
            )| Ingredient {
                kind,
                replacement,
                pick,
                happened_hour,
                precision,
                corrected_hour,
                about,
                positions_after,
                micros_after,
            },
        )
}

fn continuing(history: &[Recorded<CaseEvent>], soup: Vec<Ingredient>) -> Vec<Recorded<CaseEvent>> {
    let last = history.last();
    let mut position = last.map_or(0, |event| event.position.0);
    let mut recorded_at = last.map_or(hour(10), |event| event.recorded_at);
    // A few ids more than there are events: some things that are spoken about never come.
    let ids = history.len() + soup.len() + 3;
    let mut tail = Vec::new();
    for ingredient in soup {
        let n = history.len() + tail.len();
        position += ingredient.positions_after;
        recorded_at += SignedDuration::from_micros(ingredient.micros_after);
        let about = event_id(ingredient.about % ids);
        let event = if ingredient.kind == "FactCorrected" {
            events::corrected(
                about,
                events::event(ingredient.replacement, ingredient.pick, about),
                events::occurred(hour(ingredient.corrected_hour), ingredient.precision),
            )
        } else {
            events::event(ingredient.kind, ingredient.pick, about)
        };
        tail.push(Recorded {
            position: Position(position),
            version: Version(i32::try_from(n + 1).unwrap()),
            recorded_at,
            event_id: event_id(n),
            occurred: events::occurred(hour(ingredient.happened_hour), ingredient.precision),
            event,
        });
    }
    tail
}
