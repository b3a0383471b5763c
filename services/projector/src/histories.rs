//! The histories of the cases in a batch: from memory where they are whole there, else from the log.

use std::collections::HashMap;
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
pub(crate) type History = Arc<Vec<Recorded<CaseEvent>>>;

/// Histories of busy cases, shared by all shards.
///
/// Events never change and a stream's versions have no gaps, so a history that ends at version n is
/// whole once the stream's next events begin at n + 1. A shard that is behind another one takes the
/// part of the history up to its own position.
#[derive(Debug)]
pub(crate) struct Histories {
    cached: Mutex<Cached>,
}

/// Two generations: what was not used while a whole new one filled up is forgotten.
#[derive(Debug)]
struct Cached {
    young: HashMap<(TenantNo, Uuid), History>,
    old: HashMap<(TenantNo, Uuid), History>,
    young_events: usize,
    young_events_max: usize,
}

impl Histories {
    pub(crate) fn new(cached_events_max: usize) -> Self {
        Self {
            cached: Mutex::new(Cached {
                young: HashMap::new(),
                old: HashMap::new(),
                young_events: 0,
                young_events_max: cached_events_max / 2,
            }),
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let young_events_max = cached.young_events_max;
        *cached = Cached {
            young: HashMap::new(),
            old: HashMap::new(),
            young_events: 0,
            young_events_max,
        };
    }

    /// The histories of `cases`, each with its new events, up to a position.
    pub(crate) async fn load(
        &self,
        log: &EventLog,
        tenant: TenantNo,
        cases: &[Touched<'_>],
        upto: Position,
    ) -> Result<HashMap<Uuid, Result<History, Poison>>, LogError> {
        let mut loaded = HashMap::with_capacity(cases.len());
        let mut missing = Vec::new();
        for (case, new) in cases {
            match self.extended(tenant, *case, new) {
                Some(history) => {
                    loaded.insert(*case, Ok(history));
                }
                None => missing.push(StreamId { kind: StreamKind::Case, id: *case }),
            }
        }
        if !missing.is_empty() {
            for history in log.read_streams(tenant, &missing, upto).await? {
                let case = history.stream.id;
                let decoded = decode(&history.events).map(Arc::new);
                if let Ok(history) = &decoded {
                    self.keep(tenant, case, history);
                }
                loaded.insert(case, decoded);
            }
        }
        Ok(loaded)
    }

    /// The history in memory with its new events added, when it is whole so.
    fn extended(&self, tenant: TenantNo, case: Uuid, new: &[&StoredEvent]) -> Option<History> {
        let first = new.first()?.version.0;
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let mut history = cached.take((tenant, case)).unwrap_or_default();
        let known = history.last().map_or(0, |last| last.version.0);
        // Another shard may have added some of them, or all.
        let unknown: Vec<&StoredEvent> =
            new.iter().copied().filter(|e| e.version.0 > known).collect();
        let is_whole = first <= known + 1;
        let decoded = if is_whole { decode(unknown) } else { Ok(Vec::new()) };
        let is_readable = match decoded {
            Ok(decoded) if !decoded.is_empty() => {
                Arc::make_mut(&mut history).extend(decoded);
                true
            }
            Ok(_) => true,
            Err(_) => false,
        };
        if !history.is_empty() {
            cached.put((tenant, case), Arc::clone(&history));
        }
        (is_whole && is_readable).then_some(history)
    }

    fn keep(&self, tenant: TenantNo, case: Uuid, history: &History) {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cached.take((tenant, case)).unwrap_or_default();
        let longer = if known.len() > history.len() { known } else { Arc::clone(history) };
        cached.put((tenant, case), longer);
    }
}

impl Cached {
    fn take(&mut self, key: (TenantNo, Uuid)) -> Option<History> {
        if let Some(history) = self.young.remove(&key) {
            self.young_events = self.young_events.saturating_sub(history.len());
            return Some(history);
        }
        self.old.remove(&key)
    }

    fn put(&mut self, key: (TenantNo, Uuid), history: History) {
        self.young_events += history.len();
        self.young.insert(key, history);
        if self.young_events > self.young_events_max {
            self.old = std::mem::take(&mut self.young);
            self.young_events = 0;
        }
    }
}

fn decode<'a>(
    events: impl IntoIterator<Item = &'a StoredEvent>,
) -> Result<Vec<Recorded<CaseEvent>>, Poison> {
    events
        .into_iter()
        .map(|event| {
            event.to_case_event().map_err(|error| Poison {
                error_class: match error {
                    UnreadableEvent::UnknownType { .. } => "unknown_type",
                    UnreadableEvent::Malformed { .. } => "malformed",
                },
                event: Some(PoisonedEvent {
                    position: event.position,
                    event_id: event.event_id,
                    event_type: event.event_type.clone(),
                }),
            })
        })
        .collect()
}
