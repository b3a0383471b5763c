//! Appending: what a command asks for, and what it is answered.
//!
//! A command waits in its tenant's queue ([`queue`]); the tenant's appender gathers what waits
//! ([`appender`]), decides each command on its own ([`plan`]) and writes all of them in one
//! transaction: behind the one on its way, on the strength of what it remembers ([`ahead`],
//! [`tail`]), or else with what it has read under the tenant's lock ([`locked`], [`transaction`]).

mod ahead;
mod appender;
pub(crate) mod columns;
pub(crate) mod idempotency;
mod locked;
pub(crate) mod plan;
pub(crate) mod planned_stream;
pub(crate) mod queue;
pub(crate) mod stream_reads;
mod tail;
pub(crate) mod transaction;

use std::time::Duration;

use jiff::Timestamp;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::time::Occurred;
use uuid::Uuid;

pub use self::idempotency::{Idempotency, Remembered};

use crate::error::{DatabaseError, LogError};
use crate::seal::Plaintext;
use crate::stream::StreamId;

/// What one command writes: all of it or nothing.
#[derive(Debug, Clone)]
pub struct Append {
    /// Who wrote it and why.
    pub meta: CommandMeta,
    /// The events, stream by stream. A write without events only asserts the version.
    pub writes: Vec<StreamWrite>,
}

/// Who wrote an event and why: stored with each event of the command. Beside it, how a repetition of
/// the command is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandMeta {
    /// The subject of the caller's token.
    pub actor: String,
    /// The role in which the caller acted.
    pub actor_role: String,
    /// The organisation the facts come from, when it is not the actor's own.
    pub source_organisation: Option<String>,
    /// The command itself.
    pub command_id: Uuid,
    /// What ties commands of one piece of work together.
    pub correlation_id: Uuid,
    /// The event or command that led to this one.
    pub causation_id: Option<Uuid>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// For a command that may be sent again: what it is remembered by. Loading a history does not
    /// regard it.
    pub idempotency: Option<Idempotency>,
}

/// Events for one stream.
#[derive(Debug, Clone)]
pub struct StreamWrite {
    /// The stream; its first events create it.
    pub stream: StreamId,
    /// The version the events were decided against; 0: the stream must not exist.
    pub expected: Version,
    /// The events, in order.
    pub events: Vec<NewEvent>,
}

/// An event that has no place yet.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Its id; the log refuses one it has already.
    pub event_id: EventId,
    /// The stored type name.
    pub event_type: &'static str,
    /// The version of the type's stored form.
    pub schema_version: i16,
    /// When it happened; cut to microseconds.
    pub occurred: Occurred,
    /// The coded facts as JSON text, which comes back byte for byte.
    pub data: String,
    /// Narrative or identity, to be sealed under the stream's own key.
    pub plaintext: Option<Plaintext>,
}

/// Where a command's events went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The position of the first.
    pub first: Position,
    /// The position of the last.
    pub last: Position,
    /// When the last was recorded.
    pub recorded_at: Timestamp,
    /// The version of each write's stream after it, in the order of the writes.
    pub versions: Vec<Version>,
}

/// Why a command's events were not appended, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The stream has moved on since the command was decided. Nothing was written.
    #[error("{stream} is at version {current}, not where the command was decided")]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// Its version.
        current: Version,
    },
    /// A command of the same scope was recorded before. Nothing was written now.
    #[error("the command was recorded before")]
    Repeated(Box<Remembered>),
    /// The tenant is still loading its history. Nothing was written.
    #[error("the tenant is still loading its history")]
    Loading,
    /// The queue is full. Nothing was written; try again in a moment.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The database could not be reached, and whether the command was written is not known.
    ///
    /// It was not, if the database was away all along. It may have been, if the connection was
    /// lost between sending the commit and hearing of it, and no new one could be had to look.
    /// Sending the same command again is safe: one with [`CommandMeta::idempotency`] is answered
    /// from the first, and of any other the event ids are refused a second time.
    #[error("the database cannot be reached")]
    Unavailable(#[source] DatabaseError),
    /// Anything else. Nothing was written.
    #[error("the log refused the command")]
    Log(#[source] LogError),
}

impl From<LogError> for AppendError {
    fn from(error: LogError) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "one variant has a meaning of its own")]
        match error {
            LogError::Unavailable(error) => Self::Unavailable(error),
            other => Self::Log(other),
        }
    }
}

/// The limits of the log. The defaults suit a service of one to a few processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendSettings {
    /// The most commands in one transaction.
    pub batch_commands_max: usize,
    /// The bytes after which a transaction takes no further command.
    pub batch_bytes_max: usize,
    /// The longest wait for commands that are likely to come: those whose callers were answered
    /// just before. A command that comes alone never waits.
    pub gather_max: Duration,
    /// The most commands waiting, per tenant.
    pub queue_commands_max: usize,
    /// The most bytes waiting, over all tenants.
    pub queue_bytes_max: usize,
    /// The most events of one command.
    pub command_events_max: usize,
    /// The most bytes of one command: facts, sealed text and who wrote it.
    pub command_bytes_max: usize,
    /// How long a tenant's appender waits for work before it ends.
    pub idle_max: Duration,
    /// The longest a statement may take, waiting for another process's append included.
    pub statement_max: Duration,
    /// The longest wait for a connection.
    pub connection_wait_max: Duration,
    /// How many events the cached aggregates may have, all together.
    pub cached_events_max: usize,
}

impl Default for AppendSettings {
    fn default() -> Self {
        Self {
            batch_commands_max: 512,
            batch_bytes_max: 8 << 20,
            gather_max: Duration::from_millis(2),
            queue_commands_max: 4096,
            queue_bytes_max: 64 << 20,
            command_events_max: 1000,
            command_bytes_max: 1 << 20,
            idle_max: Duration::from_mins(1),
            statement_max: Duration::from_secs(10),
            connection_wait_max: Duration::from_secs(5),
            cached_events_max: 200_000,
        }
    }
}

impl Append {
    pub(crate) fn event_count(&self) -> usize {
        self.writes.iter().map(|write| write.events.len()).sum()
    }

    /// About how much memory and how many bytes of log the command takes.
    pub(crate) fn bytes(&self) -> usize {
        const ROW: usize = 256;
        let of_meta = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let meta = self.meta.actor.len()
            + self.meta.actor_role.len()
            + of_meta(&self.meta.source_organisation)
            + of_meta(&self.meta.traceparent);
        let key = self.meta.idempotency.as_ref().map_or(0, |key| ROW + key.answer.len());
        let events = self.writes.iter().flat_map(|write| &write.events);
        key + events.map(|event| ROW + meta + event.bytes()).sum::<usize>()
    }
}

impl NewEvent {
    /// The bytes of its facts and of what is to be sealed.
    pub(crate) fn bytes(&self) -> usize {
        let sealed = self.plaintext.as_ref();
        self.data.len() + sealed.map_or(0, |text| text.expose().len())
    }
}
