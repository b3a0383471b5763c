//! The new events of a tenant, read once for all its shards that stand at about the same place.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use throughline_domain::ids::Position;
use throughline_log::{EventLog, LogError, StoredEvent, TenantNo};

/// Of how many tenants the events read last are kept.
const TENANTS_MAX: usize = 8;

/// How many events a batch may have, and how many bytes of facts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchLimits {
    pub(crate) events_max: u32,
    pub(crate) bytes_max: usize,
}

/// The events read last, of a few tenants.
#[derive(Debug, Default)]
pub(crate) struct NewEvents {
    tenants: Mutex<VecDeque<(TenantNo, Place)>>,
}

/// Locked while the events are read: the other shards of the tenant wait, and need not read.
type Place = Arc<tokio::sync::Mutex<Option<Block>>>;

/// Every event of a tenant after a position, up to some later one.
#[derive(Debug, Clone)]
struct Block {
    after: Position,
    events: Arc<Vec<StoredEvent>>,
}

/// Some events of a tenant: all that follow a position, without a gap.
#[derive(Debug)]
pub(crate) struct Batch {
    events: Arc<Vec<StoredEvent>>,
    range: Range<usize>,
    /// Whether there may be more.
    pub(crate) more: bool,
}

impl Batch {
    /// The events, by position.
    pub(crate) fn events(&self) -> &[StoredEvent] {
        &self.events[self.range.clone()]
    }
}

impl NewEvents {
    /// The events after a position. At least one when there is any, however large it is.
    pub(crate) async fn after(
        &self,
        log: &EventLog,
        tenant: TenantNo,
        after: Position,
        limits: BatchLimits,
    ) -> Result<Batch, LogError> {
        let place = self.place(tenant);
        let mut known = place.lock().await;
        if let Some(batch) = known.as_ref().and_then(|block| block.batch(after, limits)) {
            return Ok(batch);
        }
        let events = log.follow(tenant, after, limits.events_max).await?;
        let block = Block { after, events: Arc::new(events) };
        let nothing = Batch { events: Arc::default(), range: 0..0, more: false };
        let batch = block.batch(after, limits).unwrap_or(nothing);
        *known = Some(block);
        Ok(batch)
    }

    /// Forgets everything. After a failure the database may be one that was restored, in which other
    /// events follow.
    pub(crate) fn clear(&self) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn place(&self, tenant: TenantNo) -> Place {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = tenants.iter().find(|(known, _)| *known == tenant) {
            return Arc::clone(place);
        }
        let place = Place::default();
        tenants.push_back((tenant, Arc::clone(&place)));
        if tenants.len() > TENANTS_MAX {
            tenants.pop_front();
        }
        place
    }
}

impl Block {
    /// The events after a position, as far as they are here; `None` when none of them is.
    fn batch(&self, after: Position, limits: BatchLimits) -> Option<Batch> {
        if after < self.after {
            return None;
        }
        let first = self.events.partition_point(|event| event.position <= after);
        let rest = self.events.get(first..).filter(|rest| !rest.is_empty())?;
        let mut bytes = 0;
        let fitting = rest.iter().take(usize::try_from(limits.events_max).unwrap_or(usize::MAX));
        let fitting = fitting.take_while(|event| {
            bytes += event.data.len();
            bytes <= limits.bytes_max
        });
        let count = fitting.count().max(1);
        let is_full = u32::try_from(count).is_ok_and(|count| count >= limits.events_max);
        Some(Batch {
            events: Arc::clone(&self.events),
            range: first..first + count,
            more: is_full || count < rest.len(),
        })
    }
}
