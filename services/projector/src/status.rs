//! How far every projection is.

use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::shard::runs;

const STATUS: &str = include_str!("status.sql");

/// One projection of one tenant, as readers are answered from it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectionStatus {
    /// The projection.
    pub projection: Projection,
    /// The tenant.
    pub tenant_no: i32,
    /// The build that readers are answered from.
    pub build: i32,
    /// Everything up to here is in its rows.
    pub position: Position,
    /// Where the tenant's log ended.
    pub head: Position,
    /// How many events are not in its rows yet.
    pub lag_events: i64,
    /// Since when the oldest of them has been waiting, in seconds; 0 when there is none.
    pub lag_seconds: f64,
    /// When its last batch was written; `None` before the first.
    pub updated_at: Option<Timestamp>,
    /// How many cases it has set aside.
    pub parked: u64,
}

/// Returns how far every projection is, of one tenant or of all.
///
/// Shape: one entry for each projection of each tenant, by tenant, then the projection's name.
///
/// # Errors
/// When the database does not answer.
pub async fn status(
    client: &Client,
    tenant: Option<TenantNo>,
) -> Result<Vec<ProjectionStatus>, LogError> {
    let (names, versions) = runs();
    let rows = client
        .query_typed(
            STATUS,
            &[
                (&tenant.map(|tenant| tenant.0), Type::INT4),
                (&names, Type::TEXT_ARRAY),
                (&versions, Type::INT4_ARRAY),
            ],
        )
        .await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(projection) = Projection::find(row.try_get("projection")?) else { continue };
        let (head, position): (i64, i64) = (row.try_get("head")?, row.try_get("position")?);
        all.push(ProjectionStatus {
            projection,
            tenant_no: row.try_get("tenant_no")?,
            build: row.try_get("build")?,
            position: Position(position),
            head: Position(head),
            lag_events: (head - position).max(0),
            lag_seconds: row.try_get::<_, Option<f64>>("lag_seconds")?.unwrap_or(0.0),
            updated_at: row.try_get("updated_at")?,
            parked: row.try_get::<_, i64>("parked")?.unsigned_abs(),
        });
    }
    Ok(all)
}
