//! Replaying: every stream of a kind, whole, one after another, for folds over all cases.
//!
//! Streams are read in ranges of their numbers by binary COPY, ahead of the fold by a few batches
//! and no more. An event is decoded where it was received, so that nothing of it is copied but what
//! the fold keeps. What is sealed is not fetched, nor who wrote it: nothing that replays can leak an
//! identity.

mod copied_row;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::case::event::UnreadableEvent;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::recorded::Recorded;
use throughline_domain::time::Occurred;
use tokio::sync::mpsc;
use uuid::Uuid;

use self::copied_row::{COLUMNS, CopiedRow};
use crate::database::{Database, begin};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;

/// About how many events one COPY is to give. A larger range visits each page of the table less
/// often; the sort must still fit into [`SORT_MEMORY`].
const RANGE_EVENTS: i64 = 50_000;
const SORT_MEMORY: &str = "64MB";

/// How many events or bytes of facts go to the fold at a time, and how many such batches are read
/// ahead.
const BATCH_EVENTS: usize = 1000;
const BATCH_BYTES: usize = 2 * 1024 * 1024;
const BATCHES_AHEAD: usize = 4;

/// The range of all streams.
pub const EVERY_STREAM: RangeInclusive<i64> = 1..=i64::MAX;

/// A range takes as long as the fold behind it.
const RANGE_MAX: Duration = Duration::from_mins(10);

/// One event as a fold needs it, borrowed from where it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayedEvent<'a> {
    /// Its place in the tenant's log.
    pub position: Position,
    /// Its place in its stream.
    pub version: Version,
    /// The id it is known by for ever.
    pub event_id: EventId,
    /// The stored type name.
    pub event_type: &'a str,
    /// The version of that type's stored form.
    pub schema_version: i16,
    /// When it happened.
    pub occurred: Occurred,
    /// When the log took it.
    pub recorded_at: Timestamp,
    /// The coded facts: the exact JSON text that was given.
    pub data: &'a str,
}

/// One stream with all of its events, by version.
#[derive(Debug, PartialEq, Eq)]
pub struct Replayed<T> {
    /// The stream.
    pub stream: StreamId,
    /// Its events as they were decoded, or the first that cannot be read.
    pub events: Result<Vec<T>, UnreadableStream>,
    /// How many bytes of facts they were decoded from.
    pub bytes: usize,
}

/// A stream has an event that this program cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {position} of {stream} cannot be read")]
pub struct UnreadableStream {
    /// The stream.
    pub stream: StreamId,
    /// The event.
    pub position: Position,
    /// Why.
    pub source: UnreadableEvent,
}

/// How the events of a replay are read.
pub type Decode<T> = fn(&ReplayedEvent<'_>) -> Result<T, UnreadableEvent>;

type Batch<T> = Result<Vec<Replayed<T>>, LogError>;

/// Reads the event of a case.
///
/// # Errors
/// [`UnreadableEvent`] when the type, version or facts are not known.
pub fn case_event(event: &ReplayedEvent<'_>) -> Result<Recorded<CaseEvent>, UnreadableEvent> {
    Ok(Recorded {
        position: event.position,
        version: event.version,
        recorded_at: event.recorded_at,
        event_id: event.event_id,
        occurred: event.occurred,
        event: CaseEvent::from_stored(event.event_type, event.schema_version, event.data)?,
    })
}

impl EventLog {
    /// Every case with its events up to a position, by stream number. See [`EventLog::replay`].
    pub fn replay_cases(
        &self,
        tenant: TenantNo,
        upto: Position,
        numbers: RangeInclusive<i64>,
    ) -> impl Stream<Item = Result<Replayed<Recorded<CaseEvent>>, LogError>> + Send + use<> {
        self.replay(tenant, StreamKind::Case, upto, numbers, case_event)
    }

    /// The same, and `read` counts every event of the range up to the position, whatever its stream
    /// is, before the cases that come with it: over ranges that hold every stream once, the counts
    /// add up to the position, because positions are dense.
    pub fn replay_cases_counting(
        &self,
        tenant: TenantNo,
        upto: Position,
        numbers: RangeInclusive<i64>,
        read: Arc<AtomicU64>,
    ) -> impl Stream<Item = Result<Replayed<Recorded<CaseEvent>>, LogError>> + Send + use<> {
        self.replay_range(tenant, StreamKind::Case, upto, numbers, case_event, Some(read))
    }

    /// Every stream of one kind whose number lies in a range, with its events up to a position, by
    /// stream number.
    ///
    /// The numbers run from 1 to [`crate::Head::streams`]; a range serves to share the work, or to
    /// take it up again, and [`crate::EVERY_STREAM`] is all of them. A stream that cannot be read
    /// says so, and the others come all the same; any other error ends the replay, and so does
    /// dropping it.
    ///
    /// Shape: a stream without an event up to that position does not come. Memory: some thousand
    /// events and some megabytes of facts, or one stream if that is longer.
    pub fn replay<T: Send + 'static>(
        &self,
        tenant: TenantNo,
        kind: StreamKind,
        upto: Position,
        numbers: RangeInclusive<i64>,
        decode: Decode<T>,
    ) -> impl Stream<Item = Result<Replayed<T>, LogError>> + Send + use<T> {
        self.replay_range(tenant, kind, upto, numbers, decode, None)
    }

    fn replay_range<T: Send + 'static>(
        &self,
        tenant: TenantNo,
        kind: StreamKind,
        upto: Position,
        numbers: RangeInclusive<i64>,
        decode: Decode<T>,
        read: Option<Arc<AtomicU64>>,
    ) -> impl Stream<Item = Result<Replayed<T>, LogError>> + Send + use<T> {
        let (batches, queue) = mpsc::channel(BATCHES_AHEAD);
        let log = self.clone();
        let reader = Replay { tenant, kind, upto, decode, read, batches };
        // A task of its own: while the fold works on one batch, the next is read and decoded.
        tokio::spawn(async move {
            if let Err(error) = reader.read(&log, numbers).await {
                let _ = reader.batches.send(Err(error)).await;
            }
        });
        let received = stream::unfold(queue, async |mut queue| Some((queue.recv().await?, queue)));
        received.flat_map(|batch| {
            let (histories, error) = match batch {
                Ok(histories) => (histories, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            stream::iter(histories.into_iter().map(Ok).chain(error))
        })
    }
}

struct Replay<T> {
    tenant: TenantNo,
    kind: StreamKind,
    upto: Position,
    decode: Decode<T>,
    /// Counts every event, whichever kind its stream is of.
    read: Option<Arc<AtomicU64>>,
    batches: mpsc::Sender<Batch<T>>,
}

impl<T> Replay<T> {
    async fn read(&self, log: &EventLog, numbers: RangeInclusive<i64>) -> Result<(), LogError> {
        let head = log.head(self.tenant).await?;
        let last = head.streams.min(*numbers.end());
        let per_range = RANGE_EVENTS.saturating_mul(head.streams) / head.position.0.max(1);
        let per_range = per_range.max(1);
        let mut first = (*numbers.start()).max(1);
        while first <= last && !self.batches.is_closed() {
            let end = last.min(first.saturating_add(per_range - 1));
            self.read_range(log.database(), first..=end).await?;
            first = end + 1;
        }
        Ok(())
    }

    async fn read_range(
        &self,
        database: &Database,
        numbers: RangeInclusive<i64>,
    ) -> Result<(), LogError> {
        let ids = self.ids(database, &numbers).await?;
        if ids.is_empty() && self.read.is_none() {
            return Ok(());
        }
        let connection = database.connection().await?;
        let client = connection.client();
        let begin = begin("READ ONLY", RANGE_MAX);
        let begin = format!("{begin}; SET LOCAL work_mem = '{SORT_MEMORY}'");
        client.batch_execute(&begin).await?;
        let copy = self.copy(&numbers);
        let rows = client.copy_out(copy.as_str()).await?;
        let mut rows = pin!(rows);
        let mut gathered = Gathered::new(ids, self.kind, self.decode);
        let mut received = 0;
        while let Some(row) = rows.next().await {
            let row = row?;
            let Some(row) = CopiedRow::parse(&row)? else {
                continue;
            };
            received += 1;
            gathered.take(&row)?;
            if gathered.is_batch() {
                self.count(std::mem::take(&mut received));
                if self.send(gathered.complete()).await.is_none() {
                    // Nobody listens any more. The connection is closed with the COPY on it.
                    return Ok(());
                }
            }
        }
        self.count(received);
        let _ = self.send(gathered.all()).await;
        client.batch_execute("COMMIT").await?;
        connection.release();
        Ok(())
    }

    async fn ids(
        &self,
        database: &Database,
        numbers: &RangeInclusive<i64>,
    ) -> Result<HashMap<i64, Uuid>, LogError> {
        let sql = "SELECT stream_no, id FROM stream \
                   WHERE tenant_no = $1 AND stream_no BETWEEN $2 AND $3 AND kind = $4 \
                   ORDER BY stream_no";
        let kind = self.kind.as_str();
        let (first, last) = (numbers.start(), numbers.end());
        let rows = database.read(sql, &[&self.tenant.0, first, last, &kind]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// COPY takes no parameters; these are numbers all.
    fn copy(&self, numbers: &RangeInclusive<i64>) -> String {
        format!(
            "COPY (SELECT {COLUMNS} FROM event WHERE tenant_no = {} \
             AND stream_no BETWEEN {} AND {} AND position <= {} ORDER BY stream_no, version) \
             TO STDOUT (FORMAT binary)",
            self.tenant,
            numbers.start(),
            numbers.end(),
            self.upto
        )
    }

    fn count(&self, received: u64) {
        if let Some(read) = &self.read {
            read.fetch_add(received, Ordering::Relaxed);
        }
    }

    async fn send(&self, histories: Vec<Replayed<T>>) -> Option<()> {
        if histories.is_empty() {
            return Some(());
        }
        self.batches.send(Ok(histories)).await.ok()
    }
}

/// Rows on their way to becoming whole streams.
struct Gathered<T> {
    ids: HashMap<i64, Uuid>,
    kind: StreamKind,
    decode: Decode<T>,
    histories: Vec<Replayed<T>>,
    current: Option<i64>,
    /// The events of all but the last, and of the last; and their bytes of facts.
    events: usize,
    bytes: usize,
}

impl<T> Gathered<T> {
    fn new(ids: HashMap<i64, Uuid>, kind: StreamKind, decode: Decode<T>) -> Self {
        Self { ids, kind, decode, histories: Vec::new(), current: None, events: 0, bytes: 0 }
    }

    /// Whether there is enough to be sent.
    fn is_batch(&self) -> bool {
        self.events >= BATCH_EVENTS || self.bytes >= BATCH_BYTES
    }

    /// Takes a row, unless its stream is of another kind.
    fn take(&mut self, row: &CopiedRow<'_>) -> Result<(), LogError> {
        let stream_no = row.stream_no()?;
        if self.current != Some(stream_no) {
            let Some(id) = self.ids.get(&stream_no) else {
                return Ok(());
            };
            let stream = StreamId { kind: self.kind, id: *id };
            self.histories.push(Replayed { stream, events: Ok(Vec::new()), bytes: 0 });
            self.current = Some(stream_no);
        }
        let Some(Replayed { stream, events: Ok(events), bytes }) = self.histories.last_mut() else {
            // Of a stream that cannot be read, the rest is not looked at.
            return Ok(());
        };
        let event = row.event()?;
        match (self.decode)(&event) {
            Ok(decoded) => {
                events.push(decoded);
                *bytes += event.data.len();
                self.events += 1;
                self.bytes += event.data.len();
            }
            Err(source) => {
                let (stream, position) = (*stream, event.position);
                let unreadable = UnreadableStream { stream, position, source };
                if let Some(last) = self.histories.last_mut() {
                    last.events = Err(unreadable);
                }
            }
        }
        Ok(())
    }

    /// The streams that are whole: all but the last.
    fn complete(&mut self) -> Vec<Replayed<T>> {
        let Some(last) = self.histories.pop() else {
            return Vec::new();
        };
        self.events = last.events.as_ref().map_or(0, Vec::len);
        self.bytes = last.bytes;
        std::mem::replace(&mut self.histories, vec![last])
    }

    fn all(&mut self) -> Vec<Replayed<T>> {
        std::mem::take(&mut self.histories)
    }
}
