//! Reading the log for the feed: every position, told of or not.

use std::collections::HashSet;

use actix_web::web::Bytes;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{EventId, Position};
use throughline_log::{
    EventLog, LogError, StoredEvent, StreamId, StreamKind, TenantNo, UnreadableEvent,
};

use super::envelope::envelope;
use super::kind::Kind;
use crate::problem::Problem;
use crate::refusal;

/// The most positions read at a time.
pub(super) const READ_POSITIONS_MAX: u32 = 200;

/// Facts of whole cases read at a time, in bytes, and one case more.
const CASES_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Why the feed cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    /// The log cannot be read.
    #[error("the feed cannot read the log")]
    Log(#[from] LogError),
    /// An event is not of a type this program knows.
    #[error("the feed cannot read an event")]
    Event(#[from] UnreadableEvent),
    /// An event cannot be written as JSON.
    #[error("the feed cannot write an event")]
    Write(#[from] serde_json::Error),
    /// The log does not have every position.
    #[error("the log has no event at position {expected}")]
    Gap {
        /// The position that is not there.
        expected: Position,
    },
}

impl FeedError {
    /// Whether trying again may help.
    #[must_use]
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Log(LogError::Unavailable(_)))
    }
}

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Log(error) => error.into(),
            FeedError::Event(_) | FeedError::Write(_) | FeedError::Gap { .. } => {
                refusal::internal(&error)
            }
        }
    }
}

/// One position of the log as the feed has it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The position.
    pub(super) position: Position,
    /// What the feed tells of it; nothing, if the event there is withheld.
    pub(super) event: Option<Told>,
}

/// An event that the feed tells of.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// Its kind.
    pub(super) kind: Kind,
    /// Its envelope, as one line of JSON.
    pub(super) json: Bytes,
}

impl Entry {
    /// How much memory it takes, more or less, in bytes.
    #[must_use]
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.event.as_ref().map_or(0, |told| told.json.len())
    }
}

/// The positions that follow one: each of them, in order, at most `limit`, and no further than to the
/// one that brings the facts to `bytes_max`.
///
/// # Errors
/// [`FeedError`]. Nothing is left out because of one.
pub(super) async fn read_after(
    log: &EventLog,
    tenant: TenantNo,
    after: Position,
    limit: u32,
    bytes_max: usize,
) -> Result<Vec<Entry>, FeedError> {
    let limit = limit.min(READ_POSITIONS_MAX);
    let stored = log.follow_within(tenant, after, limit, bytes_max).await?;
    let secret = taken_back_in_secret(log, tenant, &stored).await?;
    let mut entries = Vec::with_capacity(stored.len());
    let mut last = after.0;
    for event in &stored {
        // Positions are dense. If this one is not, somebody damaged the log.
        last += 1;
        if event.position.0 != last {
            return Err(FeedError::Gap { expected: Position(last) });
        }
        let told = if secret.contains(&event.event_id) { None } else { envelope(tenant, event)? };
        let event = match told {
            Some((kind, envelope)) => Some(Told { kind, json: one_line(&envelope)? }),
            None => None,
        };
        entries.push(Entry { position: Position(last), event });
    }
    Ok(entries)
}

/// Those of the events that take back a fact that the feed does not tell of: whoever never had the
/// fact is not told that there was one. A retraction names its fact alone, so the case is read.
async fn taken_back_in_secret(
    log: &EventLog,
    tenant: TenantNo,
    stored: &[StoredEvent],
) -> Result<HashSet<EventId>, FeedError> {
    let mut retractions: Vec<(EventId, StreamId, EventId)> = Vec::new();
    let is_retraction = |event: &&StoredEvent| {
        event.stream.kind == StreamKind::Case && event.event_type == Kind::FactRetracted.name()
    };
    for event in stored.iter().filter(is_retraction) {
        if let CaseEvent::FactRetracted(facts) = event.to_case_event()?.event {
            retractions.push((event.event_id, event.stream, facts.retracts));
        }
    }
    let (Some(last), false) = (stored.last(), retractions.is_empty()) else {
        return Ok(HashSet::new());
    };
    let streams: HashSet<StreamId> = retractions.iter().map(|(_, stream, _)| *stream).collect();
    let mut left: Vec<StreamId> = streams.into_iter().collect();
    let mut withheld = HashSet::new();
    while !left.is_empty() {
        let read = log.read_streams(tenant, &left, last.position, CASES_BYTES_MAX).await?;
        let events = read.histories.iter().flat_map(|history| &history.events);
        let is_told =
            |event: &&StoredEvent| Kind::ALL.iter().any(|kind| kind.name() == event.event_type);
        withheld.extend(events.filter(|event| !is_told(event)).map(|event| event.event_id));
        left = read.left;
    }
    let secret = retractions.into_iter().filter(|(_, _, fact)| withheld.contains(fact));
    Ok(secret.map(|(retraction, _, _)| retraction).collect())
}

/// JSON without a line break: within a text they are escaped, and elsewhere one is only a space.
fn one_line<T: serde::Serialize>(envelope: &T) -> Result<Bytes, serde_json::Error> {
    let mut json = serde_json::to_vec(envelope)?;
    for byte in &mut json {
        if matches!(*byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    Ok(json.into())
}
