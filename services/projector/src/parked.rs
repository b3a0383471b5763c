//! Streams that cannot be read or folded: set aside with the reason, while the others go on.

use std::collections::HashSet;

use jiff::Timestamp;
use throughline_domain::ids::{CaseId, Position};
use throughline_projections::{Projection, ReadError};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Transaction};
use uuid::Uuid;

use crate::shard::Shard;

/// The most rows that [`parked`] gives.
pub const PARKED_MAX: i64 = 1_000;

const PARK: &str = include_str!("park.sql");

/// A case that a projection does not follow: what it says of the case is stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The projection.
    pub projection: Projection,
    /// The case.
    pub case_id: CaseId,
    /// The event that cannot be taken.
    pub position: Position,
    /// Why, as a class: never content.
    pub error_class: String,
    /// Since when.
    pub since: Timestamp,
}

/// Returns the cases of a tenant that are parked, or whether one case is.
///
/// Shape: at most [`PARKED_MAX`] rows, by case, then projection.
///
/// # Errors
/// When the database does not answer.
pub async fn parked(
    client: &Client,
    tenant_no: i32,
    case_id: Option<CaseId>,
) -> Result<Vec<Parked>, ReadError> {
    let rows = client
        .query_typed(
            "SELECT projection, stream_id, position, error_class, since FROM projection_parked \
             WHERE tenant_no = $1 AND ($2 IS NULL OR stream_id = $2) \
             ORDER BY stream_id, projection LIMIT $3",
            &[
                (&tenant_no, Type::INT4),
                (&case_id.map(|id| id.0), Type::UUID),
                (&PARKED_MAX, Type::INT8),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Parked {
                projection: Projection::find(row.try_get("projection")?).ok_or(
                    ReadError::Unreadable { table: "projection_parked", column: "projection" },
                )?,
                case_id: CaseId(row.try_get("stream_id")?),
                position: Position(row.try_get("position")?),
                error_class: row.try_get("error_class")?,
                since: row.try_get("since")?,
            })
        })
        .collect()
}

/// Why a stream is parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Poison {
    pub(crate) position: Position,
    pub(crate) error_class: &'static str,
}

/// Which of `streams` are parked.
pub(crate) async fn among(
    transaction: &Transaction<'_>,
    shard: Shard,
    streams: &[Uuid],
) -> Result<HashSet<Uuid>, Error> {
    let rows = transaction
        .query_typed(
            "SELECT stream_id FROM projection_parked \
             WHERE tenant_no = $1 AND projection = $2 AND stream_id = ANY($3)",
            &[
                (&shard.tenant.0, Type::INT4),
                (&shard.projection.name(), Type::TEXT),
                (&streams, Type::UUID_ARRAY),
            ],
        )
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// The next parked streams of a shard, by id.
pub(crate) async fn after(
    transaction: &Transaction<'_>,
    shard: Shard,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Uuid>, Error> {
    let rows = transaction
        .query_typed(
            "SELECT stream_id FROM projection_parked \
             WHERE tenant_no = $1 AND projection = $2 AND ($3 IS NULL OR stream_id > $3) \
             ORDER BY stream_id LIMIT $4",
            &[
                (&shard.tenant.0, Type::INT4),
                (&shard.projection.name(), Type::TEXT),
                (&after, Type::UUID),
                (&i64::try_from(limit).unwrap_or(i64::MAX), Type::INT8),
            ],
        )
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Sets a stream aside. One that is parked already keeps its first reason.
pub(crate) async fn park(
    transaction: &Transaction<'_>,
    shard: Shard,
    stream: Uuid,
    poison: &Poison,
) -> Result<(), Error> {
    transaction
        .execute_typed(
            PARK,
            &[
                (&shard.tenant.0, Type::INT4),
                (&shard.projection.name(), Type::TEXT),
                (&shard.projection.version(), Type::INT4),
                (&stream, Type::UUID),
                (&poison.position.0, Type::INT8),
                (&poison.error_class, Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}

/// Takes streams up again.
pub(crate) async fn unpark(
    transaction: &Transaction<'_>,
    shard: Shard,
    streams: &[Uuid],
) -> Result<(), Error> {
    transaction
        .execute_typed(
            "DELETE FROM projection_parked \
             WHERE tenant_no = $1 AND projection = $2 AND stream_id = ANY($3)",
            &[
                (&shard.tenant.0, Type::INT4),
                (&shard.projection.name(), Type::TEXT),
                (&streams, Type::UUID_ARRAY),
            ],
        )
        .await?;
    Ok(())
}
