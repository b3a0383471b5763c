//! What happened with a person, in the order in which it happened: one row per fact.
//!
//! Corrections are looked through: a fact's row carries the facts in force and names the correction
//! or retraction. Spans of time (episodes, levels of risk, workers, breaks in contact) are laid out
//! from the facts when they are read, since a break depends on the date asked about.
//!
//! Deliberately absent: narrative, which stays sealed in the log under the fact's position.

mod answer;
mod periods;
mod read;
mod write;

use std::collections::HashSet;

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, EventId, Position};
use throughline_domain::recorded::Recorded;
use throughline_domain::time::Occurred;
use throughline_domain::two_clocks::{self, Asked};

use crate::{TouchedCase, Unfoldable};

pub use answer::{Question, Timeline, answer};
pub use periods::{CONTACT_BREAK_DAYS, CONTACT_BREAK_RULE, Period, PeriodValue, Periods};
pub use read::{PERIOD_FACTS_MAX, read};
pub(crate) use write::{erase, write};

/// The version of the fold and its table.
pub const VERSION: i32 = 1;

/// One event, as a timeline shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    /// The original event's place in the log.
    pub position: Position,
    /// The original event.
    pub event_id: EventId,
    /// Its type.
    pub event_type: &'static str,
    /// The version in which `data` is written.
    pub schema_version: i16,
    /// When it happened, after correction.
    pub occurred: Occurred,
    /// When the original event was recorded.
    pub recorded_at: Timestamp,
    /// The facts in force, as JSON: a correction's, where there is one.
    pub data: String,
    /// The correction in force.
    pub corrected_by: Option<EventId>,
    /// The retraction in force.
    pub retracted_by: Option<EventId>,
}

/// A place in a timeline, to go on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimelineKey {
    /// When the fact happened.
    pub occurred_at: Timestamp,
    /// The fact's place in the log.
    pub position: Position,
}

/// What to write for a touched case.
#[derive(Debug)]
pub struct Change {
    pub(crate) case_id: CaseId,
    /// The facts that new events tell of: by themselves, or by correcting or retracting them.
    pub(crate) entries: Vec<TimelineEntry>,
}

/// One case's timeline at any dates, in the order of the reading asked for.
///
/// # Errors
/// When facts have no JSON form; none of the domain's is so.
pub fn entries(
    history: &[Recorded<CaseEvent>],
    asked: &Asked,
) -> Result<Vec<TimelineEntry>, serde_json::Error> {
    two_clocks::entries(history, asked).iter().map(TimelineEntry::of).collect()
}

impl TimelineEntry {
    fn of(entry: &two_clocks::Entry<'_>) -> Result<Self, serde_json::Error> {
        Ok(Self {
            position: entry.recorded.position,
            event_id: entry.recorded.event_id,
            event_type: entry.event.type_name(),
            schema_version: entry.event.schema_version(),
            occurred: entry.occurred,
            recorded_at: entry.recorded.recorded_at,
            data: entry.event.to_data()?,
            corrected_by: entry.corrected_by,
            retracted_by: entry.retracted_by,
        })
    }

    /// The entry's place, from which a next page goes on.
    #[must_use]
    pub fn key(&self) -> TimelineKey {
        TimelineKey { occurred_at: self.occurred.at, position: self.position }
    }
}

pub(crate) fn change(case: &TouchedCase<'_>) -> Result<Change, Unfoldable> {
    let touched: HashSet<EventId> =
        case.new_events().iter().map(|e| e.event.amends().unwrap_or(e.event_id)).collect();
    let entries = two_clocks::entries(case.history, &Asked::LATEST)
        .iter()
        .filter(|entry| touched.contains(&entry.recorded.event_id))
        .map(TimelineEntry::of)
        .collect::<Result<_, _>>()
        .map_err(|source| Unfoldable { case_id: case.case_id, source })?;
    Ok(Change { case_id: case.case_id, entries })
}
