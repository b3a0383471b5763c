//! Reading many rows in one pass, one after another, without holding them.

use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use postgres_types::{FromSql, ToSql};
use tokio_postgres::{Row, RowStream};

use crate::database::{Connection, Database, begin};
use crate::error::LogError;
use crate::hash::Hash;
use crate::micros::Micros;
use crate::row::EventRow;
use crate::stored;
use crate::stream_table::StreamTable;
use crate::verify::Flaw;

/// A scan takes as long as whoever reads it.
const SCAN_MAX: Duration = Duration::from_mins(10);

/// The rows of one statement, as they arrive.
pub(crate) struct Scan {
    connection: Connection,
    rows: Pin<Box<RowStream>>,
}

impl Scan {
    pub(crate) async fn open(
        database: &Database,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Self, LogError> {
        let connection = database.connection().await?;
        let client = connection.client();
        client.batch_execute(&begin("READ ONLY", SCAN_MAX)).await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query_raw(&statement, params.iter().copied()).await?;
        Ok(Self { connection, rows: Box::pin(rows) })
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Row>, LogError> {
        Ok(self.rows.next().await.transpose()?)
    }

    /// Gives the connection back. One that is dropped before its last row is closed instead.
    pub(crate) async fn close(self) -> Result<(), LogError> {
        drop(self.rows);
        self.connection.client().batch_execute("COMMIT").await?;
        self.connection.release();
        Ok(())
    }
}

/// The events from one position to another, both included.
pub(crate) const EVENTS: &str = "SELECT position, recorded_at, hash, stream_no, event_id, version, \
    type, schema_version, occurred_at, occurred_precision, actor, actor_role, \
    source_organisation, command_id, correlation_id, causation_id, traceparent, data, sealed \
    FROM event WHERE tenant_no = $1 AND position BETWEEN $2 AND $3 ORDER BY position";

/// The place of a row of [`EVENTS`] in the chain: its recording time and its stored hash.
pub(crate) fn link(row: &Row) -> Result<(Micros, Hash), Flaw> {
    Ok((column(row, 1, "recorded_at")?, hash(row, 2)?))
}

/// Reads a row of [`EVENTS`], whatever somebody may have made of it. With it comes its stored hash.
pub(crate) fn event<'a>(row: &'a Row, streams: &StreamTable) -> Result<(EventRow<'a>, Hash), Flaw> {
    let stream_no = column(row, 3, "stream_no")?;
    let stream = streams.find(stream_no).ok_or(Flaw::UnknownStream)?;
    let sealed: Option<&[u8]> = column(row, 18, "sealed")?;
    let precision = stored::precision(column(row, 9, "occurred_precision")?);
    let event = EventRow {
        position: column(row, 0, "position")?,
        stream_no,
        stream,
        event_id: column(row, 4, "event_id")?,
        version: column(row, 5, "version")?,
        event_type: column(row, 6, "type")?,
        schema_version: column(row, 7, "schema_version")?,
        occurred_at: column(row, 8, "occurred_at")?,
        occurred_precision: precision
            .map_err(|_| Flaw::Unreadable { column: "occurred_precision" })?,
        recorded_at: column(row, 1, "recorded_at")?,
        actor: column(row, 10, "actor")?,
        actor_role: column(row, 11, "actor_role")?,
        source_organisation: column(row, 12, "source_organisation")?,
        command_id: column(row, 13, "command_id")?,
        correlation_id: column(row, 14, "correlation_id")?,
        causation_id: column(row, 15, "causation_id")?,
        traceparent: column(row, 16, "traceparent")?,
        data: column(row, 17, "data")?,
        sealed: sealed.map(Into::into),
    };
    Ok((event, hash(row, 2)?))
}

fn hash(row: &Row, index: usize) -> Result<Hash, Flaw> {
    let bytes: &[u8] = column(row, index, "hash")?;
    bytes.try_into().map_err(|_| Flaw::Unreadable { column: "hash" })
}

fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize, name: &'static str) -> Result<T, Flaw> {
    row.try_get(index).map_err(|_| Flaw::Unreadable { column: name })
}
