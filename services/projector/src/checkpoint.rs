//! The checkpoint row: how far a shard is, and who works on it.

use deadpool_postgres::Transaction;
use throughline_domain::ids::Position;
use throughline_projections::Projection;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use crate::parked;
use crate::shard::Shard;

const CLAIM: &str = include_str!("claim.sql");
const ADVANCE: &str = include_str!("advance.sql");

/// Returns the position up to which a projection tells of a tenant's log; 0 before its first batch.
///
/// # Errors
/// When the database does not answer.
pub async fn checkpoint(
    client: &Client,
    tenant_no: i32,
    projection: Projection,
) -> Result<Position, Error> {
    let row = client
        .query_typed_opt(
            "SELECT position FROM projection_checkpoint WHERE tenant_no = $1 AND projection = $2",
            &[(&tenant_no, Type::INT4), (&projection.name(), Type::TEXT)],
        )
        .await?;
    row.map_or(Ok(Position(0)), |row| row.try_get(0).map(Position))
}

/// A shard's checkpoint, held until the transaction ends.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) shard: Shard,
    epoch: i64,
    version: i32,
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
                &[(&shard.tenant.0, Type::INT4), (&shard.projection.name(), Type::TEXT)],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Self {
            shard,
            position: Position(row.try_get("position")?),
            epoch: row.try_get("epoch")?,
            version: row.try_get("version")?,
            has_parked: row.try_get("has_parked")?,
        }))
    }

    /// Whether the rows are written by a newer program than this.
    pub(crate) fn is_superseded(&self) -> bool {
        self.version > self.shard.projection.version()
    }

    /// Begins anew when the rows were written by older code.
    pub(crate) async fn begin_anew_if_older(
        &mut self,
        transaction: &Transaction<'_>,
    ) -> Result<(), Error> {
        if self.version == self.shard.projection.version() {
            return Ok(());
        }
        let Shard { tenant, projection } = self.shard;
        projection.erase(transaction, tenant.0).await?;
        parked::unpark_all(transaction, self.shard).await?;
        transaction
            .execute_typed(
                "UPDATE projection_checkpoint SET version = $3, position = 0, epoch = epoch + 1 \
                 WHERE tenant_no = $1 AND projection = $2",
                &[
                    (&tenant.0, Type::INT4),
                    (&projection.name(), Type::TEXT),
                    (&projection.version(), Type::INT4),
                ],
            )
            .await?;
        self.version = projection.version();
        self.position = Position(0);
        self.epoch += 1;
        self.has_parked = false;
        Ok(())
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
