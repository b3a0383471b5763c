//! Getting rid of builds that nobody needs, in two steps.
//!
//! First a build is taken out of use, in one short transaction: nobody follows it, nobody goes back to
//! it, and no reader that comes later finds it. Then what it has left is deleted: its tables, each
//! of which is waited for no longer than a little, or its rows in the shared tables, a few at a time.
//! Whatever cuts that short, the next sweep goes on ([`drop_unused`]).

use std::time::Duration;

use deadpool_postgres::{Object, Pool, Transaction};
use throughline_log::{LogError, TenantNo};
use throughline_projections::{Place, Projection, Table};
use tokio::time::sleep;
use tokio_postgres::Client;
use tokio_postgres::types::Type;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::build_key::BuildKey;
use super::error::SwitchError;
use super::lease;
use super::leftovers::{Scope, has_shared_rows, leftovers};
use super::phase::UNDER_WAY;

/// About how many rows of a shared table are deleted in one transaction.
const DELETED_AT_ONCE: i64 = 5_000;
/// The rest between two such transactions: nothing waits for the rows to be gone.
const REST: Duration = Duration::from_millis(50);
/// The most that one statement of a drop may take.
const STATEMENT_MAX: Duration = Duration::from_secs(30);
/// The lock of whoever deletes what is left of a build, so that two processes do not do it at once.
const DROPS_LOCK: i64 = 0x0054_4c64_726f_7073;

/// Takes a build out of use that readers are not answered from; also one that a rollback would go
/// to. What it has left is then for [`delete_dropped`], or for the next sweep of any
/// [`super::Rebuilder`].
///
/// # Errors
/// [`SwitchError::IsLive`]; [`SwitchError::UnderWay`]; [`SwitchError::NoSuchBuild`];
/// [`SwitchError::Log`] when the database does not answer.
pub async fn drop_build(
    client: &Client,
    tenant: TenantNo,
    projection: Projection,
    build: i32,
) -> Result<(), SwitchError> {
    let key = BuildKey::of(tenant, projection, build);
    let uses = Uses::find(client, key).await?;
    if uses.is_live {
        return Err(SwitchError::IsLive { build });
    }
    if let Some(operation_id) = uses.made_by {
        return Err(SwitchError::UnderWay { operation_id });
    }
    if !uses.is_followed && !uses.has_rows {
        return Err(SwitchError::NoSuchBuild { build });
    }
    // A rollback may have come in between.
    if key.retire(client).await? { Ok(()) } else { Err(SwitchError::IsLive { build }) }
}

/// Deletes what a build has left that was taken out of use, until it is done or `stop` is cancelled.
///
/// Returns whether it is done. What is not, another process is doing, or the next sweep does.
///
/// # Errors
/// When the database does not answer, or a reader has kept a table locked for too long.
pub async fn delete_dropped(
    pool: &Pool,
    tenant: TenantNo,
    projection: Projection,
    build: i32,
    stop: &CancellationToken,
) -> Result<bool, LogError> {
    let key = BuildKey::of(tenant, projection, build);
    delete(pool, key, lease::LOCK_MAX, stop).await
}

/// Drops every build that is neither live nor the one before nor being made: what a switch left, a
/// rebuild that came to nothing, a process that was killed, an operator who went away. One that
/// cannot be dropped now is told of and left to the next time.
pub(crate) async fn drop_unused(
    pool: &Pool,
    scope: Scope,
    lock_max: Duration,
    stop: &CancellationToken,
) -> Result<(), LogError> {
    let found = {
        let mut client = pool.get().await?;
        let transaction = lease::begin_within(&mut client, STATEMENT_MAX, lock_max).await?;
        leftovers(transaction.client(), scope).await?
    };
    for key in found {
        if stop.is_cancelled() {
            break;
        }
        if let Err(error) = drop_one(pool, key, lock_max, stop).await {
            tracing::warn!(
                throughline.tenant_no = key.tenant.0,
                throughline.projection = key.projection.name(),
                throughline.build = key.build,
                error = &error as &dyn std::error::Error,
                "a build that nobody needs was not dropped, which is tried again"
            );
        }
    }
    Ok(())
}

async fn drop_one(
    pool: &Pool,
    key: BuildKey,
    lock_max: Duration,
    stop: &CancellationToken,
) -> Result<(), LogError> {
    let mut client = pool.get().await?;
    let Some(transaction) = begin(&mut client, lock_max).await? else {
        return Ok(());
    };
    if !key.retire(transaction.client()).await? {
        return Ok(());
    }
    transaction.commit().await?;
    drop(client);
    delete(pool, key, lock_max, stop).await?;
    Ok(())
}

/// `None` while another process is deleting.
async fn begin(
    client: &mut Object,
    lock_max: Duration,
) -> Result<Option<Transaction<'_>>, LogError> {
    let transaction = lease::begin_within(client, STATEMENT_MAX, lock_max).await?;
    let sql = "SELECT pg_try_advisory_xact_lock($1)";
    let locked = transaction.query_typed_one(sql, &[(&DROPS_LOCK, Type::INT8)]).await?;
    Ok(locked.try_get::<_, bool>(0)?.then_some(transaction))
}

async fn delete(
    pool: &Pool,
    key: BuildKey,
    lock_max: Duration,
    stop: &CancellationToken,
) -> Result<bool, LogError> {
    if key.build > 0 {
        let mut client = pool.get().await?;
        let Some(transaction) = begin(&mut client, lock_max).await? else {
            return Ok(false);
        };
        // Neither the pointer nor the checkpoint is locked: only who reads this very build waits.
        key.call(transaction.client(), "projection_drop_tables").await?;
        transaction.commit().await?;
        return Ok(true);
    }
    for table in key.projection.tables() {
        let mut from = Some(Uuid::nil());
        while let Some(case_id) = from {
            if stop.is_cancelled() {
                return Ok(false);
            }
            let mut client = pool.get().await?;
            let Some(transaction) = begin(&mut client, lock_max).await? else {
                return Ok(false);
            };
            from = delete_some(transaction.client(), key, table, case_id).await?;
            transaction.commit().await?;
            drop(client);
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(REST) => {}
            }
        }
    }
    Ok(true)
}

/// Deletes the next rows of build 0 in a shared table, in the order of its key; returns the case
/// that it came to, and `None` when there are no more, or when the rows are anybody's again.
///
/// It goes along the key, rather than look for any rows, because those deleted before are still in
/// the way of whoever begins at the start.
async fn delete_some(
    client: &Client,
    key: BuildKey,
    table: &Table,
    from: Uuid,
) -> Result<Option<Uuid>, LogError> {
    let name = Place::shared(key.tenant.0).table(table.name);
    let upto = format!(
        "SELECT case_id FROM ( \
             SELECT case_id FROM {name} WHERE tenant_no = $1 AND case_id >= $2 \
             ORDER BY case_id LIMIT $3) AS next \
         WHERE EXISTS (SELECT FROM projection_live WHERE tenant_no = $1 AND projection = $4 \
                 AND version = $5 AND build > 0) \
             AND NOT EXISTS (SELECT FROM projection_checkpoint WHERE tenant_no = $1 \
                 AND projection = $4 AND version = $5 AND build = 0) \
         ORDER BY case_id DESC LIMIT 1"
    );
    let tenant = (&key.tenant.0 as _, Type::INT4);
    let params = [
        tenant.clone(),
        (&from as _, Type::UUID),
        (&DELETED_AT_ONCE as _, Type::INT8),
        (&key.projection.name() as _, Type::TEXT),
        (&key.version as _, Type::INT4),
    ];
    let Some(row) = client.query_typed_opt(&upto, &params).await? else {
        return Ok(None);
    };
    let upto: Uuid = row.try_get(0)?;
    let sql =
        format!("DELETE FROM {name} WHERE tenant_no = $1 AND case_id >= $2 AND case_id <= $3");
    let params = [tenant, (&from as _, Type::UUID), (&upto as _, Type::UUID)];
    client.execute_typed(&sql, &params).await?;
    Ok(Some(upto))
}

/// What a build is there for.
struct Uses {
    is_live: bool,
    is_followed: bool,
    has_rows: bool,
    made_by: Option<Uuid>,
}

impl Uses {
    async fn find(client: &Client, key: BuildKey) -> Result<Self, LogError> {
        let has_rows = if key.build > 0 {
            "EXISTS (SELECT FROM projection_table WHERE projection = $2 AND version = $3 \
                AND to_regclass(projection_build_table(table_name, $1, $4)) IS NOT NULL)"
                .to_owned()
        } else {
            has_shared_rows(key.projection, "$1")
        };
        let sql = format!(
            "SELECT coalesce((SELECT build FROM projection_live WHERE tenant_no = $1 \
                     AND projection = $2 AND version = $3), 0) = $4, \
                 EXISTS (SELECT FROM projection_checkpoint WHERE tenant_no = $1 \
                     AND projection = $2 AND version = $3 AND build = $4), \
                 {has_rows}, \
                 (SELECT operation_id FROM projection_rebuild WHERE tenant_no = $1 \
                     AND projection = $2 AND version = $3 AND build = $4 AND {UNDER_WAY})"
        );
        let rows = key.query(client, &sql).await?;
        let row = rows.first().ok_or(LogError::Unreadable { column: "build" })?;
        Ok(Self {
            is_live: row.try_get(0)?,
            is_followed: row.try_get(1)?,
            has_rows: row.try_get(2)?,
            made_by: row.try_get(3)?,
        })
    }
}
