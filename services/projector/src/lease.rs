//! Leases: who may write a shard's rows. See `ops/adr/0019-leases-that-fence.md`.
//!
//! Only the database's clock says whether a lease has run out, and only the epoch whether a write is
//! the owner's. What a process believes of its own leases decides what it tries, never what it may.

use std::time::Duration;

use deadpool_postgres::Transaction;
use throughline_domain::ids::Position;
use throughline_log::TenantNo;
use throughline_projections::Projection;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};
use uuid::Uuid;

use crate::shard::{Shard, ShardColumns};

const TAKE: &str = include_str!("take_leases.sql");
const RENEW: &str = include_str!("renew_leases.sql");
const GIVE_BACK: &str = include_str!("give_back_leases.sql");
const FENCE: &str = include_str!("fence.sql");

/// A shard's lease, as this process last knew it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) shard: Shard,
    /// Raised whenever the lease changes hands.
    pub(crate) epoch: i64,
    /// Everything up to here is in the rows.
    pub(crate) position: Position,
    /// Whether a stream of the shard may be parked.
    pub(crate) may_have_parked: bool,
}

/// What taking leases gave.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) leases: Vec<Lease>,
    /// How many of them another process had let run out.
    pub(crate) from_others: u64,
}

/// Takes at most `limit` leases of `wanted`, those that matter most first, that nobody has.
pub(crate) async fn take(
    client: &Client,
    holder: Uuid,
    lease: Duration,
    wanted: &[Shard],
    limit: usize,
) -> Result<Taken, Error> {
    let mut columns = ShardColumns::default();
    columns.extend(wanted.iter().copied());
    let rows = client
        .query_typed(
            TAKE,
            &[
                (&holder, Type::UUID),
                (&milliseconds(lease), Type::INT8),
                (&i64::try_from(limit).unwrap_or(i64::MAX), Type::INT8),
                (&columns.tenants, Type::INT4_ARRAY),
                (&columns.projections, Type::TEXT_ARRAY),
                (&columns.versions, Type::INT4_ARRAY),
                (&columns.builds, Type::INT4_ARRAY),
            ],
        )
        .await?;
    let mut taken = Taken::default();
    for row in rows {
        let Some(projection) = Projection::find(row.try_get("projection")?) else { continue };
        let tenant = TenantNo(row.try_get("tenant_no")?);
        taken.leases.push(Lease {
            shard: Shard { tenant, projection, build: row.try_get("build")? },
            epoch: row.try_get("epoch")?,
            position: Position(row.try_get("position")?),
            may_have_parked: true,
        });
        taken.from_others += u64::from(row.try_get::<_, bool>("from_another")?);
    }
    Ok(taken)
}

/// Renews leases that are still this process's own; the others are left as they are.
pub(crate) async fn renew(
    client: &Client,
    lease: Duration,
    held: impl IntoIterator<Item = Lease>,
) -> Result<(), Error> {
    let (columns, epochs) = columns(held);
    if epochs.is_empty() {
        return Ok(());
    }
    client
        .execute_typed(
            RENEW,
            &[
                (&milliseconds(lease), Type::INT8),
                (&columns.tenants, Type::INT4_ARRAY),
                (&columns.projections, Type::TEXT_ARRAY),
                (&columns.versions, Type::INT4_ARRAY),
                (&columns.builds, Type::INT4_ARRAY),
                (&epochs, Type::INT8_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Gives leases back, so that others need not wait for them to run out.
pub(crate) async fn give_back(
    client: &Client,
    held: impl IntoIterator<Item = Lease>,
) -> Result<(), Error> {
    let (columns, epochs) = columns(held);
    if epochs.is_empty() {
        return Ok(());
    }
    client
        .execute_typed(
            GIVE_BACK,
            &[
                (&columns.tenants, Type::INT4_ARRAY),
                (&columns.projections, Type::TEXT_ARRAY),
                (&columns.versions, Type::INT4_ARRAY),
                (&columns.builds, Type::INT4_ARRAY),
                (&epochs, Type::INT8_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

impl Lease {
    /// Moves the checkpoint `to` a position and locks it until the transaction ends; `false` when
    /// the lease has changed hands, and nothing may be written. The first statement of every
    /// transaction that writes rows.
    ///
    /// When this process is stopped before the transaction ends, the server ends it after a lease's
    /// time.
    pub(crate) async fn fence(
        &self,
        transaction: &Transaction<'_>,
        to: Position,
        lease: Duration,
        statement_max: Duration,
    ) -> Result<bool, Error> {
        // Durable before it is seen, although the log could give it again: whoever has read a row
        // must not find an older one after a crash. So synchronous_commit stays as it is.
        let limits = format!(
            "SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL statement_timeout = {}",
            lease.as_millis().max(1),
            statement_max.as_millis()
        );
        let (key, lease) = (self.shard.key(), milliseconds(lease));
        let parameters = key.with(&[
            (&self.epoch, Type::INT8),
            (&self.position.0, Type::INT8),
            (&to.0, Type::INT8),
            (&lease, Type::INT8),
        ]);
        // Sent together: in a transaction, the second fails with the first.
        let ((), moved) = tokio::try_join!(
            transaction.batch_execute(&limits),
            transaction.execute_typed(FENCE, &parameters)
        )?;
        Ok(moved == 1)
    }
}

fn columns(held: impl IntoIterator<Item = Lease>) -> (ShardColumns, Vec<i64>) {
    held.into_iter().map(|lease| (lease.shard, lease.epoch)).unzip()
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
