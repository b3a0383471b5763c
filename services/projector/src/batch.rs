//! One batch of one shard: events after the checkpoint, the cases they touch, their rows and the
//! new checkpoint, all in one transaction.

use throughline_log::LogError;
use tokio::time::Instant;

use crate::fold::{Touched, by_case, fold};
use crate::lease::Lease;
use crate::new_events::BatchLimits;
use crate::parking::{self, Due};
use crate::projector::Inner;
use crate::trace;
use crate::write::{Mode, write};

/// What came of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The lease has changed hands: nothing was written.
    Fenced,
    /// There was nothing to apply.
    Nothing,
    /// Events were applied.
    Applied {
        /// Whether there may be more already.
        more: bool,
        /// Whether they were so many that more are worth waiting for.
        many: bool,
    },
}

/// Applies the next events.
#[tracing::instrument(
    name = "projector.batch",
    skip_all,
    fields(
        throughline.tenant_no = lease.shard.tenant.0,
        throughline.projection = lease.shard.projection.name(),
        throughline.build = lease.shard.build,
        throughline.after = lease.position.0,
        throughline.events,
        throughline.cases,
    )
)]
pub(crate) async fn apply(
    projector: &Inner,
    lease: &mut Lease,
    mode: Mode,
) -> Result<Outcome, LogError> {
    let started = Instant::now();
    let settings = &projector.settings;
    let (log, tenant) = (&projector.log, lease.shard.tenant);
    let limits = BatchLimits {
        events: settings.batch_events_max,
        bytes: settings.batch_bytes_max,
        folded: settings.batch_folded_max,
    };
    let batch = projector.new_events.after(log, tenant, lease.position, limits).await?;
    let events = batch.events();
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(Outcome::Nothing);
    };
    let span = tracing::Span::current();
    trace::follow(&span, events);
    let cases = by_case(events);
    span.record("throughline.events", events.len());
    span.record("throughline.cases", cases.len());

    let folded = fold(projector, lease, &cases, last.position).await?;
    if !write(projector, lease, folded, last.position, mode).await? {
        return Ok(Outcome::Fenced);
    }
    projector.metrics.applied(lease.shard, events.len(), started.elapsed(), first.recorded_at);
    Ok(Outcome::Applied { more: batch.more, many: events.len() >= settings.rest_events })
}

/// Tries parked streams of a shard again; `false` when the lease has changed hands.
pub(crate) async fn retry_parked(
    projector: &Inner,
    lease: &mut Lease,
    due: Due,
) -> Result<bool, LogError> {
    let mut after = None;
    loop {
        let limit = projector.settings.cases_at_once.max(1);
        let streams = {
            let client = projector.pool.get().await?;
            parking::after(&client, lease.shard, due, after, limit).await?
        };
        let Some(&last) = streams.last() else {
            return Ok(true);
        };
        let cases: Vec<Touched<'_>> = streams.into_iter().map(|case| (case, Vec::new())).collect();
        let upto = lease.position;
        lease.may_have_parked = true;
        let folded = fold(projector, lease, &cases, upto).await?;
        if !write(projector, lease, folded, upto, Mode::Apart).await? {
            return Ok(false);
        }
        after = Some(last);
    }
}
