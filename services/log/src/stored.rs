//! An event as it is read back.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use jiff::Timestamp;
use throughline_domain::allocation_schedule::ScheduleEvent;
use throughline_domain::case::CaseEvent;
use throughline_domain::case::event::UnreadableEvent;
use throughline_domain::case_link::CaseLinkEvent;
use throughline_domain::cohort::CohortEvent;
use throughline_domain::edition::EditionEvent;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::person::PersonEvent;
use throughline_domain::programme::ProgrammeEvent;
use throughline_domain::recorded::Recorded;
use throughline_domain::staff::{TeamEvent, WorkerEvent};
use throughline_domain::time::{Occurred, Precision};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::LogError;
use crate::micros::Micros;
use crate::stream::{StreamId, StreamKind};

/// One event of the log, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the tenant's log.
    pub position: Position,
    /// Its place in its stream.
    pub version: Version,
    /// The id it is known by for ever.
    pub event_id: EventId,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// The stored type name.
    pub event_type: Cow<'static, str>,
    /// The version of that type's stored form.
    pub schema_version: i16,
    /// When it happened.
    pub occurred: Occurred,
    /// When the log took it: rises strictly with the position.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// In which role.
    pub actor_role: String,
    /// The organisation the fact comes from, when it is not the actor's own.
    pub source_organisation: Option<String>,
    /// The command that wrote it.
    pub command_id: Uuid,
    /// What ties it to others of one piece of work.
    pub correlation_id: Uuid,
    /// The event or command that led to it.
    pub causation_id: Option<Uuid>,
    /// The W3C trace it was written under.
    pub traceparent: Option<String>,
    /// The coded facts: the exact JSON text that was given.
    pub data: String,
    /// Narrative or identity as ciphertext; always `None` in a replay, which does not fetch it.
    pub sealed: Option<Vec<u8>>,
    /// The event's link of the hash chain.
    pub hash: [u8; 32],
}

impl StoredEvent {
    /// The event of a case.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_case_event(&self) -> Result<Recorded<CaseEvent>, UnreadableEvent> {
        let event = CaseEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    /// The event of a person.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_person_event(&self) -> Result<Recorded<PersonEvent>, UnreadableEvent> {
        let event = PersonEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    /// The event of a worker.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_worker_event(&self) -> Result<Recorded<WorkerEvent>, UnreadableEvent> {
        let event = WorkerEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    /// The event of a team.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_team_event(&self) -> Result<Recorded<TeamEvent>, UnreadableEvent> {
        let event = TeamEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    /// The event of a link between cases.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_case_link_event(&self) -> Result<Recorded<CaseLinkEvent>, UnreadableEvent> {
        let event = CaseLinkEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    /// The event of a programme.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_programme_event(&self) -> Result<Recorded<ProgrammeEvent>, UnreadableEvent> {
        let event = ProgrammeEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    /// The event of a cohort.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_cohort_event(&self) -> Result<Recorded<CohortEvent>, UnreadableEvent> {
        let event = CohortEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    /// The event of an edition.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_edition_event(&self) -> Result<Recorded<EditionEvent>, UnreadableEvent> {
        let event = EditionEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    /// The event of a schedule of arms.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn to_schedule_event(&self) -> Result<Recorded<ScheduleEvent>, UnreadableEvent> {
        let event = ScheduleEvent::from_stored(&self.event_type, self.schema_version, &self.data)?;
        Ok(self.recorded(event))
    }

    fn recorded<E>(&self, event: E) -> Recorded<E> {
        Recorded {
            position: self.position,
            version: self.version,
            recorded_at: self.recorded_at,
            event_id: self.event_id,
            occurred: self.occurred,
            event,
        }
    }
}

/// The columns of an event with its stream, in the order in which [`from_row`] reads them.
macro_rules! event_columns {
    () => {
        "s.kind, s.id, e.position, e.version, e.event_id, e.type, e.schema_version, \
         e.occurred_at, e.occurred_precision, e.recorded_at, e.actor, e.actor_role, \
         e.source_organisation, e.command_id, e.correlation_id, e.causation_id, e.traceparent, \
         e.data, e.hash, e.sealed, e.stream_no"
    };
}
pub(crate) use event_columns;

/// Reads a row of [`event_columns`]; with it comes the stream's number.
pub(crate) fn from_row(row: &Row) -> Result<(StoredEvent, i64), LogError> {
    let stream = StreamId {
        kind: StreamKind::from_stored(row.try_get(0)?).ok_or(unreadable("kind"))?,
        id: row.try_get(1)?,
    };
    let event = StoredEvent {
        position: Position(row.try_get(2)?),
        version: Version(row.try_get(3)?),
        event_id: EventId(row.try_get(4)?),
        stream,
        event_type: interned(row.try_get(5)?),
        schema_version: row.try_get(6)?,
        occurred: Occurred {
            at: timestamp(row.try_get(7)?, "occurred_at")?,
            precision: precision(row.try_get(8)?)?,
        },
        recorded_at: timestamp(row.try_get(9)?, "recorded_at")?,
        actor: row.try_get(10)?,
        actor_role: row.try_get(11)?,
        source_organisation: row.try_get(12)?,
        command_id: row.try_get(13)?,
        correlation_id: row.try_get(14)?,
        causation_id: row.try_get(15)?,
        traceparent: row.try_get(16)?,
        data: row.try_get(17)?,
        hash: hash(row.try_get(18)?)?,
        sealed: row.try_get(19)?,
    };
    Ok((event, row.try_get(20)?))
}

pub(crate) fn timestamp(micros: Micros, column: &'static str) -> Result<Timestamp, LogError> {
    micros.timestamp().ok_or(unreadable(column))
}

pub(crate) fn precision(text: &str) -> Result<Precision, LogError> {
    [Precision::Instant, Precision::Day, Precision::Month]
        .into_iter()
        .find(|precision| precision.as_str() == text)
        .ok_or(unreadable("occurred_precision"))
}

pub(crate) fn hash(bytes: &[u8]) -> Result<[u8; 32], LogError> {
    bytes.try_into().map_err(|_| unreadable("hash"))
}

/// The type name without a copy, when it is one of the present program's.
pub(crate) fn interned(event_type: &str) -> Cow<'static, str> {
    static KNOWN: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    let known =
        KNOWN.get_or_init(|| CaseEvent::TYPES.iter().map(|(name, _)| (*name, *name)).collect());
    match known.get(event_type) {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(event_type.to_owned()),
    }
}

fn unreadable(column: &'static str) -> LogError {
    LogError::Unreadable { column }
}
