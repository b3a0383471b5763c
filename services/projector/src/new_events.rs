//! The new events of a tenant, read once for all its shards that stand at about the same place.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use throughline_domain::ids::Position;
use throughline_log::{EventLog, LogError, StoredEvent, StreamKind, TenantNo};
use uuid::Uuid;

/// Of how many tenants the events read last are kept.
const TENANTS_MAX: usize = 8;

/// How much a batch may be. One event always fits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchLimits {
    pub(crate) events: u32,
    /// Bytes of facts.
    pub(crate) bytes: usize,
    /// Events that have to be folded for it: of each case, from the first to the batch's last.
    pub(crate) folded: u64,
}

/// The events read last, of a few tenants.
///
/// Memory: of each of them, the facts that one batch may have and one event more, since the log
/// gives no more at a time.
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
    /// Whether more may follow them.
    more: bool,
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
        let (count, bytes) = (limits.events, limits.bytes);
        let block =
            Block::new(after, log.follow_within(tenant, after, count, bytes).await?, limits);
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
    fn new(after: Position, events: Vec<StoredEvent>, limits: BatchLimits) -> Self {
        let bytes: usize = events.iter().map(|event| event.data.len()).sum();
        let more = limits.is_count(events.len()) || bytes >= limits.bytes;
        Self { after, events: Arc::new(events), more }
    }

    /// The events after a position, as far as they are here; `None` when none of them is.
    fn batch(&self, after: Position, limits: BatchLimits) -> Option<Batch> {
        if after < self.after {
            return None;
        }
        let first = self.events.partition_point(|event| event.position <= after);
        let rest = self.events.get(first..).filter(|rest| !rest.is_empty())?;
        let mut filling = Filling::default();
        let fitting = rest.iter().take_while(|event| filling.take(event, limits));
        let count = fitting.count().max(1);
        Some(Batch {
            events: Arc::clone(&self.events),
            range: first..first + count,
            more: self.more || count < rest.len(),
        })
    }
}

impl BatchLimits {
    /// Whether so many events are as many as a batch may have.
    fn is_count(self, events: usize) -> bool {
        u32::try_from(events).map_or(true, |events| events >= self.events)
    }
}

/// What a batch comes to, event by event.
#[derive(Debug, Default)]
struct Filling<'a> {
    events: u32,
    bytes: usize,
    folded: u64,
    /// How long each case is: a version is a place in its stream.
    cases: HashMap<&'a Uuid, u64>,
}

impl<'a> Filling<'a> {
    /// Takes one event more, and says whether it fits.
    fn take(&mut self, event: &'a StoredEvent, limits: BatchLimits) -> bool {
        self.events += 1;
        self.bytes += event.data.len();
        if event.stream.kind == StreamKind::Case {
            let length = u64::from(event.version.0.unsigned_abs());
            let known = self.cases.insert(&event.stream.id, length).unwrap_or(0);
            self.folded += length.saturating_sub(known);
        }
        self.events <= limits.events && self.bytes <= limits.bytes && self.folded <= limits.folded
    }
}
