//! A rebuild as it is written down: what was asked, how far it is, what came of it.

use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::phase::Phase;
use crate::compare::{Comparison, stored};
use crate::page::{self, Page};

/// The most rebuilds that one list gives.
pub const REBUILDS_MAX: u32 = 1_000;

/// One rebuild of one projection of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    /// The operation.
    pub operation_id: Uuid,
    /// The tenant.
    pub tenant_no: TenantNo,
    /// The projection.
    pub projection: Projection,
    /// The version of its code.
    pub version: i32,
    /// The build that is made.
    pub build: i32,
    /// Where it is.
    pub phase: Phase,
    /// Whether it stops after the comparison.
    pub is_dry_run: bool,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Whole streams are folded up to here; what comes later is followed.
    pub pinned: Option<Position>,
    /// How many events lie up to the pin: all of the tenant's, whichever stream they are in.
    pub events_total: Option<i64>,
    /// How many of them are in the rows.
    pub events_done: i64,
    /// How many rows were written by slices.
    pub rows_written: i64,
    /// What the comparison found.
    pub comparison: Option<Comparison>,
    /// Why it failed, as a class: never content.
    pub error_class: Option<String>,
    /// Whether somebody called it off.
    pub cancel_requested: bool,
}

/// The columns in the order in which [`Rebuild::read`] takes them.
pub(crate) const COLUMNS: &str = "operation_id, tenant_no, projection, version, build, phase, \
    is_dry_run, requested_by, requested_at, started_at, finished_at, pinned_position, \
    events_total, events_done, rows_written, comparison, error_class, cancel_requested";

impl Rebuild {
    /// Reads a row of [`COLUMNS`]; `None` for a projection this program does not know.
    pub(crate) fn read(row: &Row) -> Result<Option<Self>, LogError> {
        let Some(projection) = Projection::find(row.try_get(2)?) else {
            return Ok(None);
        };
        let unreadable = |column| LogError::Unreadable { column };
        let comparison: Option<&str> = row.try_get(15)?;
        let comparison = comparison.map(|json| stored::read(projection, json)).transpose();
        Ok(Some(Self {
            operation_id: row.try_get(0)?,
            tenant_no: TenantNo(row.try_get(1)?),
            projection,
            version: row.try_get(3)?,
            build: row.try_get(4)?,
            phase: Phase::find(row.try_get(5)?).ok_or(unreadable("phase"))?,
            is_dry_run: row.try_get(6)?,
            requested_by: row.try_get(7)?,
            requested_at: row.try_get(8)?,
            started_at: row.try_get(9)?,
            finished_at: row.try_get(10)?,
            pinned: row.try_get::<_, Option<i64>>(11)?.map(Position),
            events_total: row.try_get(12)?,
            events_done: row.try_get(13)?,
            rows_written: row.try_get(14)?,
            comparison: comparison.map_err(|_| unreadable("comparison"))?,
            error_class: row.try_get(16)?,
            cancel_requested: row.try_get(17)?,
        }))
    }
}

/// Returns a rebuild of a tenant; `None` when there is none of this id.
///
/// # Errors
/// When the database does not answer.
pub async fn find_rebuild(
    client: &Client,
    tenant: TenantNo,
    operation_id: Uuid,
) -> Result<Option<Rebuild>, LogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM projection_rebuild WHERE tenant_no = $1 AND operation_id = $2"
    );
    let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&tenant.0, Type::INT4), (&operation_id, Type::UUID)];
    match client.query_typed_opt(&sql, &params).await? {
        Some(row) => Rebuild::read(&row),
        None => Ok(None),
    }
}

/// Returns the rebuilds of a tenant, or of all, of the projections that this program knows: the
/// newest first, after the one that was asked for at this moment and has this id.
///
/// Shape: a page of at most `limit` and never more than [`REBUILDS_MAX`].
///
/// # Errors
/// When the database does not answer.
pub async fn rebuilds(
    client: &Client,
    tenant: Option<TenantNo>,
    after: Option<(Timestamp, Uuid)>,
    limit: u32,
) -> Result<Page<Rebuild>, LogError> {
    let limit = limit.min(REBUILDS_MAX);
    let rows = page::newest(client, "projection_rebuild", COLUMNS, tenant, after, limit).await?;
    let rebuilds = rows.iter().filter_map(|row| Rebuild::read(row).transpose());
    Ok(Page::of(rebuilds.collect::<Result<_, _>>()?, limit))
}
