//! A cache of loaded aggregates, in place of snapshots.
//!
//! What is cached may be old: another process may have appended. So a decision made on it counts
//! only when its append finds the stream at the version that was cached; anything else is decided
//! again on what the database holds.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use throughline_domain::ids::Version;

use crate::stream::StreamId;
use crate::tenant::TenantNo;

type Key = (TenantNo, StreamId);

/// Aggregates by stream, in two generations: when the young one is full it becomes the old one,
/// and what was old and not asked for since is dropped.
pub(crate) struct Aggregates {
    events_max: usize,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Cached>,
    old: HashMap<Key, Cached>,
    young_events: usize,
}

struct Cached {
    version: Version,
    aggregate: Box<dyn Any + Send>,
}

impl Aggregates {
    /// A cache for aggregates that have about this many events, all together.
    pub(crate) fn new(events_max: usize) -> Self {
        Self { events_max, generations: Mutex::default() }
    }

    /// Takes an aggregate out. Whoever changes it puts it back, if the change was recorded.
    pub(crate) fn take<A: 'static>(
        &self,
        tenant: TenantNo,
        stream: StreamId,
    ) -> Option<(Version, A)> {
        let cached = self.lock().remove(&(tenant, stream))?;
        let aggregate = cached.aggregate.downcast().ok()?;
        Some((cached.version, *aggregate))
    }

    /// Puts an aggregate in, unless a later state of it is there.
    pub(crate) fn put<A: Send + 'static>(
        &self,
        tenant: TenantNo,
        stream: StreamId,
        version: Version,
        aggregate: A,
    ) {
        let key = (tenant, stream);
        let mut generations = self.lock();
        let before = generations.remove(&key);
        let cached = match before {
            Some(before) if before.version > version => before,
            _ => Cached { version, aggregate: Box::new(aggregate) },
        };
        generations.young_events += cached.weight();
        generations.young.insert(key, cached);
        if generations.young_events > self.events_max / 2 {
            generations.old = std::mem::take(&mut generations.young);
            generations.young_events = 0;
        }
    }

    pub(crate) fn forget(&self, tenant: TenantNo, stream: StreamId) {
        self.lock().remove(&(tenant, stream));
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn remove(&mut self, key: &Key) -> Option<Cached> {
        if let Some(cached) = self.young.remove(key) {
            self.young_events -= cached.weight();
            return Some(cached);
        }
        self.old.remove(key)
    }
}

impl Cached {
    /// Each aggregate weighs as its events do, and something of its own.
    fn weight(&self) -> usize {
        4 + usize::try_from(self.version.0).unwrap_or(0)
    }
}

impl fmt::Debug for Aggregates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aggregates(..)")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::stream::StreamKind;

    const TENANT: TenantNo = TenantNo(1);

    fn stream(n: u128) -> StreamId {
        StreamId { kind: StreamKind::Case, id: Uuid::from_u128(n) }
    }

    #[test]
    fn what_was_put_is_taken_once() {
        let cache = Aggregates::new(1000);
        cache.put(TENANT, stream(1), Version(3), "state");
        assert_eq!(cache.take(TENANT, stream(1)), Some((Version(3), "state")));
        assert_eq!(cache.take::<&str>(TENANT, stream(1)), None);
    }

    #[test]
    fn a_later_state_is_not_replaced_by_an_earlier_one() {
        let cache = Aggregates::new(1000);
        cache.put(TENANT, stream(1), Version(3), "later");
        cache.put(TENANT, stream(1), Version(2), "earlier");
        assert_eq!(cache.take(TENANT, stream(1)), Some((Version(3), "later")));
    }

    #[test]
    fn the_cache_stays_within_its_bounds() {
        let cache = Aggregates::new(1000);
        for n in 0..10_000 {
            cache.put(TENANT, stream(n), Version(1), ());
        }
        let generations = cache.lock();
        let held = generations.young.len() + generations.old.len();
        assert!(held * 5 <= 1010, "{held} aggregates of weight 5");
        assert!(generations.young_events <= 505);
    }
}
