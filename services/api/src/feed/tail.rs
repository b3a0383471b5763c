//! The end of a tenant's log, kept for all streams that follow it: whoever is the first to need the
//! next positions reads them for everybody.
//!
//! Deliberately absent: a task that reads ahead. What nobody takes is not read.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use throughline_domain::ids::Position;
use throughline_log::{EventLog, Subscription, TenantNo};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::read::{Entry, FeedError, READ_POSITIONS_MAX, read_after};

/// How often the log is looked at when nobody tells of anything new.
pub(super) const POLL: Duration = Duration::from_secs(1);
/// The most positions that are kept, and the most bytes of them.
const KEPT_POSITIONS_MAX: usize = 1_000;
const KEPT_BYTES_MAX: usize = 4 << 20;
/// The most bytes that a stream is given at a time, by one event at most exceeded: a slow client
/// holds them until it has taken them.
const GIVEN_BYTES_MAX: usize = 256 << 10;
/// Reads at once of those who are behind: they must not take the connections that others need.
const READS_BEHIND_MAX: usize = 4;

/// The tails of the tenants that are followed now.
#[derive(Debug)]
pub(super) struct Tails {
    log: EventLog,
    by_tenant: Mutex<HashMap<TenantNo, Weak<Tail>>>,
    reads_behind: Arc<Semaphore>,
}

/// The end of one tenant's log.
#[derive(Debug)]
pub(super) struct Tail {
    log: EventLog,
    tenant: TenantNo,
    kept: tokio::sync::Mutex<Kept>,
    /// What every stream's own is a copy of, so that all count the same.
    tidings: Subscription,
    reads_behind: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// The last position read.
    end: Position,
    /// When the log was last looked at, and how many tidings had come until then.
    looked: Option<(Instant, u64)>,
}

impl Tails {
    pub(super) fn new(log: EventLog) -> Self {
        let reads_behind = Arc::new(Semaphore::new(READS_BEHIND_MAX));
        Self { log, by_tenant: Mutex::default(), reads_behind }
    }

    /// The tenant's tail; the same for all who follow it.
    pub(super) fn of(&self, tenant: TenantNo) -> Arc<Tail> {
        let mut tails = self.by_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tail) = tails.get(&tenant).and_then(Weak::upgrade) {
            return tail;
        }
        tails.retain(|_, tail| tail.strong_count() > 0);
        let tail = Arc::new(Tail {
            log: self.log.clone(),
            tenant,
            kept: tokio::sync::Mutex::default(),
            tidings: self.log.tidings().subscribe_to(tenant),
            reads_behind: Arc::clone(&self.reads_behind),
        });
        tails.insert(tenant, Arc::downgrade(&tail));
        tail
    }
}

impl Tail {
    /// Tidings of the tenant's log.
    pub(super) fn tidings(&self) -> Subscription {
        self.tidings.clone()
    }

    /// Some of the positions that follow `after`; none when there are none yet, as far as anybody
    /// knows. `tidings` is how many of them had come before this was asked.
    pub(super) async fn after(
        &self,
        after: Position,
        tidings: u64,
    ) -> Result<Vec<Arc<Entry>>, FeedError> {
        let mut kept = self.kept.lock().await;
        if let Some(entries) = kept.find(after) {
            return Ok(entries);
        }
        if after < kept.end {
            drop(kept);
            let _permit = self.reads_behind.acquire().await;
            // No more than is given: what is left over would be read again.
            let (log, tenant) = (&self.log, self.tenant);
            let entries =
                read_after(log, tenant, after, READ_POSITIONS_MAX, GIVEN_BYTES_MAX).await?;
            return Ok(given(entries.into_iter().map(Arc::new)));
        }
        if after > kept.end {
            // The one who is furthest leads.
            *kept = Kept { end: after, ..Kept::default() };
        }
        if kept.looked.is_some_and(|(at, count)| count >= tidings && at.elapsed() < POLL) {
            return Ok(Vec::new());
        }
        let looked = Instant::now();
        let (log, tenant) = (&self.log, self.tenant);
        let entries = read_after(log, tenant, after, READ_POSITIONS_MAX, usize::MAX).await?;
        // A full page is not the end, nor is one of which a part is left for the next time.
        let is_full = entries.len() >= READ_POSITIONS_MAX as usize;
        let count = entries.len();
        let entries = given(entries.into_iter().map(Arc::new));
        kept.keep(&entries);
        let is_end = !is_full && entries.len() == count;
        kept.looked = is_end.then_some((looked, tidings));
        Ok(entries)
    }
}

/// As many as a stream is given at a time.
fn given(entries: impl Iterator<Item = Arc<Entry>>) -> Vec<Arc<Entry>> {
    let within = |bytes: &mut usize, entry: Arc<Entry>| {
        let has_room = *bytes < GIVEN_BYTES_MAX;
        *bytes += entry.bytes();
        has_room.then_some(entry)
    };
    entries.take(READ_POSITIONS_MAX as usize).scan(0, within).collect()
}

impl Kept {
    /// What is kept after a position, if all of it is.
    fn find(&self, after: Position) -> Option<Vec<Arc<Entry>>> {
        let first = self.entries.front()?.position;
        let from = usize::try_from(after.0 - (first.0 - 1)).ok()?;
        let entries = self.entries.range(from.min(self.entries.len())..);
        let entries = given(entries.cloned());
        (!entries.is_empty()).then_some(entries)
    }

    fn keep(&mut self, entries: &[Arc<Entry>]) {
        for entry in entries {
            self.end = entry.position;
            self.bytes += entry.bytes();
            self.entries.push_back(Arc::clone(entry));
        }
        while self.entries.len() > KEPT_POSITIONS_MAX || self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::kind::Kind;
    use crate::feed::read::Told;

    fn entries(positions: std::ops::RangeInclusive<i64>) -> Vec<Arc<Entry>> {
        positions.map(|at| Arc::new(Entry { position: Position(at), event: None })).collect()
    }

    fn places(found: &[Arc<Entry>]) -> Vec<i64> {
        found.iter().map(|entry| entry.position.0).collect()
    }

    #[test]
    fn what_is_kept_is_found_from_any_position_in_it() {
        let mut kept = Kept { end: Position(4), ..Kept::default() };
        kept.keep(&entries(5..=8));
        for (after, found) in
            [(4, Some(vec![5, 6, 7, 8])), (6, Some(vec![7, 8])), (7, Some(vec![8]))]
        {
            let found_now = kept.find(Position(after)).map(|found| places(&found));
            assert_eq!(found_now, found, "after {after}");
        }
        for after in [0, 3, 8, 9] {
            assert!(kept.find(Position(after)).is_none(), "after {after}");
        }
    }

    #[test]
    fn what_a_stream_is_given_is_bounded_and_something() {
        let large = |position| {
            let json = vec![b'x'; GIVEN_BYTES_MAX * 2 / 3].into();
            let event = Some(Told { kind: Kind::CaseClosed, json });
            Arc::new(Entry { position: Position(position), event })
        };
        assert_eq!(places(&given((1..=9).map(large))), [1, 2]);
        let mut kept = Kept::default();
        kept.keep(&given((1..=2).map(large)));
        assert_eq!((kept.end, places(&kept.find(Position(1)).unwrap())), (Position(2), vec![2]));
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
        let mut kept = Kept::default();
        let most = i64::try_from(KEPT_POSITIONS_MAX).unwrap();
        kept.keep(&entries(1..=most + 10));
        assert_eq!((kept.entries.len(), kept.end), (KEPT_POSITIONS_MAX, Position(most + 10)));
        assert!(kept.find(Position(9)).is_none());
        assert_eq!(kept.find(Position(10)).unwrap()[0].position, Position(11));
        let one = kept.entries[0].bytes();
        assert_eq!(kept.bytes, one * KEPT_POSITIONS_MAX);
    }
}
