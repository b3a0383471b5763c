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

use std::collections::HashSet;

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, EventId, Position};
use throughline_domain::recorded::Recorded;
use throughline_domain::time::Occurred;
use throughline_domain::two_clocks::{self, Asked};

use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};
use crate::{TouchedCase, Unfoldable};

pub use answer::{Question, Timeline, answer};
pub use periods::{CONTACT_BREAK_DAYS, CONTACT_BREAK_RULE, Period, PeriodValue, Periods};
pub use read::{PERIOD_FACTS_MAX, read};

/// The version of the fold and its table.
pub const VERSION: i32 = 1;

/// The table: one row a fact, at the fact's own position.
pub(crate) const TABLES: &[Table] = &[Table {
    name: "engagement_timeline",
    columns: &[
        Column::new("case_id", Kind::Uuid),
        Column::new("position", Kind::BigInt),
        Column::new("event_id", Kind::Uuid),
        Column::new("type", Kind::Text),
        Column::new("schema_version", Kind::SmallInt),
        Column::new("occurred_at", Kind::Time),
        Column::new("precision", Kind::Text),
        Column::new("recorded_at", Kind::Time),
        Column::new("data", Kind::Text),
        Column::new("corrected_by", Kind::Uuid),
        Column::new("retracted_by", Kind::Uuid),
    ],
    key: 2,
}];

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

    fn into_cells(self, case_id: CaseId) -> Row {
        vec![
            case_id.0.into(),
            Cell::BigInt(self.position.0),
            self.event_id.0.into(),
            self.event_type.into(),
            Cell::SmallInt(self.schema_version),
            self.occurred.at.into(),
            self.occurred.precision.as_str().into(),
            self.recorded_at.into(),
            self.data.into(),
            Cell::opt(self.corrected_by.map(|id| id.0)),
            Cell::opt(self.retracted_by.map(|id| id.0)),
        ]
    }

    /// The entry's place, from which a next page goes on.
    #[must_use]
    pub fn key(&self) -> TimelineKey {
        TimelineKey { occurred_at: self.occurred.at, position: self.position }
    }
}

/// The case's rows of the present.
pub(crate) fn rows(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
) -> Result<Vec<Vec<Row>>, Unfoldable> {
    rows_of(case_id, history, |_| true)
}

/// Those that new events tell of: by themselves, or by correcting or retracting them. A row never
/// goes away: a retracted fact stays, with its mark.
pub(crate) fn changed_rows(case: &TouchedCase<'_>) -> Result<Vec<Vec<Row>>, Unfoldable> {
    let touched: HashSet<EventId> =
        case.new_events().iter().map(|e| e.event.amends().unwrap_or(e.event_id)).collect();
    rows_of(case.case_id, case.history, |fact| touched.contains(&fact))
}

fn rows_of(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
    is_wanted: impl Fn(EventId) -> bool,
) -> Result<Vec<Vec<Row>>, Unfoldable> {
    let rows = two_clocks::entries(history, &Asked::LATEST)
        .iter()
        .filter(|entry| is_wanted(entry.recorded.event_id))
        .map(|entry| Ok(TimelineEntry::of(entry)?.into_cells(case_id)))
        .collect::<Result<_, _>>()
        .map_err(|source| Unfoldable::NoStoredForm { case_id, source })?;
    Ok(vec![rows])
}
