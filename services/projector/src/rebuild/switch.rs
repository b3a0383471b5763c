//! Which build readers are answered from: switched to a new one, and back.
//!
//! A reader asks in its own snapshot, so it sees one build or the other, whole.

use throughline_log::TenantNo;
use throughline_projections::Projection;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::error::SwitchError;
use super::halt::Halt;
use super::lease::{self, Lease};
use super::phase::Phase;
use super::rebuilder::Inner;
use crate::compare::{Comparison, stored};

/// A change of the live build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switched {
    /// From which build; it goes on being followed.
    pub from: i32,
    /// To which.
    pub to: i32,
}

/// Without a row, build 0 is live, if it was ever followed. The build before the one that goes is
/// forgotten here and dropped after. Only a build that is followed is switched to, or back to.
const TO_NEW: &str = "INSERT INTO projection_live AS live \
        (tenant_no, projection, version, build, previous_build) \
    SELECT tenant_no, projection, version, build, \
        (SELECT build FROM projection_checkpoint \
         WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = 0) \
    FROM projection_checkpoint \
    WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4 \
    ON CONFLICT (tenant_no, projection, version) DO UPDATE \
    SET previous_build = live.build, build = excluded.build, switched_at = clock_timestamp() \
    RETURNING build";

/// How far the new build is behind the live one; of that, what the log has counts.
const BEHIND: &str = "SELECT least(h.position, held.position) - new.position \
    FROM projection_checkpoint AS new \
    JOIN log_head AS h USING (tenant_no) \
    JOIN projection_checkpoint AS held USING (tenant_no, projection, version) \
    WHERE new.tenant_no = $1 AND new.projection = $2 AND new.version = $3 AND new.build = $4 \
        AND held.build = coalesce((SELECT live.build FROM projection_live AS live \
            WHERE live.tenant_no = $1 AND live.projection = $2 AND live.version = $3), 0)";

/// Has readers answered from the new build, in one transaction with the end of the rebuild.
pub(crate) async fn to_new(
    inner: &Inner,
    lease: &Lease,
    comparison: &Comparison,
) -> Result<(), Halt> {
    let comparison = stored::write(comparison).map_err(|_| Halt::failed("unwritable"))?;
    let mut client = inner.pool.get().await?;
    let transaction = lease::begin(&mut client, inner.settings.statement_max).await?;
    // From here on nobody can call it off.
    if lease.is_cancelled(&transaction).await? {
        return Err(Halt::Cancelled);
    }
    let build = lease.build_of();
    let behind = build.query(transaction.client(), BEHIND).await?;
    let behind: Option<i64> = behind.first().map(|row| row.try_get(0)).transpose()?;
    if behind.is_some_and(|behind| behind > inner.settings.lag_events_max) {
        // The comparison took so long that readers would go back in time, or nobody follows.
        lease.note(inner, &transaction, Phase::Comparing, "phase = 'catching_up'", &[]).await?;
        transaction.commit().await?;
        return Ok(());
    }
    if build.query(transaction.client(), TO_NEW).await?.is_empty() {
        return Err(Halt::failed("not_followed"));
    }
    lease.forget_slices(&transaction).await?;
    let assignments = "phase = 'switched', comparison = $5, finished_at = clock_timestamp(), \
        leased_until = NULL";
    let values = [(&comparison as _, Type::TEXT)];
    lease.note(inner, &transaction, Phase::Comparing, assignments, &values).await?;
    transaction.commit().await?;
    Ok(())
}

/// Has readers answered from the build before the live one again, at once. The two change places:
/// doing it twice changes nothing.
///
/// # Errors
/// [`SwitchError::NothingBefore`]; [`SwitchError::Log`] when the database does not answer.
pub async fn rollback(
    client: &Client,
    tenant: TenantNo,
    projection: Projection,
) -> Result<Switched, SwitchError> {
    // What it was before is what the other is now. Only a build that is followed is gone back to.
    let sql = "UPDATE projection_live AS live SET build = previous_build, previous_build = build, \
            switched_at = clock_timestamp() \
        WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND EXISTS ( \
            SELECT FROM projection_checkpoint AS held \
            WHERE held.tenant_no = $1 AND held.projection = $2 AND held.version = $3 \
                AND held.build = live.previous_build) \
        RETURNING live.previous_build, live.build";
    let row = client
        .query_typed_opt(
            sql,
            &[
                (&tenant.0, Type::INT4),
                (&projection.name(), Type::TEXT),
                (&projection.version(), Type::INT4),
            ],
        )
        .await?;
    let row = row.ok_or(SwitchError::NothingBefore)?;
    Ok(Switched { from: row.try_get(0)?, to: row.try_get(1)? })
}
