//! What was true at one date, as it was known at another.
//!
//! Every answer about the past is made here: take what had been recorded by `known_at`, let the
//! latest correction or retraction of each fact win, keep what had happened by `as_of`, and give
//! it in the order in which it happened. The folds ([`crate::case::CaseState`] and the read
//! models) only ever see the outcome.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::CaseEvent;
use crate::ids::EventId;
use crate::recorded::Recorded;
use crate::time::Occurred;

/// How corrections are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Through corrections and retractions, in the order in which things happened.
    #[default]
    Effective,
    /// As it was decided then: in the order of recording, corrections not looked through.
    Recorded,
}

impl Reading {
    /// The text exchanged.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Recorded => "recorded",
        }
    }
}

/// The two dates of a question, and how to read corrections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// What had happened by then (included).
    pub as_of: Timestamp,
    /// What had been recorded by then (included).
    pub known_at: Timestamp,
    /// How corrections are read.
    pub reading: Reading,
}

impl Asked {
    /// Everything there is, read through its corrections.
    pub const LATEST: Self =
        Self { as_of: Timestamp::MAX, known_at: Timestamp::MAX, reading: Reading::Effective };
}

/// One event as a question sees it: with the facts, the time and the marks then in force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    /// The event as it was recorded.
    pub recorded: &'a Recorded<CaseEvent>,
    /// When it happened, after correction.
    pub occurred: Occurred,
    /// What happened, after correction.
    pub event: &'a CaseEvent,
    /// The latest correction known, unless a later retraction overtook it.
    pub corrected_by: Option<EventId>,
    /// The retraction known, unless a later correction overtook it.
    pub retracted_by: Option<EventId>,
}

/// Every event in view, retracted facts among them with their mark: what a timeline shows.
///
/// `history` is one stream in the order of recording. Effective reading: facts alone, ordered by
/// `(occurred_at, position)`. Recorded reading: corrections and retractions too, in the order of
/// recording, each fact with its original content.
#[must_use]
pub fn entries<'a>(history: &'a [Recorded<CaseEvent>], asked: &Asked) -> Vec<Entry<'a>> {
    // Recording times rise with the position, so what was known is a prefix.
    debug_assert!(history.is_sorted_by_key(|e| e.recorded_at), "the log records in order");
    let known = &history[..history.partition_point(|e| e.recorded_at <= asked.known_at)];
    let amendments: HashMap<EventId, &Recorded<CaseEvent>> =
        known.iter().filter_map(|e| Some((e.event.amends()?, e))).collect();

    let mut entries: Vec<Entry<'a>> = known
        .iter()
        .filter(|e| asked.reading == Reading::Recorded || e.event.amends().is_none())
        .map(|e| entry(e, amendments.get(&e.event_id).copied(), asked.reading))
        .filter(|entry| entry.occurred.at <= asked.as_of)
        .collect();
    if asked.reading == Reading::Effective {
        entries.sort_by_key(|entry| (entry.occurred.at, entry.recorded.position));
    }
    entries
}

/// The facts in force, in the order in which a fold takes them.
pub fn facts<'a>(
    history: &'a [Recorded<CaseEvent>],
    asked: &Asked,
) -> impl Iterator<Item = Entry<'a>> {
    let reading = asked.reading;
    entries(history, asked)
        .into_iter()
        .filter(move |entry| reading == Reading::Recorded || entry.retracted_by.is_none())
}

fn entry<'a>(
    recorded: &'a Recorded<CaseEvent>,
    amendment: Option<&'a Recorded<CaseEvent>>,
    reading: Reading,
) -> Entry<'a> {
    let mut entry = Entry {
        recorded,
        occurred: recorded.occurred,
        event: &recorded.event,
        corrected_by: None,
        retracted_by: None,
    };
    let Some(amendment) = amendment else {
        return entry;
    };
    if let CaseEvent::FactCorrected(correction) = &amendment.event {
        entry.corrected_by = Some(amendment.event_id);
        if reading == Reading::Effective {
            entry.occurred = correction.occurred;
            entry.event = &correction.replacement;
        }
    } else {
        entry.retracted_by = Some(amendment.event_id);
    }
    entry
}
