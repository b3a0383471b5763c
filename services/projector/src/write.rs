//! The transaction of a batch: the fence, the rows, and what is set aside or taken up again.

use deadpool_postgres::Transaction;
use throughline_domain::ids::Position;
use throughline_log::LogError;
use uuid::Uuid;

use crate::fold::Folded;
use crate::lease::Lease;
use crate::parking::{self, Poison};
use crate::projector::Inner;

/// How the cases of a batch are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All at once.
    Together,
    /// Each behind a savepoint, so that one whose rows the database refuses can be set aside.
    Apart,
}

/// Writes what was folded and moves the checkpoint, all or nothing; `false` when the lease has
/// changed hands, and nothing was written.
pub(crate) async fn write(
    projector: &Inner,
    lease: &mut Lease,
    mut folded: Folded,
    upto: Position,
    mode: Mode,
) -> Result<bool, LogError> {
    let settings = &projector.settings;
    let mut client = projector.pool.get().await?;
    let mut transaction = client.transaction().await?;
    if !lease.fence(&transaction, upto, settings.lease, settings.statement_max).await? {
        transaction.rollback().await?;
        // Perhaps the log itself is another than the one that was read.
        projector.forget_log();
        return Ok(false);
    }
    match mode {
        Mode::Together => {
            for rows in folded.rows.chunks(settings.cases_at_once.max(1)) {
                let shard = lease.shard;
                shard.projection.write(&transaction, shard.place(), rows).await?;
            }
        }
        Mode::Apart => write_apart(lease, &mut transaction, &mut folded).await?,
    }
    let newly_parked = set_aside(projector, lease, &transaction, &folded).await?;
    transaction.commit().await?;
    lease.position = upto;
    lease.may_have_parked |= !folded.poisoned.is_empty();
    for (case, poison) in newly_parked {
        tell(projector, lease, case, poison);
    }
    Ok(true)
}

async fn write_apart(
    lease: &Lease,
    transaction: &mut Transaction<'_>,
    folded: &mut Folded,
) -> Result<(), LogError> {
    let shard = lease.shard;
    for (rows, last) in folded.rows.iter().zip(&folded.last_events) {
        let savepoint = transaction.transaction().await?;
        let written =
            shard.projection.write(&savepoint, shard.place(), std::slice::from_ref(rows)).await;
        match written {
            Ok(()) => savepoint.commit().await?,
            Err(error) if is_about_the_rows(&error) => {
                savepoint.rollback().await?;
                let poison = Poison { error_class: "refused", event: last.clone() };
                folded.poisoned.push((rows.case_id.0, poison));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Parks what is poisoned, and takes up again what no longer is. Returns what was not parked before.
async fn set_aside<'a>(
    projector: &Inner,
    lease: &Lease,
    transaction: &Transaction<'_>,
    folded: &'a Folded,
) -> Result<Vec<(Uuid, &'a Poison)>, LogError> {
    let settings = &projector.settings;
    let backoff = parking::Backoff {
        min: settings.parked_retry_delay_min,
        max: settings.parked_retry_delay_max,
    };
    let mut healed = folded.was_parked.clone();
    let mut newly_parked = Vec::new();
    for (case, poison) in &folded.poisoned {
        parking::park(transaction, lease, *case, poison, backoff).await?;
        if !healed.remove(case) {
            newly_parked.push((*case, poison));
        }
    }
    if !healed.is_empty() {
        let healed: Vec<Uuid> = healed.into_iter().collect();
        parking::unpark(transaction, lease.shard, &healed).await?;
    }
    Ok(newly_parked)
}

fn tell(projector: &Inner, lease: &Lease, case: Uuid, poison: &Poison) {
    projector.metrics.parked(lease.shard);
    tracing::error!(
        throughline.tenant_no = lease.shard.tenant.0,
        throughline.projection = lease.shard.projection.name(),
        throughline.build = lease.shard.build,
        throughline.case_id = %case,
        throughline.position = poison.event.as_ref().map_or(lease.position.0, |e| e.position.0),
        error.class = poison.error_class,
        "a case was parked: its rows are stale until it can be read"
    );
}

/// Whether the database refuses these rows, rather than the statement or everything.
pub(crate) fn is_about_the_rows(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|state| ["22", "23", "P0"].iter().any(|class| state.code().starts_with(class)))
}
