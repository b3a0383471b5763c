//! The builds there are.

use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_log::{EventLog, LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

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
