//! The bare database: what the same server does with rows, without a log on it.
//!
//! The table has the key columns of `event` and the same three keys, and beside them the type, the
//! recording time and the facts of the same casework. Nothing else of the log is there: no hash, no
//! actor, no trigger, no version that is checked before.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use throughline_log::DatabaseError;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::casework::texts;
use super::closed_loop::Caller;
use super::databases::Place;
use super::statistics::to_f64;

const CREATE: &str = "\
    CREATE TABLE IF NOT EXISTS bare_event (\
        tenant_no integer NOT NULL, \
        position bigint NOT NULL, \
        stream_no bigint NOT NULL, \
        version integer NOT NULL, \
        event_id uuid NOT NULL, \
        type text NOT NULL, \
        recorded_at timestamptz NOT NULL, \
        data text NOT NULL, \
        PRIMARY KEY (tenant_no, position), \
        UNIQUE (tenant_no, stream_no, version), \
        UNIQUE (tenant_no, event_id))";

const COLUMNS: &str = "tenant_no, position, stream_no, version, event_id, type, recorded_at, data";

const TYPES: [Type; 8] = [
    Type::INT4,
    Type::INT8,
    Type::INT8,
    Type::INT4,
    Type::UUID,
    Type::TEXT,
    Type::TIMESTAMPTZ,
    Type::TEXT,
];

const TENANT: i32 = 1;
/// How many different texts are stored, over and over.
const TEXTS: usize = 1000;
/// How many rows a stream gets, as a case does on average.
const STREAM_ROWS: i32 = 15;

/// One connection that inserts row after row, each committed by itself.
pub(super) struct Inserter {
    client: Client,
    statement: Statement,
    shared: Arc<Shared>,
    row: Row,
}

/// What the inserters of one table have in common.
struct Shared {
    texts: Vec<(&'static str, String)>,
    /// The last position that was given out, and the last stream.
    position: AtomicI64,
    stream: AtomicI64,
}

#[derive(Clone, Copy, Default)]
struct Row {
    stream_no: i64,
    version: i32,
}

impl Shared {
    fn new() -> anyhow::Result<Self> {
        let (position, stream) = (AtomicI64::new(0), AtomicI64::new(0));
        Ok(Self { texts: texts(TEXTS)?, position, stream })
    }

    fn next(&self, row: &mut Row) -> i64 {
        if row.version == 0 || row.version == STREAM_ROWS {
            *row = Row { stream_no: self.stream.fetch_add(1, Ordering::Relaxed) + 1, version: 0 };
        }
        row.version += 1;
        self.position.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn text(&self, position: i64) -> &(&'static str, String) {
        let turn = usize::try_from(position).unwrap_or(0) % self.texts.len();
        &self.texts[turn]
    }
}

/// Inserters on a table of their own, in the database of the workload they stand beside.
///
/// # Errors
/// When the server refuses, as it does when it has too few connections.
pub(super) async fn inserters(place: &Place, count: usize) -> anyhow::Result<Vec<Inserter>> {
    let client = place.connect().await?;
    let begin = format!("DROP TABLE IF EXISTS bare_event; {CREATE}");
    client.batch_execute(&begin).await.map_err(DatabaseError::from)?;
    let shared = Arc::new(Shared::new()?);
    let insert = format!("INSERT INTO bare_event ({COLUMNS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)");
    let mut inserters = Vec::with_capacity(count);
    for _ in 0..count {
        let client = place.connect().await?;
        let prepared = client.prepare_typed(&insert, &TYPES).await.map_err(DatabaseError::from);
        let statement = prepared.context("could not prepare the bare INSERT")?;
        inserters.push(Inserter {
            client,
            statement,
            shared: Arc::clone(&shared),
            row: Row::default(),
        });
    }
    Ok(inserters)
}

impl Caller for Inserter {
    async fn call(&mut self) -> anyhow::Result<()> {
        let position = self.shared.next(&mut self.row);
        let (event_type, data) = self.shared.text(position);
        let Row { stream_no, version } = self.row;
        let (event_id, recorded_at) = (Uuid::now_v7(), Timestamp::now());
        let row: [&(dyn ToSql + Sync); 8] =
            [&TENANT, &position, &stream_no, &version, &event_id, event_type, &recorded_at, data];
        let inserted = self.client.execute(&self.statement, &row).await;
        ensure!(inserted.map_err(DatabaseError::from)? == 1, "the bare INSERT stored nothing");
        Ok(())
    }
}

/// COPY into the empty bare table by one connection, in binary form and one transaction: rows a
/// second.
///
/// # Errors
/// When the server refuses.
pub(super) async fn copy_in(place: &Place, rows: u64) -> anyhow::Result<f64> {
    let client = place.connect().await?;
    let empty = format!("{CREATE}; TRUNCATE bare_event");
    client.batch_execute(&empty).await.map_err(DatabaseError::from)?;
    let shared = Shared::new()?;
    let began = Instant::now();
    let copied = copy_rows(&client, &shared, rows).await.map_err(DatabaseError::from)?;
    let took = began.elapsed();
    ensure!(copied == rows, "COPY stored {copied} of {rows} rows");
    client.batch_execute("TRUNCATE bare_event").await.map_err(DatabaseError::from)?;
    Ok(to_f64(rows) / took.as_secs_f64())
}

async fn copy_rows(
    client: &Client,
    shared: &Shared,
    rows: u64,
) -> Result<u64, tokio_postgres::Error> {
    let copy = format!("COPY bare_event ({COLUMNS}) FROM STDIN (FORMAT binary)");
    let sink = client.copy_in(copy.as_str()).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &TYPES));
    let mut row = Row::default();
    for _ in 0..rows {
        let position = shared.next(&mut row);
        let (event_type, data) = shared.text(position);
        let values: [&(dyn ToSql + Sync); 8] = [
            &TENANT,
            &position,
            &row.stream_no,
            &row.version,
            &Uuid::now_v7(),
            event_type,
            &Timestamp::now(),
            data,
        ];
        writer.as_mut().write(&values).await?;
    }
    writer.finish().await
}

/// COPY of the whole `event` table, every column of every row, read and thrown away by one
/// connection: rows a second.
///
/// # Errors
/// When the server refuses.
pub(super) async fn copy_out(place: &Place) -> anyhow::Result<f64> {
    let client = place.connect().await?;
    let counted = client.query_one("SELECT count(*) FROM event", &[]).await;
    let rows: i64 = counted.and_then(|row| row.try_get(0)).map_err(DatabaseError::from)?;
    let began = Instant::now();
    let copy = client.copy_out("COPY event TO STDOUT (FORMAT binary)").await;
    let mut copy = pin!(copy.map_err(DatabaseError::from)?);
    while let Some(bytes) = copy.next().await {
        bytes.map_err(DatabaseError::from)?;
    }
    Ok(to_f64(u64::try_from(rows).unwrap_or(0)) / began.elapsed().as_secs_f64())
}
