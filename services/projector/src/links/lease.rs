//! Which tenant's links are followed by whom, and how far: rows of `link_follower`.
//!
//! A tenant is taken for one turn. Only the database's clock says whether a lease has run out, and
//! only the epoch whether somebody still has it.

use std::time::Duration;

use deadpool_postgres::{Pool, Transaction};
use throughline_domain::ids::Position;
use throughline_log::TenantNo;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::error::LinkError;

/// Begins following tenants that have links and are not followed yet: before the first link nothing
/// passes. Of two that do so at once, both say the same.
const BEGIN: &str = "\
    INSERT INTO link_follower (tenant_no, position) \
    SELECT h.tenant_no, began.position - 1 FROM log_head h \
    CROSS JOIN LATERAL (SELECT min(e.position) AS position FROM stream s \
        JOIN event e ON e.tenant_no = s.tenant_no AND e.stream_no = s.stream_no AND e.version = 1 \
        WHERE s.tenant_no = h.tenant_no AND s.kind = 'case_link') began \
    WHERE began.position IS NOT NULL \
        AND NOT EXISTS (SELECT FROM link_follower f WHERE f.tenant_no = h.tenant_no) \
    ON CONFLICT DO NOTHING";

/// Takes the tenant that waited longest of those that lag, are nobody's and not in `$3`.
const TAKE: &str = "\
    WITH free AS ( \
        SELECT f.tenant_no, h.position AS head FROM link_follower f JOIN log_head h USING (tenant_no) \
        WHERE f.position < h.position AND f.tenant_no <> ALL ($3) \
            AND (f.holder IS NULL OR f.holder = $1 OR f.leased_until < clock_timestamp()) \
        ORDER BY f.leased_until NULLS FIRST, f.tenant_no LIMIT 1 FOR UPDATE OF f SKIP LOCKED) \
    UPDATE link_follower f SET holder = $1, epoch = f.epoch + 1, \
        leased_until = clock_timestamp() + $2 * interval '1 millisecond' \
    FROM free WHERE f.tenant_no = free.tenant_no \
    RETURNING f.tenant_no, f.position, f.epoch, free.head";

const HOLD: &str = "\
    UPDATE link_follower SET leased_until = clock_timestamp() + $3 * interval '1 millisecond' \
    WHERE tenant_no = $1 AND epoch = $2";

/// Never back, and never past the end of the log, which may have been restored.
const GIVE_BACK: &str = "\
    UPDATE link_follower SET holder = NULL, leased_until = clock_timestamp(), position = $3 \
    WHERE tenant_no = $1 AND epoch = $2 AND position <= $3 \
        AND $3 <= (SELECT h.position FROM log_head h WHERE h.tenant_no = $1)";

const LAG: &str = "\
    SELECT coalesce(max(h.position - f.position), 0)::bigint \
    FROM link_follower f JOIN log_head h USING (tenant_no)";

/// A tenant, for one turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    pub(super) tenant: TenantNo,
    pub(super) position: Position,
    pub(super) head: Position,
    epoch: i64,
}

/// Where leases come from.
#[derive(Debug, Clone)]
pub(super) struct Leases {
    pub(super) pool: Pool,
    pub(super) holder: Uuid,
    pub(super) lease: Duration,
    pub(super) statement_max: Duration,
}

impl Leases {
    /// Takes a tenant that lags, none of `except`, if there is one.
    pub(super) async fn take(&self, except: &[i32]) -> Result<Option<Lease>, LinkError> {
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        self.limit(&transaction).await?;
        transaction.execute(BEGIN, &[]).await?;
        let taken = transaction
            .query_typed(
                TAKE,
                &[
                    (&self.holder, Type::UUID),
                    (&self.lease_ms(), Type::INT8),
                    (&except, Type::INT4_ARRAY),
                ],
            )
            .await?;
        transaction.commit().await?;
        let Some(row) = taken.first() else { return Ok(None) };
        Ok(Some(Lease {
            tenant: TenantNo(row.try_get(0)?),
            position: Position(row.try_get(1)?),
            epoch: row.try_get(2)?,
            head: Position(row.try_get(3)?),
        }))
    }

    /// Renews a lease; `false` when it is another's.
    pub(super) async fn hold(&self, lease: &Lease) -> Result<bool, LinkError> {
        let renewed = self
            .update(
                HOLD,
                &[
                    (&lease.tenant.0, Type::INT4),
                    (&lease.epoch, Type::INT8),
                    (&self.lease_ms(), Type::INT8),
                ],
            )
            .await?;
        Ok(renewed == 1)
    }

    /// Gives a tenant back, with how far it was followed. Nothing comes of it when it is another's.
    pub(super) async fn give_back(&self, lease: &Lease, upto: Position) -> Result<(), LinkError> {
        let parameters = [
            (&lease.tenant.0 as &(dyn tokio_postgres::types::ToSql + Sync), Type::INT4),
            (&lease.epoch, Type::INT8),
            (&upto.0, Type::INT8),
        ];
        self.update(GIVE_BACK, &parameters).await?;
        Ok(())
    }

    /// How far the tenant that lags most is behind, in events.
    pub(super) async fn lag(&self) -> Result<i64, LinkError> {
        let client = self.pool.get().await?;
        Ok(client.query_one(LAG, &[]).await?.try_get(0)?)
    }

    async fn update(
        &self,
        statement: &str,
        parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)],
    ) -> Result<u64, LinkError> {
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        self.limit(&transaction).await?;
        let changed = transaction.execute_typed(statement, parameters).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// The server ends what takes too long, or what this process began before it was stopped.
    async fn limit(&self, transaction: &Transaction<'_>) -> Result<(), LinkError> {
        let limits = format!(
            "SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL statement_timeout = {}",
            self.lease.as_millis().max(1),
            self.statement_max.as_millis()
        );
        Ok(transaction.batch_execute(&limits).await?)
    }

    fn lease_ms(&self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }
}
