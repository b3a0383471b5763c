//! Replaying: every stream of a kind, whole, one after another, for folds over all cases.
//!
//! Streams are read in ranges of their numbers by binary COPY, ahead of the fold by a few batches
//! and no more. What is sealed is not fetched: nothing that replays can leak an identity.

mod copied_row;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use throughline_domain::ids::Position;
use tokio::sync::mpsc;
use uuid::Uuid;

use self::copied_row::{COLUMNS, CopiedRow};
use crate::database::{Database, begin};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stored::StoredEvent;
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;

/// About how many events one COPY is to give. A larger range visits each page of the table less
/// often; the sort must still fit into [`SORT_MEMORY`].
const RANGE_EVENTS: i64 = 50_000;
const SORT_MEMORY: &str = "64MB";

/// How many events go to the fold at a time, and how many such batches are read ahead.
const BATCH_EVENTS: usize = 1000;
const BATCHES_AHEAD: usize = 4;

/// A range takes as long as the fold behind it.
const RANGE_MAX: Duration = Duration::from_mins(10);

/// One stream with all of its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHistory {
    /// The stream.
    pub stream: StreamId,
    /// Its events, by version, without what is sealed.
    pub events: Vec<StoredEvent>,
}

type Batch = Result<Vec<StreamHistory>, LogError>;

impl EventLog {
    /// Every stream of one kind with its events up to a position, by stream number.
    ///
    /// The first error ends it. Dropping it ends the reading.
    ///
    /// Shape: a stream without an event up to that position does not come. Memory: some thousand
    /// events, or one stream if that is longer.
    pub fn replay(
        &self,
        tenant: TenantNo,
        kind: StreamKind,
        upto: Position,
    ) -> impl Stream<Item = Result<StreamHistory, LogError>> + Send + use<> {
        self.replay_streams(tenant, kind, upto, 1..=i64::MAX)
    }

    /// As [`EventLog::replay`], but only streams whose numbers lie in a range: to share the work,
    /// or to take it up again. The numbers run from 1 to [`crate::Head::streams`].
    pub fn replay_streams(
        &self,
        tenant: TenantNo,
        kind: StreamKind,
        upto: Position,
        numbers: RangeInclusive<i64>,
    ) -> impl Stream<Item = Result<StreamHistory, LogError>> + Send + use<> {
        let (batches, queue) = mpsc::channel(BATCHES_AHEAD);
        let log = self.clone();
        let reader = Replay { tenant, kind, upto, batches };
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

struct Replay {
    tenant: TenantNo,
    kind: StreamKind,
    upto: Position,
    batches: mpsc::Sender<Batch>,
}

impl Replay {
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
        if ids.is_empty() {
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
        let mut gathered = Gathered::new(ids, self.kind);
        while let Some(row) = rows.next().await {
            let row = row?;
            let Some(row) = CopiedRow::parse(&row)? else {
                continue;
            };
            gathered.take(&row)?;
            if gathered.events >= BATCH_EVENTS && self.send(gathered.complete()).await.is_none() {
                // Nobody listens any more. The connection is closed with the COPY on it.
                return Ok(());
            }
        }
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

    async fn send(&self, histories: Vec<StreamHistory>) -> Option<()> {
        if histories.is_empty() {
            return Some(());
        }
        self.batches.send(Ok(histories)).await.ok()
    }
}

/// Rows on their way to becoming whole streams.
struct Gathered {
    ids: HashMap<i64, Uuid>,
    kind: StreamKind,
    histories: Vec<StreamHistory>,
    current: Option<i64>,
    events: usize,
}

impl Gathered {
    fn new(ids: HashMap<i64, Uuid>, kind: StreamKind) -> Self {
        Self { ids, kind, histories: Vec::new(), current: None, events: 0 }
    }

    /// Takes a row, unless its stream is of another kind.
    fn take(&mut self, row: &CopiedRow<'_>) -> Result<(), LogError> {
        let stream_no = row.stream_no()?;
        if self.current != Some(stream_no) {
            let Some(id) = self.ids.get(&stream_no) else {
                return Ok(());
            };
            self.histories.push(StreamHistory {
                stream: StreamId { kind: self.kind, id: *id },
                events: Vec::new(),
            });
            self.current = Some(stream_no);
        }
        if let Some(history) = self.histories.last_mut() {
            history.events.push(row.to_event(history.stream)?);
            self.events += 1;
        }
        Ok(())
    }

    /// The streams that are whole: all but the last.
    fn complete(&mut self) -> Vec<StreamHistory> {
        let Some(last) = self.histories.pop() else {
            return Vec::new();
        };
        self.events = last.events.len();
        std::mem::replace(&mut self.histories, vec![last])
    }

    fn all(&mut self) -> Vec<StreamHistory> {
        std::mem::take(&mut self.histories)
    }
}
