//! Deciding a batch: what each command gets, and the rows that come of it.
//!
//! No I/O: the head and the streams were read, under the tenant's lock, before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use throughline_domain::ids::{Position, Version};
use uuid::Uuid;

use super::idempotency::Keys;
use super::planned_stream::PlannedStream;
use super::tail::Tail;
use super::transaction::Opened;
use super::{Append, AppendError, Appended, CommandMeta, NewEvent, StreamWrite};
use crate::backend::Backend;
use crate::error::LogError;
use crate::hash::{self, Hash};
use crate::micros::Micros;
use crate::row::{EventRow, HashedRow};
use crate::seal::TenantKey;
use crate::stream::StreamId;
use crate::tenant::TenantNo;

/// Where the log ends; moves on as rows are placed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogHead {
    pub(crate) position: i64,
    pub(crate) recorded_at: Option<Micros>,
    pub(crate) hash: Hash,
    pub(crate) streams: i64,
}

/// The rows of a batch in the making.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) tenant: TenantNo,
    pub(crate) head_before: LogHead,
    pub(crate) head: LogHead,
    pub(crate) streams: HashMap<Uuid, PlannedStream>,
    pub(crate) rows: Vec<HashedRow<'a>>,
    pub(crate) keys: Keys,
    key: Arc<TenantKey>,
}

/// What a command changes, as long as it may still be refused.
struct Draft {
    /// How many streams the log will have.
    streams: i64,
    touched: HashMap<Uuid, PlannedStream>,
    /// What each event has sealed, in order.
    sealed: Vec<Option<Vec<u8>>>,
}

impl<'a> Plan<'a> {
    /// Takes over what an open transaction has read.
    pub(crate) fn new(
        backend: &Backend,
        tenant: TenantNo,
        opened: &mut Opened,
    ) -> Result<Self, LogError> {
        Ok(Self {
            tenant,
            head_before: opened.head,
            head: opened.head,
            streams: std::mem::take(&mut opened.streams),
            rows: Vec::new(),
            keys: std::mem::take(&mut opened.keys),
            key: backend.tenant_key(tenant, &opened.wrapped_tenant_key)?,
        })
    }

    /// A plan on the strength of what the appender knows, with streams from there or just read.
    pub(super) fn ahead(
        tenant: TenantNo,
        tail: &Tail,
        streams: HashMap<Uuid, PlannedStream>,
        events: usize,
    ) -> Self {
        Self {
            tenant,
            head_before: tail.head,
            head: tail.head,
            streams,
            rows: Vec::with_capacity(events),
            // Keys are not read: one that is there already is refused by its index.
            keys: Keys::default(),
            key: Arc::clone(&tail.key),
        }
    }

    pub(super) fn key(&self) -> Arc<TenantKey> {
        Arc::clone(&self.key)
    }

    pub(crate) fn position(&self) -> Position {
        Position(self.head.position)
    }

    /// Places a command's events, or says why not: then nothing of the plan has changed.
    pub(crate) fn place(
        &mut self,
        append: &'a Append,
        now: Micros,
    ) -> Result<Appended, AppendError> {
        self.keys.check(append)?;
        let mut draft = Draft {
            streams: self.head.streams,
            touched: HashMap::new(),
            sealed: Vec::with_capacity(append.event_count()),
        };
        let versions = append.writes.iter().map(|write| self.draft(&mut draft, write));
        let versions = versions.collect::<Result<Vec<Version>, AppendError>>()?;

        // Nothing refuses from here on.
        self.head.streams = draft.streams;
        let first = Position(self.head.position + 1);
        let mut sealed = draft.sealed.into_iter();
        for write in append.writes.iter().filter(|write| !write.events.is_empty()) {
            let stream_no = draft.touched[&write.stream.id].stream_no;
            for (version, event) in (write.expected.0 + 1..).zip(&write.events) {
                let place = Place {
                    stream: write.stream,
                    stream_no,
                    version,
                    recorded_at: self.next_recorded_at(now),
                };
                self.push(&append.meta, place, event, sealed.next().flatten());
            }
        }
        self.streams.extend(draft.touched);
        let (last, recorded_at) = (self.position(), self.recorded_at()?);
        let appended = Appended { first, last, recorded_at, versions };
        self.keys.add(append, &appended);
        Ok(appended)
    }

    /// Checks one write of a command; its stream's version after it.
    fn draft(&self, draft: &mut Draft, write: &StreamWrite) -> Result<Version, AppendError> {
        let id = write.stream.id;
        let known = draft.touched.get(&id).or_else(|| self.streams.get(&id));
        if known.is_some_and(|known| known.kind != write.stream.kind) {
            let stream = write.stream;
            return Err(LogError::OtherKind { stream }.into());
        }
        let current = Version(known.map_or(0, |known| known.version));
        if current != write.expected {
            let stream = write.stream;
            return Err(AppendError::Conflict { stream, current });
        }
        if write.events.is_empty() {
            return Ok(current);
        }
        let mut stream = if let Some(known) = known {
            known.clone()
        } else {
            draft.streams += 1;
            PlannedStream::new(&self.key, write.stream, draft.streams)?
        };
        for event in &write.events {
            draft.sealed.push(stream.add(&self.key, write.stream, event)?);
        }
        let version = Version(stream.version);
        draft.touched.insert(id, stream);
        Ok(version)
    }

    /// Places one event of a history after whatever its stream holds.
    pub(crate) fn place_loaded(
        &mut self,
        stream_id: StreamId,
        meta: &'a CommandMeta,
        event: &'a NewEvent,
        recorded_at: Micros,
    ) -> Result<(), LogError> {
        let mut stream = match self.streams.remove(&stream_id.id) {
            Some(known) if known.kind != stream_id.kind => {
                return Err(LogError::OtherKind { stream: stream_id });
            }
            Some(known) => known,
            None => {
                self.head.streams += 1;
                PlannedStream::new(&self.key, stream_id, self.head.streams)?
            }
        };
        let sealed = stream.add(&self.key, stream_id, event)?;
        let place = Place {
            stream: stream_id,
            stream_no: stream.stream_no,
            version: stream.version,
            recorded_at,
        };
        self.push(meta, place, event, sealed);
        self.streams.insert(stream_id.id, stream);
        Ok(())
    }

    fn push(
        &mut self,
        meta: &'a CommandMeta,
        place: Place,
        event: &'a NewEvent,
        sealed: Option<Vec<u8>>,
    ) {
        let row = EventRow {
            position: self.head.position + 1,
            stream_no: place.stream_no,
            stream: place.stream,
            event_id: event.event_id.0,
            version: place.version,
            schema_version: event.schema_version,
            event_type: event.event_type,
            occurred_at: event.occurred.at.into(),
            occurred_precision: event.occurred.precision,
            recorded_at: place.recorded_at,
            actor: &meta.actor,
            actor_role: &meta.actor_role,
            source_organisation: meta.source_organisation.as_deref(),
            command_id: meta.command_id,
            correlation_id: meta.correlation_id,
            causation_id: meta.causation_id,
            traceparent: meta.traceparent.as_deref(),
            data: &event.data,
            sealed: sealed.map(Cow::Owned),
        };
        let hash = hash::event(&self.head.hash, &row);
        self.head = LogHead {
            position: row.position,
            recorded_at: Some(row.recorded_at),
            hash,
            streams: self.head.streams,
        };
        self.rows.push(HashedRow { row, hash });
    }

    /// Now, or a microsecond after the event before, whichever is later.
    fn next_recorded_at(&self, now: Micros) -> Micros {
        match self.head.recorded_at {
            Some(Micros(previous)) => now.max(Micros(previous + 1)),
            None => now,
        }
    }

    fn recorded_at(&self) -> Result<jiff::Timestamp, LogError> {
        let recorded_at = self.head.recorded_at.and_then(Micros::timestamp);
        recorded_at.ok_or(LogError::Unreadable { column: "recorded_at" })
    }
}

/// Where and when an event goes.
#[derive(Clone, Copy)]
struct Place {
    stream: StreamId,
    stream_no: i64,
    version: i32,
    recorded_at: Micros,
}
