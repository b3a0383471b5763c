//! What an appender knows of its tenant's log after a batch of its own: enough to plan the next one
//! without asking.
//!
//! None of it is believed when it counts: the transaction that is written on the strength of it
//! begins by asking, under the tenant's lock, whether the log still ends there (`log_follow`). What
//! an appender relies on cannot change without the end of the log moving, or the tenant's key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::Append;
use super::plan::{LogHead, Plan};
use super::planned_stream::PlannedStream;
use super::stream_reads::Wanted;
use crate::micros::Micros;
use crate::seal::TenantKey;
use crate::stream::StreamKind;

/// How long the database's time is told by our own clock alone.
const COMPARED_EVERY: Duration = Duration::from_secs(5);

/// Past this many streams, they are looked up again: some megabytes.
const STREAMS_MAX: usize = 1 << 16;

/// The end of a tenant's log, as the batches sent so far will leave it.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) head: LogHead,
    pub(super) key: Arc<TenantKey>,
    pub(super) wrapped_key: Arc<[u8]>,
    streams: HashMap<Uuid, KnownStream>,
    clock: Clock,
}

#[derive(Debug, Clone, Copy)]
struct KnownStream {
    stream_no: i64,
    kind: StreamKind,
    version: i32,
}

/// The database's clock, told by our own: behind it by as long as an answer takes, and ahead of it by
/// no more than two clocks can drift apart between two comparisons.
#[derive(Debug, Clone, Copy)]
struct Clock {
    told: Micros,
    heard: Instant,
}

impl Tail {
    /// The tail after a batch that was planned under the lock, when the database's time was `now`.
    pub(super) fn after(
        plan: &Plan<'_>,
        wrapped_key: &[u8],
        (now, heard): (Micros, Instant),
    ) -> Self {
        let mut tail = Self {
            head: plan.head,
            key: plan.key(),
            wrapped_key: wrapped_key.into(),
            streams: HashMap::new(),
            clock: Clock { told: now, heard },
        };
        tail.follow(plan);
        tail
    }

    /// Goes on to where a plan ends.
    pub(super) fn follow(&mut self, plan: &Plan<'_>) {
        self.head = plan.head;
        if self.streams.len() + plan.streams.len() > STREAMS_MAX {
            self.streams.clear();
        }
        self.streams.extend(plan.streams.iter().map(|(id, stream)| {
            let PlannedStream { stream_no, kind, version, .. } = *stream;
            (*id, KnownStream { stream_no, kind, version })
        }));
    }

    /// What has to be read before these commands can be planned: streams that are not known here,
    /// unless the command says that they are new, and the keys of those in which something is to
    /// be sealed.
    pub(super) fn wanted<'a>(&self, appends: impl Iterator<Item = &'a Append>) -> Wanted {
        let writes = appends.flat_map(|append| &append.writes);
        let unread = writes.filter(|write| {
            let seals = write.events.iter().any(|event| event.plaintext.is_some());
            // Whoever says that a stream is new, and writes to it, is refused by its index.
            let asserts = write.expected.0 > 0 || write.events.is_empty();
            asserts && (seals || !self.streams.contains_key(&write.stream.id))
        });
        Wanted::of(unread.map(|write| (write.stream, write.events.as_slice())))
    }

    /// The streams of these commands: as read, and where known, as known.
    pub(super) fn planned<'a>(
        &self,
        appends: impl Iterator<Item = &'a Append>,
        mut read: HashMap<Uuid, PlannedStream>,
    ) -> HashMap<Uuid, PlannedStream> {
        for write in appends.flat_map(|append| &append.writes) {
            let Some(known) = self.streams.get(&write.stream.id) else { continue };
            let stream = read.entry(write.stream.id).or_insert_with(|| {
                PlannedStream::stored(known.stream_no, known.kind, known.version)
            });
            // What was read may lie behind a batch that is still on its way.
            stream.version = known.version;
        }
        read
    }

    /// The time, a little behind the database's.
    pub(super) fn now(&self) -> Micros {
        self.clock.at(Instant::now())
    }

    /// Learns what time it is.
    pub(super) fn told(&mut self, now: Micros) {
        let heard = Instant::now();
        // An answer that took longer says less; but two clocks that are never compared drift apart.
        let is_old = heard.saturating_duration_since(self.clock.heard) > COMPARED_EVERY;
        if is_old || now > self.clock.at(heard) {
            self.clock = Clock { told: now, heard };
        }
    }
}

pub(super) fn lock(tail: &Mutex<Tail>) -> MutexGuard<'_, Tail> {
    tail.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clock {
    fn at(self, moment: Instant) -> Micros {
        let since = moment.saturating_duration_since(self.heard).as_micros();
        Micros(self.told.0.saturating_add(i64::try_from(since).unwrap_or(i64::MAX)))
    }
}
