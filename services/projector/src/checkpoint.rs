//! The checkpoint row: how far a shard is, and who works on it.

use deadpool_postgres::Transaction;
use throughline_domain::ids::Position;
use throughline_projections::{Place, Projection};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use crate::shard::Shard;

const CLAIM: &str = include_str!("claim.sql");
const ADVANCE: &str = include_str!("advance.sql");

const LIVE: &str = include_str!("live.sql");

/// The build that readers are answered from, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Where its rows are.
    pub place: Place,
    /// The position up to which they tell of the tenant's log; 0 before the first batch.
    pub position: Position,
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
    let place = Place { tenant_no, build: row.try_get("build")? };
    Ok(Live { place, position: Position(row.try_get("position")?) })
}

/// A shard's checkpoint, held until the transaction ends.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) shard: Shard,
    epoch: i64,
    /// Everything up to here is in the rows.
    pub(crate) position: Position,
    /// Whether any stream of the shard is parked.
    pub(crate) has_parked: bool,
}

impl Claim {
    /// Takes the shard's row; `None` when another projector has it, or there is none.
    pub(crate) async fn take(
        transaction: &Transaction<'_>,
        shard: Shard,
    ) -> Result<Option<Self>, Error> {
        let row = transaction
            .query_typed_opt(
                CLAIM,
                &[
                    (&shard.tenant.0, Type::INT4),
                    (&shard.projection.name(), Type::TEXT),
                    (&shard.projection.version(), Type::INT4),
                ],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Self {
            shard,
            position: Position(row.try_get("position")?),
            epoch: row.try_get("epoch")?,
            has_parked: row.try_get("has_parked")?,
        }))
    }

    /// Moves the checkpoint on; `false` when it is no longer where it was claimed.
    pub(crate) async fn advance(
        &self,
        transaction: &Transaction<'_>,
        to: Position,
    ) -> Result<bool, Error> {
        let moved = transaction
            .execute_typed(
                ADVANCE,
                &[
                    (&self.shard.tenant.0, Type::INT4),
                    (&self.shard.projection.name(), Type::TEXT),
                    (&self.shard.projection.version(), Type::INT4),
                    (&self.epoch, Type::INT8),
                    (&self.position.0, Type::INT8),
                    (&to.0, Type::INT8),
                ],
            )
            .await?;
        Ok(moved == 1)
    }
}

/// Makes sure that a shard has a row to claim; `true` when it had none.
pub(crate) async fn create(client: &Client, shard: Shard) -> Result<bool, Error> {
    let created = client
        .execute_typed(
            "INSERT INTO projection_checkpoint (tenant_no, projection, version) \
             VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &[
                (&shard.tenant.0, Type::INT4),
                (&shard.projection.name(), Type::TEXT),
                (&shard.projection.version(), Type::INT4),
            ],
        )
        .await?;
    Ok(created == 1)
}
