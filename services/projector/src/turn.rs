//! One turn of a shard: some batches, or fewer when it has caught up.

use std::sync::Arc;

use throughline_domain::ids::Position;
use throughline_log::LogError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::batch::{self, Outcome};
use crate::lease::{self, Lease};
use crate::parking::Due;
use crate::projector::Inner;
use crate::shard::Shard;
use crate::write::Mode;

/// Tries parked streams again if any are due, and applies some batches.
///
/// After an error the lease may be behind what was committed; its epoch stays right.
pub(crate) async fn turn(
    projector: Arc<Inner>,
    mut lease: Lease,
    due: Option<Due>,
    stop: CancellationToken,
) -> (Lease, Result<Outcome, LogError>) {
    let outcome = batches(&projector, &mut lease, due, &stop).await;
    (lease, outcome)
}

async fn batches(
    projector: &Inner,
    lease: &mut Lease,
    due: Option<Due>,
    stop: &CancellationToken,
) -> Result<Outcome, LogError> {
    if let Some(due) = due
        && !batch::retry_parked(projector, lease, due).await?
    {
        return Ok(Outcome::Fenced);
    }
    let mut outcome = Outcome::Nothing;
    let began = Instant::now();
    for _ in 0..projector.settings.batches_a_turn.max(1) {
        outcome = apply(projector, lease).await?;
        let goes_on = matches!(outcome, Outcome::Applied { more: true, .. });
        let is_over = began.elapsed() >= projector.settings.turn_max;
        if !goes_on || is_over || stop.is_cancelled() {
            break;
        }
    }
    Ok(outcome)
}

/// Applies a batch; when the database refuses it, case by case, so that the guilty one is parked.
async fn apply(projector: &Inner, lease: &mut Lease) -> Result<Outcome, LogError> {
    match batch::apply(projector, lease, Mode::Together).await {
        Err(LogError::Refused(_)) => batch::apply(projector, lease, Mode::Apart).await,
        other => other,
    }
}

/// Applies to one shard what it does not tell of yet, unless another has its lease; then `None`.
pub(crate) async fn follow(
    projector: &Inner,
    shard: Shard,
    stop: &CancellationToken,
) -> Result<Option<Position>, LogError> {
    let holder = Uuid::new_v4();
    let length = projector.settings.lease;
    let taken = {
        let client = projector.pool.get().await?;
        lease::take(&client, holder, length, &[shard], 1).await?
    };
    let Some(mut lease) = taken.leases.first().copied() else {
        return Ok(None);
    };
    let outcome = loop {
        match apply(projector, &mut lease).await {
            Ok(Outcome::Applied { more: true, .. }) if !stop.is_cancelled() => {}
            Ok(Outcome::Fenced) => break Ok(None),
            Ok(_) => break Ok(Some(lease.position)),
            Err(error) => break Err(error),
        }
    };
    let client = projector.pool.get().await?;
    lease::give_back(&client, [lease]).await?;
    outcome
}
