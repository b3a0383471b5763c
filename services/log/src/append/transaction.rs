//! The transaction that a batch is written in: two round trips, under the tenant's lock.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{join, join4, poll_immediate, try_join5};
use postgres_types::ToSql;
use tokio::time::Instant;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::columns::{
    EventColumns, INSERT_EVENTS, INSERT_STREAM_KEYS, INSERT_STREAMS, StreamColumns, UPDATE_HEAD,
};
use super::idempotency::{self, KeyStatements, Keys};
use super::plan::{LogHead, Plan};
use super::planned_stream::PlannedStream;
use super::stream_reads::{StreamReads, Wanted};
use crate::backend::Backend;
use crate::database::{Connection, begin};
use crate::error::LogError;
use crate::micros::Micros;
use crate::stored;
use crate::tenant::{TenantNo, TenantState};

/// The first key of the advisory locks; the second is the tenant's number.
pub(crate) const LOCK_NAMESPACE: i32 = 0x544c_6f67;

/// The first key of the locks that appenders who plan ahead hold; the second is the tenant's number.
pub(crate) const AHEAD_NAMESPACE: i32 = LOCK_NAMESPACE + 1;

/// A process that stops half-way with the lock must not stop the others for ever.
const IDLE_MAX_MS: u32 = 30_000;

const READ_HEAD: &str = "\
    SELECT t.state, h.position, h.recorded_at, h.hash, h.streams, k.wrapped, clock_timestamp() \
    FROM tenant t JOIN log_head h USING (tenant_no) JOIN tenant_key k USING (tenant_no) \
    WHERE t.tenant_no = $1";

/// An open transaction that holds the tenant's lock, and what it has read.
#[derive(Debug)]
pub(crate) struct Opened {
    connection: Connection,
    pub(crate) state: TenantState,
    pub(crate) head: LogHead,
    pub(crate) wrapped_tenant_key: Vec<u8>,
    pub(crate) now: Micros,
    /// When that was heard.
    pub(crate) answered_at: Instant,
    pub(crate) streams: HashMap<Uuid, PlannedStream>,
    pub(crate) keys: Keys,
}

/// Waits for the tenant's lock, which the transaction then holds to its end, and says so: the
/// statements that write do nothing otherwise ([`locked!`]).
pub(crate) fn take_lock(tenant: TenantNo) -> String {
    format!(
        "SET LOCAL idle_in_transaction_session_timeout = {IDLE_MAX_MS}; \
         SET LOCAL throughline.locked = 'on'; \
         SELECT pg_advisory_xact_lock({LOCK_NAMESPACE}, {tenant})"
    )
}

/// Whether the statement is in a transaction that has taken the lock. Statements are sent without
/// waiting for the one that begins the transaction: were that refused, as by a cancellation that
/// comes at this very moment, each of the others would be committed by itself.
macro_rules! locked {
    () => {
        "current_setting('throughline.locked', true) = 'on'"
    };
}
pub(crate) use locked;

/// Why a batch was not written.
pub(crate) struct Lost {
    pub(crate) error: LogError,
    /// Whether the commit may have been made all the same.
    pub(crate) doubtful: bool,
}

impl Opened {
    /// Begins, locks, and reads the head and the streams of these ids, in one round trip.
    ///
    /// The lock is a statement of its own: those after it see what its last holder committed.
    pub(crate) async fn open(
        backend: &Backend,
        tenant: TenantNo,
        wanted: &Wanted,
    ) -> Result<Self, LogError> {
        let begin = begin("", backend.database.statement_max);
        let connection = backend.database.connection().await?;
        Self::open_on(connection, &begin, tenant, wanted).await
    }

    /// The same on a connection whose transaction `begin` begins, or is empty and has begun.
    pub(crate) async fn open_on(
        connection: Connection,
        begin: &str,
        tenant: TenantNo,
        wanted: &Wanted,
    ) -> Result<Self, LogError> {
        let read_head = connection.client().prepare_cached(READ_HEAD).await?;
        let streams = StreamReads::prepare(&connection).await?;
        let keys = idempotency::prepare_read(&connection, &wanted.scopes).await?;
        let begin = format!("{begin}; {}", take_lock(tenant));
        let (started, head, planned, keys) = join4(
            connection.client().batch_execute(&begin),
            connection.client().query_opt(&read_head, &[&tenant.0]),
            streams.read(&connection, tenant, wanted),
            idempotency::read(&connection, keys.as_ref(), tenant, &wanted.scopes),
        )
        .await;
        let answered_at = Instant::now();
        started?;
        let head = head?.ok_or(LogError::NoSuchTenant { tenant })?;
        Self::read(connection, &head, answered_at, planned?, keys?)
    }

    fn read(
        connection: Connection,
        head: &Row,
        answered_at: Instant,
        streams: HashMap<Uuid, PlannedStream>,
        keys: Keys,
    ) -> Result<Self, LogError> {
        let unreadable = |column| LogError::Unreadable { column };
        Ok(Self {
            connection,
            state: TenantState::from_stored(head.try_get(0)?).ok_or(unreadable("state"))?,
            head: LogHead {
                position: head.try_get(1)?,
                recorded_at: head.try_get(2)?,
                hash: stored::hash(head.try_get(3)?)?,
                streams: head.try_get(4)?,
            },
            wrapped_tenant_key: head.try_get(5)?,
            now: head.try_get(6)?,
            answered_at,
            streams,
            keys,
        })
    }

    /// The connection, for other statements of the same transaction.
    pub(crate) fn client(&self) -> &deadpool_postgres::Object {
        self.connection.client()
    }

    /// Reads other streams, for the next part of a load.
    pub(crate) async fn read_streams(
        &mut self,
        tenant: TenantNo,
        wanted: &Wanted,
    ) -> Result<(), LogError> {
        let reads = StreamReads::prepare(&self.connection).await?;
        self.streams = reads.read(&self.connection, tenant, wanted).await?;
        Ok(())
    }

    /// The event at a position, if there is one.
    pub(crate) async fn event_id_at(
        &self,
        tenant: TenantNo,
        position: i64,
    ) -> Result<Option<Uuid>, LogError> {
        let sql = "SELECT event_id FROM event WHERE tenant_no = $1 AND position = $2";
        let client = self.connection.client();
        let row = client.query_opt(sql, &[&tenant.0, &position]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Makes the tenant live, within this transaction.
    pub(crate) async fn make_live(&mut self, tenant: TenantNo) -> Result<(), LogError> {
        if self.state == TenantState::Live {
            return Err(LogError::AlreadyLive { tenant });
        }
        let sql = "UPDATE tenant SET state = 'live' WHERE tenant_no = $1";
        self.connection.client().execute(sql, &[&tenant.0]).await?;
        self.state = TenantState::Live;
        Ok(())
    }

    /// Lets the transaction wait longer for its caller.
    pub(crate) async fn allow_idle(&self, idle_max: Duration) -> Result<(), LogError> {
        let idle_max_ms = idle_max.as_millis();
        let sql = format!("SET LOCAL idle_in_transaction_session_timeout = {idle_max_ms}");
        Ok(self.connection.client().batch_execute(&sql).await?)
    }

    /// Ends the transaction without a trace.
    pub(crate) async fn abandon(self) -> Result<(), LogError> {
        self.connection.client().batch_execute("ROLLBACK").await?;
        self.connection.release();
        Ok(())
    }

    /// Ends the transaction for good.
    pub(crate) async fn commit(self) -> Result<(), LogError> {
        self.connection.client().batch_execute("COMMIT").await?;
        self.connection.release();
        Ok(())
    }

    /// Writes the plan and commits, in one round trip.
    ///
    /// The commit is sent before the other answers are in: once any statement has failed,
    /// PostgreSQL makes a rollback of it.
    pub(crate) async fn write_and_commit(self, plan: &Plan<'_>) -> Result<(), Lost> {
        let certain = |error: LogError| Lost { error, doubtful: false };
        let outcome = write_then_commit(&self.connection, plan).await;
        let (written, committed) = outcome.map_err(certain)?;
        // The first statement that failed names the cause; after it, all fail.
        match (written, committed) {
            (Ok(()), Ok(())) => {
                self.connection.release();
                Ok(())
            }
            (Ok(()), Err(error)) => Err(Lost { error: error.into(), doubtful: true }),
            (Err(error), _) => {
                // Refused for certain when the server says so; not when the connection is lost.
                let doubtful = matches!(&error, LogError::Unavailable(e) if e.is_lost());
                Err(Lost { error, doubtful })
            }
        }
    }

    /// Writes the plan without committing.
    pub(crate) async fn write(&self, plan: &Plan<'_>) -> Result<(), LogError> {
        let statements = Statements::prepare(&self.connection).await?;
        write(&self.connection, &statements, plan).await
    }
}

#[derive(Clone)]
pub(super) struct Statements {
    events: Statement,
    streams: Statement,
    stream_keys: Statement,
    head: Statement,
    keys: KeyStatements,
}

impl Statements {
    pub(super) async fn prepare(connection: &Connection) -> Result<Self, LogError> {
        let client = connection.client();
        Ok(Self {
            events: client.prepare_cached(INSERT_EVENTS).await?,
            streams: client.prepare_cached(INSERT_STREAMS).await?,
            stream_keys: client.prepare_cached(INSERT_STREAM_KEYS).await?,
            head: client.prepare_cached(UPDATE_HEAD).await?,
            keys: KeyStatements::prepare(connection).await?,
        })
    }
}

/// Sends the plan and the commit, and gives the answers to both. An error: neither was sent whole.
async fn write_then_commit(
    connection: &Connection,
    plan: &Plan<'_>,
) -> Result<(Result<(), LogError>, Result<(), tokio_postgres::Error>), LogError> {
    let statements = Statements::prepare(connection).await?;
    let mut writing = pin!(write(connection, &statements, plan));
    let sent = poll_immediate(writing.as_mut()).await;
    let commit = connection.client().batch_execute("COMMIT");
    match sent {
        // A value that cannot even be sent must not be followed by a commit of the rest.
        Some(Err(error)) => Err(error),
        // Every answer has come already, on a machine with more to do than we have.
        Some(Ok(())) => Ok((Ok(()), commit.await)),
        None => Ok(join(writing, commit).await),
    }
}

/// Sends every statement of the plan, then waits for all answers.
pub(super) async fn write(
    connection: &Connection,
    statements: &Statements,
    plan: &Plan<'_>,
) -> Result<(), LogError> {
    let client = connection.client();
    let tenant = plan.tenant.0;
    let streams = StreamColumns::new(&plan.streams);
    let events = EventColumns::new(&plan.rows);
    let run = async |statement: &Statement, params: &[&(dyn ToSql + Sync)], rows: usize| {
        if rows == 0 {
            return Ok(0);
        }
        client.execute(statement, params).await
    };
    let of_events: Vec<&(dyn ToSql + Sync)> =
        std::iter::once(&tenant as &(dyn ToSql + Sync)).chain(events.params()).collect();
    let head = &plan.head;
    try_join5(
        run(
            &statements.streams,
            &[&tenant, &streams.nos, &streams.kinds, &streams.ids],
            streams.nos.len(),
        ),
        run(
            &statements.stream_keys,
            &[&tenant, &streams.key_nos, &streams.keys],
            streams.key_nos.len(),
        ),
        run(&statements.events, &of_events, plan.rows.len()),
        run(
            &statements.head,
            &[
                &tenant,
                &head.position,
                &head.recorded_at,
                &head.hash.as_slice(),
                &head.streams,
                &plan.head_before.position,
            ],
            plan.rows.len(),
        ),
        statements.keys.run(connection, plan),
    )
    .await?;
    Ok(())
}
