//! The builds there are, and getting rid of those that nobody needs.

use std::time::Duration;

use deadpool_postgres::Object;
use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_log::{EventLog, LogError, TenantNo};
use throughline_projections::{Place, Projection};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::build_key::BuildKey;
use super::error::SwitchError;
use super::lease;
use super::phase::UNDER_WAY;

/// How many rows of the shared tables are deleted at a time.
const DELETED_AT_ONCE: i64 = 5_000;

/// A build that is followed, or that is live and has yet to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildStatus {
    /// The tenant.
    pub tenant_no: TenantNo,
    /// The projection.
    pub projection: Projection,
    /// The version of its code.
    pub version: i32,
    /// The number of the build.
    pub build: i32,
    /// Whether readers are answered from it.
    pub is_live: bool,
    /// Whether a rollback would go to it.
    pub is_previous: bool,
    /// Everything up to here is in its rows.
    pub position: Position,
    /// Where the tenant's log ended just before.
    pub head: Position,
    /// How many events are not in its rows yet.
    pub lag_events: i64,
    /// How many cases it has set aside.
    pub parked: u64,
    /// When its last batch was written; `None` before the first.
    pub updated_at: Option<Timestamp>,
}

/// Returns every build of the versions that this program has, of one tenant or of all.
///
/// Shape: by tenant, projection, then build; of each projection of each tenant at least the live
/// one.
///
/// # Errors
/// When the database does not answer.
pub async fn builds(
    log: &EventLog,
    client: &Client,
    tenant: Option<TenantNo>,
) -> Result<Vec<BuildStatus>, LogError> {
    // First the heads: a build is never ahead of the log.
    let mut heads = log.heads().await?;
    heads.retain(|(tenant_no, _)| tenant.is_none_or(|wanted| wanted == *tenant_no));
    let rows = client
        .query_typed(include_str!("builds.sql"), &[(&tenant.map(|tenant| tenant.0), Type::INT4)])
        .await?;
    let mut all = Vec::new();
    for (tenant_no, head) in heads {
        for projection in Projection::ALL {
            let from = all.len();
            for row in &rows {
                let key: (i32, &str, i32) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                if key == (tenant_no.0, projection.name(), projection.version()) {
                    all.push(BuildStatus::read(row, projection, head.position)?);
                }
            }
            if !all[from..].iter().any(|build: &BuildStatus| build.is_live) {
                all.insert(from, BuildStatus::not_begun(tenant_no, projection, head.position));
            }
        }
    }
    Ok(all)
}

impl BuildStatus {
    fn read(row: &Row, projection: Projection, head: Position) -> Result<Self, LogError> {
        let position = Position(row.try_get(4)?);
        Ok(Self {
            tenant_no: TenantNo(row.try_get(0)?),
            projection,
            version: row.try_get(2)?,
            build: row.try_get(3)?,
            is_live: row.try_get(6)?,
            is_previous: row.try_get(7)?,
            position,
            head,
            lag_events: (head.0 - position.0).max(0),
            parked: row.try_get::<_, i64>(8)?.unsigned_abs(),
            updated_at: row.try_get(5)?,
        })
    }

    fn not_begun(tenant_no: TenantNo, projection: Projection, head: Position) -> Self {
        Self {
            tenant_no,
            projection,
            version: projection.version(),
            build: 0,
            is_live: true,
            is_previous: false,
            position: Position(0),
            head,
            lag_events: head.0,
            parked: 0,
            updated_at: None,
        }
    }
}

/// Drops a build that readers are not answered from; one that a rollback would go to as well.
///
/// Of the shared tables, rows are deleted a few thousand at a time. Cut short, it can be repeated.
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
    if remove(client, key).await? { Ok(()) } else { Err(SwitchError::IsLive { build }) }
}

/// Drops every build of a projection that is neither live nor the one before nor being made: what
/// a switch left, or a process that was killed after one.
///
/// Each is one short transaction that gives up when a reader's locks stay: readers who come later wait
/// behind whoever waits for a table, and for the pointer.
pub(crate) async fn drop_unused(
    client: &mut Object,
    tenant: TenantNo,
    projection: Projection,
    statement_max: Duration,
) -> Result<(), LogError> {
    let any = BuildKey::of(tenant, projection, 0);
    let sql = "SELECT build FROM projection_checkpoint \
               WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND $4 = 0 \
               UNION SELECT build FROM projection_rebuild AS r \
               WHERE tenant_no = $1 AND projection = $2 AND version = $3 \
                   AND EXISTS (SELECT FROM projection_table AS t \
                       WHERE t.projection = $2 AND t.version = $3 AND to_regclass( \
                           projection_build_table(t.table_name, $1, r.build)) IS NOT NULL) \
               UNION SELECT 0";
    for row in any.query(client, sql).await? {
        let key = BuildKey { build: row.try_get(0)?, ..any };
        let uses = Uses::find(client, key).await?;
        let is_used = uses.is_live || uses.is_previous || uses.made_by.is_some();
        if !is_used && (uses.is_followed || uses.has_rows) {
            let transaction = lease::begin(client, statement_max).await?;
            let is_live = key.remove(transaction.client()).await?;
            transaction.commit().await?;
            if !is_live && key.build == 0 {
                delete_shared(client, key).await?;
            }
        }
    }
    Ok(())
}

/// `false` when the build is live: then nothing was done.
async fn remove(client: &Client, key: BuildKey) -> Result<bool, LogError> {
    if key.remove(client).await? {
        return Ok(false);
    }
    if key.build == 0 {
        delete_shared(client, key).await?;
    }
    Ok(true)
}

/// Deletes what build 0 has in the tables that tenants share.
async fn delete_shared(client: &Client, key: BuildKey) -> Result<(), LogError> {
    let tenant_no = key.tenant.0;
    for table in key.projection.tables() {
        let name = Place::shared(tenant_no).table(table.name);
        let sql = format!(
            "DELETE FROM {name} WHERE ctid = ANY(ARRAY( \
                 SELECT ctid FROM {name} WHERE tenant_no = $1 LIMIT $2))"
        );
        let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&tenant_no, Type::INT4), (&DELETED_AT_ONCE, Type::INT8)];
        while client.execute_typed(&sql, &params).await? > 0 {}
    }
    Ok(())
}

/// What a build is there for.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Uses {
    is_live: bool,
    is_previous: bool,
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
            let any =
                key.projection.tables().iter().map(|table| {
                    format!("EXISTS (SELECT FROM {} WHERE tenant_no = $1)", table.name)
                });
            any.collect::<Vec<_>>().join(" OR ")
        };
        let sql = format!(
            "SELECT coalesce((SELECT build FROM projection_live WHERE tenant_no = $1 \
                     AND projection = $2 AND version = $3), 0) = $4, \
                 EXISTS (SELECT FROM projection_live WHERE tenant_no = $1 AND projection = $2 \
                     AND version = $3 AND previous_build = $4), \
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
            is_previous: row.try_get(1)?,
            is_followed: row.try_get(2)?,
            has_rows: row.try_get(3)?,
            made_by: row.try_get(4)?,
        })
    }
}
