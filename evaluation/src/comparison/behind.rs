//! The events of one case that one side has in view otherwise than the other, and why.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{EventId, Position};
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{Asked, Entry, entries};

/// Why the two sides see an event otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It had happened by both dates, and one side did not know it yet.
    LateEntry,
    /// It happened between the two dates.
    Happened,
    /// It corrects a fact, and one side did not know it yet.
    Correction,
    /// It takes a fact back, and one side did not know it yet.
    Retraction,
}

impl Cause {
    /// The text exchanged.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LateEntry => "late_entry",
            Self::Happened => "happened",
            Self::Correction => "correction",
            Self::Retraction => "retraction",
        }
    }
}

/// An event behind a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub event_type: &'static str,
    /// The fact that it amends, if it is a correction or a retraction.
    pub amends: Option<EventId>,
    /// When it happened, as it was recorded.
    pub occurred_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Why it is not the same to both sides.
    pub cause: Cause,
}

type Seen<'a> = (&'a [Recorded<CaseEvent>], &'a Asked);

/// The events, in the order of recording.
pub(super) fn events(then: Seen<'_>, now: Seen<'_>) -> Vec<Behind> {
    let earlier_as_of = then.1.as_of.min(now.1.as_of);
    let (at_then, at_now) = (in_view(then), in_view(now));
    // Either history is the beginning of the other.
    let whole = if then.0.len() > now.0.len() { then.0 } else { now.0 };
    let by_id: HashMap<EventId, &Recorded<CaseEvent>> =
        whole.iter().map(|event| (event.event_id, event)).collect();
    let knows = |(history, asked): Seen<'_>, event: &Recorded<CaseEvent>| {
        let known = history.last().is_some_and(|last| last.position >= event.position);
        known && event.recorded_at <= asked.known_at
    };

    let mut found: BTreeMap<Position, Behind> = BTreeMap::new();
    for event in whole {
        let (seen_then, seen_now) = (at_then.get(&event.position), at_now.get(&event.position));
        let marks = |seen: Option<&Entry<'_>>, asked: Seen<'_>| match seen {
            Some(entry) => [entry.corrected_by, entry.retracted_by],
            None => marks_of(event, asked),
        };
        let (marks_then, marks_now) = (marks(seen_then, then), marks(seen_now, now));
        let amending = [0, 1].map(|mark| {
            let differ = marks_then[mark] != marks_now[mark];
            // A mark that one side lacks is known to the other; of two, the later one decides.
            let one = [marks_then[mark], marks_now[mark]].into_iter().flatten();
            one.filter_map(|id| by_id.get(&id)).max_by_key(|e| e.position).filter(|_| differ)
        });
        for amendment in amending.into_iter().flatten() {
            found.insert(amendment.position, behind(amendment, cause_of(amendment)));
        }
        let is_amended = amending.iter().any(Option::is_some);
        if seen_then.is_some() != seen_now.is_some() && !is_amended {
            let known_to_both = knows(then, event) && knows(now, event);
            let late = !known_to_both
                && seen_then.or(seen_now).is_some_and(|entry| entry.occurred.at <= earlier_as_of);
            let cause = match event.event.amends() {
                Some(_) => cause_of(event),
                None if late => Cause::LateEntry,
                None => Cause::Happened,
            };
            found.insert(event.position, behind(event, cause));
        }
    }
    found.into_values().collect()
}

fn in_view((history, asked): Seen<'_>) -> BTreeMap<Position, Entry<'_>> {
    entries(history, asked).into_iter().map(|entry| (entry.recorded.position, entry)).collect()
}

/// The marks that an event has by then, in view or not.
fn marks_of(event: &Recorded<CaseEvent>, (history, asked): Seen<'_>) -> [Option<EventId>; 2] {
    let known = history.iter().take_while(|e| e.recorded_at <= asked.known_at);
    let last = known.filter(|e| e.event.amends() == Some(event.event_id)).last();
    match last {
        Some(last) if matches!(last.event, CaseEvent::FactCorrected(_)) => {
            [Some(last.event_id), None]
        }
        Some(last) => [None, Some(last.event_id)],
        None => [None, None],
    }
}

fn cause_of(amendment: &Recorded<CaseEvent>) -> Cause {
    if matches!(amendment.event, CaseEvent::FactRetracted(_)) {
        Cause::Retraction
    } else {
        Cause::Correction
    }
}

fn behind(event: &Recorded<CaseEvent>, cause: Cause) -> Behind {
    Behind {
        event_id: event.event_id,
        event_type: event.event.type_name(),
        amends: event.event.amends(),
        occurred_at: event.occurred.at,
        recorded_at: event.recorded_at,
        cause,
    }
}
