//! What a batch has to know of the streams that are there already.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::{join, join3};
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::NewEvent;
use super::planned_stream::PlannedStream;
use crate::database::{Connection, begin, stream_by_id};
use crate::error::LogError;
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;

pub(crate) const READ_STREAMS: &str = concat!(
    "SELECT s.id, s.stream_no, s.kind, v.version FROM unnest($2::uuid[]) AS wanted (id) ",
    stream_by_id!("wanted.id"),
    "CROSS JOIN LATERAL (SELECT e.version FROM event e \
         WHERE e.tenant_no = $1 AND e.stream_no = s.stream_no \
         ORDER BY e.version DESC LIMIT 1) v \
     WHERE s.id = wanted.id",
);

pub(crate) const READ_STREAM_KEYS: &str = concat!(
    "SELECT s.id, k.wrapped FROM unnest($2::uuid[]) AS wanted (id) ",
    stream_by_id!("wanted.id"),
    "CROSS JOIN LATERAL (SELECT k.wrapped FROM stream_key k \
         WHERE k.tenant_no = $1 AND k.stream_no = s.stream_no LIMIT 1) k \
     WHERE s.id = wanted.id",
);

/// The streams that commands are about.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// All of them.
    pub(crate) streams: Vec<Uuid>,
    /// Those in which something is to be sealed.
    pub(crate) keys: Vec<Uuid>,
    /// The scopes of the commands that may be sent again.
    pub(crate) scopes: Vec<[u8; 32]>,
}

impl Wanted {
    /// The streams of these writes.
    pub(crate) fn of<'a>(writes: impl IntoIterator<Item = (StreamId, &'a [NewEvent])>) -> Self {
        let mut wanted = Self::default();
        for (stream, events) in writes {
            wanted.streams.push(stream.id);
            if events.iter().any(|event| event.plaintext.is_some()) {
                wanted.keys.push(stream.id);
            }
        }
        for ids in [&mut wanted.streams, &mut wanted.keys] {
            ids.sort_unstable();
            ids.dedup();
        }
        wanted
    }
}

impl Wanted {
    /// Whether there is nothing to read.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.keys.is_empty()
    }

    /// Reads what is committed now, in a transaction of its own.
    pub(super) async fn read(
        &self,
        connection: &Connection,
        statement_max: Duration,
        tenant: TenantNo,
    ) -> Result<HashMap<Uuid, PlannedStream>, LogError> {
        let reads = StreamReads::prepare(connection).await?;
        let begin = begin("READ ONLY", statement_max);
        let (started, streams, ended) = join3(
            connection.client().batch_execute(&begin),
            reads.read(connection, tenant, self),
            connection.client().batch_execute("COMMIT"),
        )
        .await;
        started?;
        let streams = streams?;
        ended?;
        Ok(streams)
    }
}

/// The two statements about streams that are there already.
pub(super) struct StreamReads {
    streams: Statement,
    keys: Statement,
}

impl StreamReads {
    pub(super) async fn prepare(connection: &Connection) -> Result<Self, LogError> {
        let client = connection.client();
        Ok(Self {
            streams: client.prepare_cached(READ_STREAMS).await?,
            keys: client.prepare_cached(READ_STREAM_KEYS).await?,
        })
    }

    pub(super) async fn read(
        &self,
        connection: &Connection,
        tenant: TenantNo,
        wanted: &Wanted,
    ) -> Result<HashMap<Uuid, PlannedStream>, LogError> {
        let read = async |statement: &Statement, ids: &Vec<Uuid>| {
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            connection.client().query(statement, &[&tenant.0, ids]).await
        };
        let (streams, keys) =
            join(read(&self.streams, &wanted.streams), read(&self.keys, &wanted.keys)).await;
        from_rows(&streams?, &keys?)
    }
}

/// Reads rows of [`READ_STREAMS`] and
/// [`READ_STREAM_KEYS`].
fn from_rows(streams: &[Row], keys: &[Row]) -> Result<HashMap<Uuid, PlannedStream>, LogError> {
    let mut planned = HashMap::with_capacity(streams.len());
    for row in streams {
        let kind = StreamKind::from_stored(row.try_get(2)?);
        let kind = kind.ok_or(LogError::Unreadable { column: "kind" })?;
        let stream = PlannedStream::stored(row.try_get(1)?, kind, row.try_get(3)?);
        planned.insert(row.try_get(0)?, stream);
    }
    for row in keys {
        let wrapped: &[u8] = row.try_get(1)?;
        if let Some(stream) = planned.get_mut(&row.try_get(0)?) {
            stream.wrapped = Some(wrapped.into());
        }
    }
    Ok(planned)
}
