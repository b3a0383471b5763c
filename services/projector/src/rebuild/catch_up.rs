//! Following the log from the pin on, until the build is hardly behind.
//!
//! From the moment its checkpoint is there, any projector follows the build as it follows others.
//! Where none runs, as when a rebuild is made from the command line alone, its owner does.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use throughline_domain::ids::Position;
use throughline_log::LogError;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::halt::{Halt, Signals};
use super::lease::{self, Lease};
use super::phase::Phase;
use super::rebuilder::Inner;

const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// How long others may take until the build moves, before its owner thinks that there are none.
const OTHERS_MAX: Duration = Duration::from_millis(500);

/// Waits until the build is caught up, then goes on to the next phase.
pub(crate) async fn run(inner: &Arc<Inner>, lease: &Lease, signals: &Signals) -> Result<(), Halt> {
    let mut seen = Position(-1);
    let mut moved_at = Instant::now();
    loop {
        signals.check()?;
        let position = position(inner, lease).await?;
        let head = inner.log.head(lease.tenant).await?.position;
        if head.0 - position.0 <= inner.settings.lag_events_max {
            break;
        }
        if position > seen {
            (seen, moved_at) = (position, Instant::now());
        } else if moved_at.elapsed() >= OTHERS_MAX {
            follow(inner, lease, signals).await?;
        }
        // Whoever holds the build may fail at it again and again; others wait for this rebuild.
        if moved_at.elapsed() >= inner.settings.unmoved_max {
            return Err(Halt::failed("not_followed"));
        }
        sleep(LOOK_INTERVAL).await;
    }
    let mut client = inner.pool.get().await?;
    let transaction = lease::begin(&mut client, inner.settings.statement_max).await?;
    lease.note(inner, &transaction, Phase::CatchingUp, "phase = 'comparing'", &[]).await?;
    transaction.commit().await?;
    Ok(())
}

/// Follows the build until it is caught up for now, or there is reason to stop. The batch begun is
/// finished, and the build's lease given back.
async fn follow(inner: &Inner, lease: &Lease, signals: &Signals) -> Result<(), Halt> {
    let stop = CancellationToken::new();
    let (tenant, projection, build) = (lease.tenant, lease.projection, lease.build);
    let mut following = pin!(inner.projector.follow_build(tenant, projection, build, &stop));
    tokio::select! {
        followed = &mut following => {
            followed?;
            return Ok(());
        }
        _ = signals.halted() => stop.cancel(),
    }
    following.await?;
    Ok(())
}

/// How far the build is.
async fn position(inner: &Inner, lease: &Lease) -> Result<Position, Halt> {
    let sql = "SELECT position FROM projection_checkpoint \
               WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND build = $4";
    let client = inner.pool.get().await.map_err(LogError::from)?;
    let rows = lease.build_of().query(&client, sql).await?;
    let row = rows.first().ok_or(Halt::failed("not_followed"))?;
    Ok(Position(row.try_get(0)?))
}
