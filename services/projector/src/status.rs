//! How far every projection is.

use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_log::{EventLog, LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

/// One projection of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionStatus {
    /// The projection.
    pub projection: Projection,
    /// The tenant.
    pub tenant_no: i32,
    /// Everything up to here is in its rows.
    pub position: Position,
    /// Where the tenant's log ended just before.
    pub head: Position,
    /// How many events are not in its rows yet.
    pub lag_events: i64,
    /// When its last batch was written; `None` before the first.
    pub updated_at: Option<Timestamp>,
    /// How many cases it has set aside.
    pub parked: u64,
}

/// Returns how far every projection is, of one tenant or of all.
///
/// Shape: one entry for each projection of each tenant, by tenant, then projection.
///
/// # Errors
/// When the database does not answer.
pub async fn status(
    log: &EventLog,
    client: &Client,
    tenant: Option<TenantNo>,
) -> Result<Vec<ProjectionStatus>, LogError> {
    // First the heads: a projection is never ahead of the log.
    let mut heads = log.heads().await?;
    heads.retain(|(tenant_no, _)| tenant.is_none_or(|wanted| wanted == *tenant_no));
    let rows = client
        .query_typed(include_str!("status.sql"), &[(&tenant.map(|tenant| tenant.0), Type::INT4)])
        .await?;
    let mut all = Vec::new();
    for (tenant_no, head) in heads {
        for projection in Projection::ALL {
            let mut status = ProjectionStatus {
                projection,
                tenant_no: tenant_no.0,
                position: Position(0),
                head: head.position,
                lag_events: head.position.0,
                updated_at: None,
                parked: 0,
            };
            for row in &rows {
                let key: (i32, &str) = (row.try_get("tenant_no")?, row.try_get("projection")?);
                if key == (tenant_no.0, projection.name()) {
                    status.position = Position(row.try_get("position")?);
                    status.lag_events = (head.position.0 - status.position.0).max(0);
                    status.updated_at = row.try_get("updated_at")?;
                    status.parked = row.try_get::<_, i64>("parked")?.unsigned_abs();
                }
            }
            all.push(status);
        }
    }
    Ok(all)
}
