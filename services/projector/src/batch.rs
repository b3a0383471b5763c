//! One batch of one shard: events after the checkpoint, the cases they touch, their rows and the
//! new checkpoint, all in one transaction.

use std::collections::HashMap;

use deadpool_postgres::{Object, Transaction};
use jiff::Timestamp;
use throughline_log::{LogError, StoredEvent, StreamKind};
use tokio::time::Instant;
use uuid::Uuid;

use crate::checkpoint::Claim;
use crate::parked;
use crate::projector::Inner;
use crate::shard::Shard;
use crate::trace;
use crate::write::{Mode, Touched, write};

/// What came of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Another projector has the shard.
    Busy,
    /// Events were applied, or there were none.
    Applied {
        /// When the last of them was recorded.
        recorded_at: Option<Timestamp>,
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
        throughline.tenant_no = shard.tenant.0,
        throughline.projection = shard.projection.name(),
        throughline.after,
        throughline.events,
        throughline.cases,
    )
)]
pub(crate) async fn apply(
    projector: &Inner,
    shard: Shard,
    mode: Mode,
) -> Result<Outcome, LogError> {
    let started = Instant::now();
    let mut client = projector.pool.get().await?;
    let mut transaction = begin(projector, &mut client).await?;
    let Some(claim) = Claim::take(&transaction, shard).await? else {
        return Ok(Outcome::Busy);
    };

    let limit = projector.settings.batch_events_max;
    let events = projector.log.follow(shard.tenant, claim.position, limit).await?;
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        transaction.commit().await?;
        return Ok(Outcome::Applied { recorded_at: None, more: false, many: false });
    };
    let (oldest, recorded_at, upto) = (first.recorded_at, last.recorded_at, last.position);
    let count = events.len();
    let span = tracing::Span::current();
    trace::follow(&span, &events);
    let cases = by_case(events);
    span.record("throughline.after", claim.position.0);
    span.record("throughline.events", count);
    span.record("throughline.cases", cases.len());

    write(projector, &mut transaction, &claim, &cases, upto, mode).await?;
    if !claim.advance(&transaction, upto).await? {
        return Ok(Outcome::Busy);
    }
    transaction.commit().await?;
    projector.metrics.applied(shard, count, started.elapsed(), oldest);
    Ok(Outcome::Applied {
        recorded_at: Some(recorded_at),
        more: u32::try_from(count).is_ok_and(|count| count >= limit),
        many: count >= projector.settings.rest_events,
    })
}

/// Tries the parked streams of a shard again: this program may be able to read what another could
/// not. `false` when another projector has the shard.
pub(crate) async fn retry_parked(projector: &Inner, shard: Shard) -> Result<bool, LogError> {
    let mut after = None;
    loop {
        let mut client = projector.pool.get().await?;
        let mut transaction = begin(projector, &mut client).await?;
        let Some(claim) = Claim::take(&transaction, shard).await? else {
            return Ok(false);
        };
        if !claim.has_parked {
            return Ok(true);
        }
        let limit = projector.settings.cases_at_once;
        let streams = parked::after(&transaction, shard, after, limit).await?;
        let Some(&last) = streams.last() else {
            return Ok(true);
        };
        let cases: Vec<Touched> = streams.into_iter().map(|case| (case, Vec::new())).collect();
        write(projector, &mut transaction, &claim, &cases, claim.position, Mode::Apart).await?;
        transaction.commit().await?;
        after = Some(last);
    }
}

async fn begin<'a>(projector: &Inner, client: &'a mut Object) -> Result<Transaction<'a>, LogError> {
    let transaction = client.transaction().await?;
    // Durable before it is seen, although the log could give it again: whoever has read a row must
    // not find an older one after a crash.
    let settings =
        format!("SET LOCAL statement_timeout = {}", projector.settings.statement_max.as_millis());
    transaction.batch_execute(&settings).await?;
    Ok(transaction)
}

/// The events of cases, case by case; those of persons and of the tenant have no rows.
fn by_case(events: Vec<StoredEvent>) -> Vec<Touched> {
    let mut places: HashMap<Uuid, usize> = HashMap::new();
    let mut cases: Vec<Touched> = Vec::new();
    for event in events {
        if event.stream.kind != StreamKind::Case {
            continue;
        }
        let place = *places.entry(event.stream.id).or_insert(cases.len());
        if place == cases.len() {
            cases.push((event.stream.id, Vec::new()));
        }
        cases[place].1.push(event);
    }
    cases
}
