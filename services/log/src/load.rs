//! Loading a history, with the times at which it was recorded elsewhere.

use std::error::Error;
use std::pin::pin;
use std::slice;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;
use throughline_domain::ids::Position;

use crate::append::plan::Plan;
use crate::append::stream_reads::Wanted;
use crate::append::transaction::Opened;
use crate::append::{CommandMeta, NewEvent};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::micros::Micros;
use crate::stream::StreamId;
use crate::tenant::{TenantNo, TenantState};

/// How much is written at a time: what a load holds in memory.
const PART_EVENTS: usize = 2000;
const PART_BYTES: usize = 8 << 20;

/// How long the history may keep the transaction waiting for its next event.
const FEED_WAIT_MAX: Duration = Duration::from_mins(10);

/// One event of a history.
#[derive(Debug, Clone)]
pub struct LoadedEvent {
    /// Who wrote it and why.
    pub meta: CommandMeta,
    /// When it was recorded; cut to microseconds.
    pub recorded_at: Timestamp,
    /// The stream it is the next event of.
    pub stream: StreamId,
    /// The event.
    pub event: NewEvent,
}

/// What was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// How many events.
    pub events: u64,
    /// The position of the last event of the log.
    pub position: Position,
    /// How many streams the log has.
    pub streams: i64,
    /// The last link of the hash chain.
    pub hash: [u8; 32],
}

/// Why a history was not loaded. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The history itself could not be read on.
    #[error("event {place} of the history cannot be taken")]
    Given {
        /// Which event, from 1.
        place: u64,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The tenant is live: only what happens now is recorded.
    #[error("tenant {tenant} is live, so no history can be loaded")]
    AlreadyLive {
        /// The tenant.
        tenant: TenantNo,
    },
    /// An event was recorded no later than the one before it.
    #[error("event {place} of the history was recorded at {recorded_at}, no later than {previous}")]
    NotRising {
        /// Which event, from 1.
        place: u64,
        /// Its time.
        recorded_at: Timestamp,
        /// The time of the one before it, in the history or in the log.
        previous: Timestamp,
    },
    /// An event was recorded later than now.
    #[error("event {place} of the history was recorded at {recorded_at}, which is yet to come")]
    InFuture {
        /// Which event, from 1.
        place: u64,
        /// Its time.
        recorded_at: Timestamp,
    },
    /// Anything else.
    #[error("the log refused the history")]
    Log(#[from] LogError),
}

impl EventLog {
    /// Appends a history, in one transaction, to a tenant that is still loading.
    ///
    /// The events come in the order of recording, at strictly rising times, none later than the
    /// present; each is the next of its stream. They are sealed and hashed as any other. An error
    /// among them undoes the whole load. Memory is bounded by a part of some thousand events.
    ///
    /// # Errors
    /// See [`LoadError`]; nothing was loaded.
    pub async fn load<S, E>(&self, tenant: TenantNo, events: S) -> Result<Loaded, LoadError>
    where
        S: Stream<Item = Result<LoadedEvent, E>> + Send,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut opened = Opened::open(self.backend(), tenant, &Wanted::default()).await?;
        if opened.state == TenantState::Live {
            opened.abandon().await?;
            return Err(LoadError::AlreadyLive { tenant });
        }
        opened.allow_idle(FEED_WAIT_MAX).await?;
        let mut feed = Feed {
            events: pin!(events),
            taken: 0,
            previous: opened.head.recorded_at,
            now: opened.now,
        };
        loop {
            // Returning early drops the transaction's connection, which undoes everything.
            let part = feed.part().await?;
            if part.is_empty() {
                break;
            }
            self.write_part(tenant, &mut opened, &part).await?;
        }
        let head = opened.head;
        opened.commit().await?;
        let position = Position(head.position);
        self.backend().announcer.reached(tenant, position);
        Ok(Loaded { events: feed.taken, position, streams: head.streams, hash: head.hash })
    }

    async fn write_part(
        &self,
        tenant: TenantNo,
        opened: &mut Opened,
        part: &[LoadedEvent],
    ) -> Result<(), LogError> {
        for loaded in part {
            self.backend().check_event_size(&loaded.event)?;
        }
        let events = part.iter().map(|loaded| (loaded.stream, slice::from_ref(&loaded.event)));
        opened.read_streams(tenant, &Wanted::of(events)).await?;
        let mut plan = Plan::new(self.backend(), tenant, opened)?;
        for loaded in part {
            let recorded_at = loaded.recorded_at.into();
            plan.place_loaded(loaded.stream, &loaded.meta, &loaded.event, recorded_at)?;
        }
        opened.write(&plan).await?;
        opened.head = plan.head;
        Ok(())
    }
}

/// A history, as far as it was taken.
struct Feed<S> {
    events: S,
    taken: u64,
    previous: Option<Micros>,
    now: Micros,
}

impl<S, E> Feed<S>
where
    S: Stream<Item = Result<LoadedEvent, E>> + Unpin,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    /// The next part; empty at the end.
    async fn part(&mut self) -> Result<Vec<LoadedEvent>, LoadError> {
        let mut part = Vec::with_capacity(PART_EVENTS);
        let mut bytes = 0;
        while part.len() < PART_EVENTS && bytes < PART_BYTES {
            let Some(next) = self.events.next().await else {
                break;
            };
            self.taken += 1;
            let place = self.taken;
            let event = next.map_err(|error| LoadError::Given { place, source: error.into() })?;
            self.check(place, event.recorded_at)?;
            bytes += event.event.bytes();
            part.push(event);
        }
        Ok(part)
    }

    fn check(&mut self, place: u64, recorded_at: Timestamp) -> Result<(), LoadError> {
        let at = Micros::from(recorded_at);
        if let Some(previous) = self.previous
            && at <= previous
        {
            let previous = previous.timestamp().unwrap_or_default();
            return Err(LoadError::NotRising { place, recorded_at, previous });
        }
        if at > self.now {
            return Err(LoadError::InFuture { place, recorded_at });
        }
        self.previous = Some(at);
        Ok(())
    }
}
