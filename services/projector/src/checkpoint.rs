//! The checkpoint of the build that readers are answered from.

use throughline_domain::ids::Position;
use throughline_projections::{Place, Projection};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

const LIVE: &str = include_str!("live.sql");

/// The build that readers are answered from, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Where its rows are.
    pub place: Place,
    /// The position up to which they tell of the tenant's log; 0 before the first batch.
    pub position: Position,
    /// How many cases are parked in it: what its rows say of those is stale.
    pub stale_cases: u64,
}

/// Returns the build that readers of a projection are answered from.
///
/// # Errors
/// When the database does not answer.
pub async fn live(client: &Client, tenant_no: i32, projection: Projection) -> Result<Live, Error> {
    let row = client
        .query_typed_one(
            LIVE,
            &[
                (&tenant_no, Type::INT4),
                (&projection.name(), Type::TEXT),
                (&projection.version(), Type::INT4),
            ],
        )
        .await?;
    Ok(Live {
        place: Place { tenant_no, build: row.try_get("build")? },
        position: Position(row.try_get("position")?),
        stale_cases: row.try_get::<_, i64>("stale_cases")?.unsigned_abs(),
    })
}
