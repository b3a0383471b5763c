//! The histories of the cases in a batch: from memory where they are whole there, else from the log.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use throughline_domain::case::CaseEvent;
use throughline_domain::ids::Position;
use throughline_domain::recorded::Recorded;
use throughline_log::{
    EventLog, LogError, StoredEvent, StreamId, StreamKind, TenantNo, UnreadableEvent,
};
use uuid::Uuid;

use crate::fold::Touched;
use crate::parking::{Poison, PoisonedEvent};

/// One case's events, at least up to the position asked for, and whole from the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) events: Vec<Recorded<CaseEvent>>,
    /// How much memory they take, more or less.
    bytes: usize,
}

/// What was loaded of some cases.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The cases that were; one that has no events is not among them.
    pub(crate) histories: HashMap<Uuid, Result<Arc<History>, Poison>>,
    /// Those to be loaded next.
    pub(crate) left: HashSet<Uuid>,
}

/// Histories of busy cases, shared by all shards.
///
/// Memory: what is kept is bounded in bytes, and so is what is read of the log at a time, but for
/// one case, which is read whole however long it is.
///
/// Events never change and a stream's versions have no gaps, so a history that ends at version n is
/// whole once the stream's next events begin at n + 1. A shard that is behind another one takes the
/// part of the history up to its own position.
#[derive(Debug)]
pub(crate) struct Histories {
    cached: Mutex<Cached>,
    read_bytes_max: usize,
}

/// Two generations: what was not used while a whole new one filled up is forgotten.
#[derive(Debug)]
struct Cached {
    young: HashMap<(TenantNo, Uuid), Arc<History>>,
    old: HashMap<(TenantNo, Uuid), Arc<History>>,
    young_bytes: usize,
    young_bytes_max: usize,
}

impl Histories {
    /// Histories of which about `cached_bytes_max` are kept, and `read_bytes_max` of facts are
    /// read at a time.
    pub(crate) fn new(cached_bytes_max: usize, read_bytes_max: usize) -> Self {
        let cached = Mutex::new(Cached::new(cached_bytes_max / 2));
        Self { cached, read_bytes_max }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        *cached = Cached::new(cached.young_bytes_max);
    }

    /// The histories of `cases`, each with its new events, up to a position: of one at least, and
    /// of no more than may be read at a time.
    pub(crate) async fn load(
        &self,
        log: &EventLog,
        tenant: TenantNo,
        cases: &[&Touched<'_>],
        upto: Position,
    ) -> Result<Loaded, LogError> {
        let mut loaded = Loaded::default();
        let mut missing = Vec::new();
        for (case, new) in cases {
            match self.extended(tenant, *case, new) {
                Some(history) => {
                    loaded.histories.insert(*case, Ok(history));
                }
                None => missing.push(StreamId { kind: StreamKind::Case, id: *case }),
            }
        }
        if !missing.is_empty() {
            let read = log.read_streams(tenant, &missing, upto, self.read_bytes_max).await?;
            for history in read.histories {
                let case = history.stream.id;
                let mut decoded = History::default();
                let decoded = decoded.extend(&history.events).map(|()| Arc::new(decoded));
                if let Ok(history) = &decoded {
                    self.keep(tenant, case, history);
                }
                loaded.histories.insert(case, decoded);
            }
            loaded.left.extend(read.left.iter().map(|stream| stream.id));
        }
        Ok(loaded)
    }

    /// The history in memory with its new events added, when it is whole so.
    fn extended(&self, tenant: TenantNo, case: Uuid, new: &[&StoredEvent]) -> Option<Arc<History>> {
        let first = new.first()?.version.0;
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let mut history = cached.take((tenant, case)).unwrap_or_default();
        let known = history.events.last().map_or(0, |last| last.version.0);
        // Another shard may have added some of them, or all.
        let unknown: Vec<&StoredEvent> =
            new.iter().copied().filter(|e| e.version.0 > known).collect();
        let is_whole = first <= known + 1;
        let is_readable =
            !is_whole || unknown.is_empty() || Arc::make_mut(&mut history).extend(unknown).is_ok();
        if !history.events.is_empty() {
            cached.put((tenant, case), Arc::clone(&history));
        }
        (is_whole && is_readable).then_some(history)
    }

    fn keep(&self, tenant: TenantNo, case: Uuid, history: &Arc<History>) {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cached.take((tenant, case)).unwrap_or_default();
        let is_longer = known.events.len() > history.events.len();
        let longer = if is_longer { known } else { Arc::clone(history) };
        cached.put((tenant, case), longer);
    }
}

impl Cached {
    fn new(young_bytes_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, young_bytes_max }
    }

    fn take(&mut self, key: (TenantNo, Uuid)) -> Option<Arc<History>> {
        if let Some(history) = self.young.remove(&key) {
            self.young_bytes = self.young_bytes.saturating_sub(history.bytes);
            return Some(history);
        }
        self.old.remove(&key)
    }

    fn put(&mut self, key: (TenantNo, Uuid), history: Arc<History>) {
        self.young_bytes += history.bytes;
        self.young.insert(key, history);
        if self.young_bytes > self.young_bytes_max {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

impl History {
    /// Adds events, all or none.
    fn extend<'a>(
        &mut self,
        events: impl IntoIterator<Item = &'a StoredEvent>,
    ) -> Result<(), Poison> {
        let (events_before, bytes_before) = (self.events.len(), self.bytes);
        for event in events {
            match event.to_case_event() {
                Ok(decoded) => {
                    self.events.push(decoded);
                    self.bytes += size_of::<Recorded<CaseEvent>>() + event.data.len();
                }
                Err(error) => {
                    self.events.truncate(events_before);
                    self.bytes = bytes_before;
                    return Err(poison(event, &error));
                }
            }
        }
        Ok(())
    }
}

fn poison(event: &StoredEvent, error: &UnreadableEvent) -> Poison {
    Poison {
        error_class: match error {
            UnreadableEvent::UnknownType { .. } => "unknown_type",
            UnreadableEvent::Malformed { .. } => "malformed",
        },
        event: Some(PoisonedEvent {
            position: event.position,
            event_id: event.event_id,
            event_type: event.event_type.clone(),
        }),
    }
}
