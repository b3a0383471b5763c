//! A timeline as it goes over the wire.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use throughline_domain::case::CaseEvent;
use throughline_projections::engagement_timeline::{
    CONTACT_BREAK_RULE, Period, PeriodValue, TimelineEntry,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cases::opened_words::OpenedWords;
use crate::cases::sealed_words::Words;
use crate::problem::Problem;
use crate::refusal;

/// What happened in a case.
#[derive(Serialize, ToSchema)]
pub struct TimelineAnswer {
    /// The case.
    pub case_id: Uuid,
    /// What happened.
    pub entries: Vec<EntryAnswer>,
    /// Stretches of time in which something held.
    pub periods: Vec<PeriodAnswer>,
    /// What had happened by then.
    pub as_of: Timestamp,
    /// What was known by then.
    pub known_at: Timestamp,
    /// How corrections are read.
    pub reading: &'static str,
    /// Present, and true, when the case could not be followed to its last event.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// Continues the list; absent on its last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One event.
#[derive(Serialize, ToSchema)]
pub struct EntryAnswer {
    /// The event; also how a correction names it.
    pub event_id: Uuid,
    /// Its type, such as `ContactAttempted`.
    pub r#type: &'static str,
    /// When it happened, after correction.
    pub occurred_at: Timestamp,
    /// How exactly that is known: instant, day or month.
    pub precision: &'static str,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Its place in the log.
    pub position: i64,
    /// The coded facts, after correction.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
    /// The same in one plain sentence, such as "Contact by phone: no answer."
    pub summary: String,
    /// What happened, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub narrative: Option<Words>,
    /// Why a fact was corrected or taken back, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<Words>,
    /// There were words, and they have been erased.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// The correction in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<Uuid>,
    /// The retraction in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retracted_by: Option<Uuid>,
}

/// A stretch of time in which something held.
#[derive(Serialize, ToSchema)]
pub struct PeriodAnswer {
    /// `episode`, `risk_level`, `worker` or `contact_break`.
    kind: &'static str,
    /// When it began.
    from: Timestamp,
    /// Absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
    /// The episode's number, the level, the worker, or the days of the break.
    #[schema(schema_with = crate::schema::period_value)]
    value: serde_json::Value,
    /// The rule that a computed period rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
}

impl EntryAnswer {
    /// An entry with its words.
    ///
    /// # Errors
    /// When its facts cannot be read; those that were folded can.
    pub fn new(entry: TimelineEntry, words: OpenedWords) -> Result<Self, Problem> {
        let event = CaseEvent::from_stored(entry.event_type, entry.schema_version, &entry.data);
        let event = event.map_err(|error| refusal::internal(&error))?;
        Ok(Self {
            summary: event.summary(),
            event_id: entry.event_id.0,
            r#type: entry.event_type,
            occurred_at: entry.occurred.at,
            precision: entry.occurred.precision.as_str(),
            recorded_at: entry.recorded_at,
            position: entry.position.0,
            data: RawValue::from_string(entry.data).map_err(|error| refusal::internal(&error))?,
            narrative: words.narrative,
            reason: words.reason,
            erased: words.erased,
            corrected_by: entry.corrected_by.map(|id| id.0),
            retracted_by: entry.retracted_by.map(|id| id.0),
        })
    }
}

impl From<Period> for PeriodAnswer {
    fn from(period: Period) -> Self {
        let kind = period.kind();
        let (value, rule) = match period.value {
            PeriodValue::Episode(number) => (number.into(), None),
            PeriodValue::RiskLevel(level) => (level.to_string().into(), None),
            PeriodValue::Worker(worker) => (worker.to_string().into(), None),
            PeriodValue::ContactBreak { days } => (days.into(), Some(CONTACT_BREAK_RULE)),
        };
        Self { kind, from: period.from, to: period.to, value, rule }
    }
}
