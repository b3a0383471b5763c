//! The beginning of a rebuild: where it is pinned, its tables, and what its slices are.

use throughline_log::LogError;
use tokio_postgres::types::Type;

use super::halt::Halt;
use super::lease::{self, Lease};
use super::phase::Phase;
use super::rebuilder::Inner;

/// Ranges of stream numbers of about as many events each; numbers are dense. Streams differ in
/// length, so this is an estimate, which costs nothing; the memory of a slice does not depend on it.
const CUT: &str = "INSERT INTO projection_rebuild_slice \
        (tenant_no, operation_id, slice, first_stream, last_stream) \
    SELECT $1, $2, (row_number() OVER (ORDER BY first))::integer, first, \
        least(first + $4 - 1, $3) \
    FROM generate_series(1, $3, $4) AS first";

/// Pins the position, makes the tables and cuts the log into slices, in one transaction.
pub(crate) async fn begin(inner: &Inner, lease: &Lease) -> Result<(), Halt> {
    let head = inner.log.head(lease.tenant).await?;
    let events = head.position.0.max(1);
    let streams = inner.settings.slice_events.max(1).saturating_mul(head.streams) / events;
    let mut client = inner.pool.get().await.map_err(LogError::from)?;
    let transaction = lease::begin(&mut client, inner.settings.statement_max).await?;
    lease.build_of().call(transaction.client(), "projection_make_tables").await?;
    transaction
        .execute_typed(
            CUT,
            &[
                (&lease.tenant.0, Type::INT4),
                (&lease.operation_id, Type::UUID),
                (&head.streams, Type::INT8),
                (&streams.max(1), Type::INT8),
            ],
        )
        .await?;
    let assignments = "phase = 'folding', pinned_position = $5, events_total = $5";
    let pinned = [(&head.position.0 as _, Type::INT8)];
    lease.note(inner, &transaction, Phase::Queued, assignments, &pinned).await?;
    transaction.commit().await?;
    Ok(())
}
