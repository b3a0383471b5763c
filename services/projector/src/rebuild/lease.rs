//! Who works on a rebuild: one process, for as long as it gives signs of life.
//!
//! The epoch rises whenever the lease changes hands, and every transaction that writes for a
//! rebuild ends by touching its row where the epoch is still its own. So a process that was paused,
//! however long, writes nothing any more once another has taken over.

use std::pin::pin;
use std::time::Duration;

use deadpool_postgres::{Object, Transaction};
use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio::time::sleep;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::build_key::BuildKey;
use super::halt::Halt;
use super::phase::{Phase, UNDER_WAY};
use super::rebuilder::Inner;
use super::record::{COLUMNS, Rebuild};

/// The lock under which leases are given, so that one rebuild runs at a time in a database.
const LEASES_LOCK: i64 = 0x0054_4c72_6562_6c64;

/// What is held while working on a rebuild.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) tenant: TenantNo,
    pub(crate) operation_id: Uuid,
    pub(crate) projection: Projection,
    pub(crate) version: i32,
    pub(crate) build: i32,
    epoch: i64,
}

/// For how long a transaction may wait for this process, which may be paused.
const IDLE_MAX: Duration = Duration::from_mins(1);
/// How long a lock is waited for: whoever has it may be paused.
pub(super) const LOCK_MAX: Duration = Duration::from_secs(5);

/// Begins a transaction that cannot outlast for long a process that is paused in the middle of it.
pub(crate) async fn begin(
    client: &mut Object,
    statement_max: Duration,
) -> Result<Transaction<'_>, LogError> {
    begin_within(client, statement_max, LOCK_MAX).await
}

/// The same, with another limit to the wait for a lock.
pub(super) async fn begin_within(
    client: &mut Object,
    statement_max: Duration,
    lock_max: Duration,
) -> Result<Transaction<'_>, LogError> {
    let transaction = client.transaction().await?;
    let settings = format!(
        "SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; {}",
        statement_max.as_millis(),
        lock_max.as_millis(),
        idle_max_of(IDLE_MAX)
    );
    transaction.batch_execute(&settings).await?;
    Ok(transaction)
}

fn idle_max_of(idle_max: Duration) -> String {
    format!("SET LOCAL idle_in_transaction_session_timeout = {}", idle_max.as_millis())
}

/// For how long the transaction may wait for this process from now on.
pub(crate) async fn limit_idle(
    transaction: &Transaction<'_>,
    idle_max: Duration,
) -> Result<(), LogError> {
    Ok(transaction.batch_execute(&idle_max_of(idle_max)).await?)
}

/// Does some work while a transaction waits for it, and gives the server a sign of life now and
/// then: work takes its time, and only a process that is paused is to lose its session.
pub(crate) async fn stay_awake<T>(
    transaction: &Transaction<'_>,
    idle_max: Duration,
    work: impl Future<Output = Result<T, Halt>>,
) -> Result<T, Halt> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = sleep(idle_max / 4) => transaction.batch_execute("").await?,
        }
    }
}

/// Takes the lock under which leases are given, until the transaction ends; `false` while another
/// has it.
pub(crate) async fn lock_leases(transaction: &Transaction<'_>) -> Result<bool, LogError> {
    let sql = "SELECT pg_try_advisory_xact_lock($1)";
    let locked = transaction.query_typed_one(sql, &[(&LEASES_LOCK, Type::INT8)]).await?;
    Ok(locked.try_get(0)?)
}

/// Takes the oldest rebuild that nobody works on, or the given one; `None` while any is worked on.
pub(crate) async fn take(
    client: &mut Object,
    lease: Duration,
    wanted: Option<(TenantNo, Uuid)>,
) -> Result<Option<(Lease, Rebuild)>, LogError> {
    let transaction = begin(client, lease).await?;
    limit_idle(&transaction, lease).await?;
    if !lock_leases(&transaction).await? {
        return Ok(None);
    }
    let (names, versions): (Vec<&str>, Vec<i32>) =
        Projection::ALL.iter().map(|p| (p.name(), p.version())).unzip();
    // A statement after the lock sees what its last holder committed.
    let sql = format!(
        "UPDATE projection_rebuild SET epoch = epoch + 1, holder = $1, \
             leased_until = clock_timestamp() + $2 * interval '1 ms', \
             started_at = coalesce(started_at, clock_timestamp()) \
         WHERE (tenant_no, operation_id) = ( \
             SELECT tenant_no, operation_id FROM projection_rebuild \
             WHERE {UNDER_WAY} AND ($5 IS NULL OR (tenant_no = $5 AND operation_id = $6)) \
                 AND (projection, version) IN (SELECT * FROM unnest($3::text[], $4::int[])) \
                 AND NOT EXISTS (SELECT FROM projection_rebuild \
                                 WHERE {UNDER_WAY} AND leased_until > clock_timestamp()) \
             ORDER BY requested_at, operation_id LIMIT 1 FOR UPDATE SKIP LOCKED) \
         RETURNING {COLUMNS}, epoch"
    );
    let params: [(&(dyn ToSql + Sync), Type); 6] = [
        (&Uuid::new_v4(), Type::UUID),
        (&millis(lease), Type::FLOAT8),
        (&names, Type::TEXT_ARRAY),
        (&versions, Type::INT4_ARRAY),
        (&wanted.map(|(tenant, _)| tenant.0), Type::INT4),
        (&wanted.map(|(_, operation_id)| operation_id), Type::UUID),
    ];
    let Some(row) = transaction.query_typed_opt(&sql, &params).await? else {
        return Ok(None);
    };
    let epoch = row.try_get("epoch")?;
    transaction.commit().await?;
    Ok(Rebuild::read(&row)?.map(|rebuild| (Lease::of(&rebuild, epoch), rebuild)))
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

impl Lease {
    fn of(rebuild: &Rebuild, epoch: i64) -> Self {
        Self {
            tenant: rebuild.tenant_no,
            operation_id: rebuild.operation_id,
            projection: rebuild.projection,
            version: rebuild.version,
            build: rebuild.build,
            epoch,
        }
    }

    /// Gives a sign of life; says whether the rebuild was called off.
    pub(crate) async fn renew(&self, client: &Object, lease: Duration) -> Result<bool, Halt> {
        let sql = format!(
            "UPDATE projection_rebuild \
             SET leased_until = clock_timestamp() + $4 * interval '1 ms' \
             WHERE tenant_no = $1 AND operation_id = $2 AND epoch = $3 AND {UNDER_WAY} \
             RETURNING cancel_requested"
        );
        let millis = millis(lease);
        let [tenant, operation, epoch] = self.key();
        let params = [tenant, operation, epoch, (&millis as _, Type::FLOAT8)];
        let Some(row) = client.query_typed_opt(&sql, &params).await? else {
            return Err(Halt::Lost);
        };
        Ok(row.try_get(0)?)
    }

    /// Lets another take over at once.
    pub(crate) async fn release(&self, client: &Object) -> Result<(), LogError> {
        let sql = "UPDATE projection_rebuild SET leased_until = NULL, holder = NULL \
                   WHERE tenant_no = $1 AND operation_id = $2 AND epoch = $3";
        client.execute_typed(sql, &self.key()).await?;
        Ok(())
    }

    /// Writes something down about the rebuild, last in a transaction, which is then to be
    /// committed. `assignments` are constants of this program; their parameters begin at `$5`.
    ///
    /// [`Halt::Lost`] when the lease is another's: then nothing of the transaction may stay.
    pub(crate) async fn note(
        &self,
        inner: &Inner,
        transaction: &Transaction<'_>,
        during: Phase,
        assignments: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<(), Halt> {
        // From here on the row is locked, and whoever may take over waits for it.
        limit_idle(transaction, inner.settings.lease).await?;
        let sql = format!(
            "UPDATE projection_rebuild SET {assignments} \
             WHERE tenant_no = $1 AND operation_id = $2 AND epoch = $3 AND phase = $4"
        );
        let phase = during.as_str();
        let mut params = self.key().to_vec();
        params.push((&phase, Type::TEXT));
        params.extend_from_slice(values);
        match transaction.execute_typed(&sql, &params).await? {
            1 => Ok(()),
            _ => Err(Halt::Lost),
        }
    }

    /// Whether the rebuild was called off; until the transaction ends, nobody can any more.
    pub(crate) async fn is_cancelled(&self, transaction: &Transaction<'_>) -> Result<bool, Halt> {
        let sql = "SELECT cancel_requested FROM projection_rebuild \
                   WHERE tenant_no = $1 AND operation_id = $2 AND epoch = $3 FOR UPDATE";
        let row = transaction.query_typed_opt(sql, &self.key()).await?;
        Ok(row.ok_or(Halt::Lost)?.try_get(0)?)
    }

    /// [`Halt::Lost`] when the lease is another's.
    pub(crate) async fn check(&self, client: &Client) -> Result<(), Halt> {
        let sql = "SELECT FROM projection_rebuild \
                   WHERE tenant_no = $1 AND operation_id = $2 AND epoch = $3";
        client.query_typed_opt(sql, &self.key()).await?.map(drop).ok_or(Halt::Lost)
    }

    /// First in a transaction that writes into the build's tables. They are locked before the epoch
    /// is looked at: whoever takes over afterwards finds the lock, and ends this session.
    pub(crate) async fn enter(&self, transaction: &Transaction<'_>) -> Result<(), Halt> {
        self.check(transaction.client()).await?;
        let place = self.build_of().place();
        let tables: Vec<String> =
            self.projection.tables().iter().map(|table| place.table(table.name)).collect();
        let sql = format!("LOCK TABLE {} IN ROW EXCLUSIVE MODE", tables.join(", "));
        transaction.batch_execute(&sql).await?;
        self.check(transaction.client()).await
    }

    /// The slices have done their service.
    pub(crate) async fn forget_slices(&self, transaction: &Transaction<'_>) -> Result<(), Halt> {
        let sql = "DELETE FROM projection_rebuild_slice WHERE tenant_no = $1 AND operation_id = $2";
        let [tenant, operation, _] = self.key();
        transaction.execute_typed(sql, &[tenant, operation]).await?;
        Ok(())
    }

    fn key(&self) -> [(&(dyn ToSql + Sync), Type); 3] {
        [(&self.tenant.0, Type::INT4), (&self.operation_id, Type::UUID), (&self.epoch, Type::INT8)]
    }

    /// What the build that is made is known by.
    pub(crate) fn build_of(&self) -> BuildKey {
        let Self { tenant, projection, version, build, .. } = *self;
        BuildKey { tenant, projection, version, build }
    }
}
