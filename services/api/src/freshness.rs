//! Read your writes: a command's answer carries its position, and a query can wait for it.

use std::time::Duration;

use actix_web::HttpRequest;
use jiff::Timestamp;
use throughline_domain::ids::Position;
use throughline_domain::two_clocks::{Asked, Reading};
use throughline_log::{Settled, TenantNo};
use throughline_projections::{Place, Projection, ReadError};
use throughline_projector::{Live, WaitError};
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, IsolationLevel};

use crate::app::App;
use crate::cases::command::now;
use crate::dates::Dates;
use crate::problem::{self, FieldError, Problem};
use crate::refusal;

/// The position that an answer reflects.
pub const POSITION_HEADER: &str = "Throughline-Position";
/// The position that a query waits for.
pub const AFTER_HEADER: &str = "Throughline-After";

/// Says, as `true`, that an answer is about cases that could not be followed or read to the end.
pub const STALE_HEADER: &str = "Throughline-Stale";

/// How long a query waits for the log to be settled, and how often it looks.
const SETTLE_WAIT_MAX: Duration = Duration::from_millis(500);
const SETTLE_POLL: Duration = Duration::from_millis(5);

/// A process that is paused with a snapshot open would keep whoever drops a build waiting for the
/// build's tables.
const SNAPSHOT_IDLE_MAX: &str = "SET LOCAL idle_in_transaction_session_timeout = '30s'";

/// How often the log's head is looked at while a query waits for it.
const HEAD_POLL: Duration = Duration::from_millis(20);
/// Seconds after which a query that came too early may try again.
const RETRY_AFTER_S: u32 = 1;

/// What an answer from a projection reflects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Present {
    /// The log's events up to here, and no later one.
    pub position: Position,
    /// The dates that the answer is for: asked again at these, the question has the same answer for
    /// ever.
    pub asked: Asked,
    /// How many of the tenant's cases the projection could not follow: what it says of those is
    /// stale.
    pub stale_cases: u64,
}

/// Reads a projection as it stands at one moment, after waiting for what the query asks for.
///
/// With `Throughline-After` the query waits for that position, up to a limit. Without it, it waits
/// a little for whatever had been recorded when it came, and then answers with what there is: a
/// caller sees their own writes without asking, and a slow projection never makes the present
/// unreadable.
///
/// # Errors
/// [`problem::NOT_YET`] when the position asked for is not reached in time.
pub async fn read_present<T>(
    app: &App,
    request: &HttpRequest,
    tenant: TenantNo,
    projection: Projection,
    read: impl AsyncFnOnce(&Client, Place, Timestamp) -> Result<T, ReadError>,
) -> Result<(T, Present), Problem> {
    read_after(app, after(request)?, tenant, projection, read).await
}

/// The same for a question of the service's own, which waits for no position.
///
/// # Errors
/// When the database does not answer.
pub async fn read_latest<T>(
    app: &App,
    tenant: TenantNo,
    projection: Projection,
    read: impl AsyncFnOnce(&Client, Place, Timestamp) -> Result<T, ReadError>,
) -> Result<(T, Present), Problem> {
    read_after(app, None, tenant, projection, read).await
}

async fn read_after<T>(
    app: &App,
    after: Option<Position>,
    tenant: TenantNo,
    projection: Projection,
    read: impl AsyncFnOnce(&Client, Place, Timestamp) -> Result<T, ReadError>,
) -> Result<(T, Present), Problem> {
    let now = now();
    let settled = settle(app, tenant, |now| now).await?;
    reach(app, tenant, projection, after, settled.position).await?;
    let mut client = app.log.pool().get().await.map_err(|error| refusal::unavailable(&error))?;
    // One snapshot for the checkpoint and the rows, which the projector commits together.
    let snapshot = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(ReadError::from)?;
    // In one round trip.
    let limit = snapshot.batch_execute(SNAPSHOT_IDLE_MAX);
    let live = throughline_projector::live(snapshot.client(), tenant.0, projection);
    let ((), live) = tokio::try_join!(limit, live).map_err(ReadError::from)?;
    let Live { place, position, stale_cases } = live;
    // Another build may have become live since the wait, and be a little behind the one before.
    if after.is_some_and(|after| position < after) {
        return Err(not_yet());
    }
    let known_at = known_at(snapshot.client(), tenant, settled, position).await?;
    // What has just happened may have been recorded at a time that is a little before.
    let as_of = now.max(known_at);
    let value = read(snapshot.client(), place, as_of).await?;
    snapshot.commit().await.map_err(ReadError::from)?;
    let asked = Asked { as_of, known_at, reading: Reading::Effective };
    Ok((value, Present { position, asked, stale_cases }))
}

/// The moment at which what was known is what the projection reflects: when the log was settled, or
/// when the last event that is reflected was recorded.
async fn known_at(
    client: &Client,
    tenant: TenantNo,
    settled: Settled,
    reached: Position,
) -> Result<Timestamp, Problem> {
    if reached == settled.position {
        return Ok(settled.at);
    }
    let last = throughline_log::recorded_at(client, tenant, reached).await?;
    Ok(last.unwrap_or(Timestamp::UNIX_EPOCH))
}

async fn reach(
    app: &App,
    tenant: TenantNo,
    projection: Projection,
    after: Option<Position>,
    settled: Position,
) -> Result<(), Problem> {
    let (position, wait) = match after {
        Some(position) => (position, app.settings.after_wait_max),
        None => (settled, app.settings.fresh_wait_max),
    };
    let deadline = Instant::now() + wait;
    let pool = app.log.pool();
    match throughline_projector::wait_for(pool, tenant.0, projection, position, deadline).await {
        Ok(_) => Ok(()),
        Err(WaitError::NotReached { .. }) if after.is_none() => Ok(()),
        Err(WaitError::NotReached { .. }) => Err(not_yet()),
        Err(error) => Err(refusal::unavailable(&error)),
    }
}

/// The log, settled at the moment that is needed: while somebody writes much, that may take a tenth
/// of a second. A database that is slower than that does not keep the reader longer.
async fn settle(
    app: &App,
    tenant: TenantNo,
    needed: impl FnOnce(Timestamp) -> Timestamp,
) -> Result<Settled, Problem> {
    let begun = Instant::now();
    let mut settled = app.log.settle(tenant).await?;
    let needed = needed(settled.now);
    while settled.at < needed && begun.elapsed() < SETTLE_WAIT_MAX {
        sleep(SETTLE_POLL).await;
        settled = app.log.settle(tenant).await?;
    }
    Ok(settled)
}

/// Waits until the log itself has the position that the query asks for, and until all that will ever
/// have been known by the date asked about is recorded. With it come the dates in force.
///
/// # Errors
/// [`problem::NOT_YET`] when the position is not there in time.
pub async fn reach_log(
    app: &App,
    request: &HttpRequest,
    tenant: TenantNo,
    dates: &Dates,
) -> Result<(Settled, Asked), Problem> {
    let after = after(request)?;
    let deadline = Instant::now() + app.settings.after_wait_max;
    loop {
        let settled = settle(app, tenant, |now| dates.needed(now)).await?;
        if after.is_none_or(|after| settled.position >= after) {
            return Ok((settled, dates.asked(settled.at)));
        }
        if Instant::now() >= deadline {
            return Err(not_yet());
        }
        sleep(HEAD_POLL).await;
    }
}

/// The header of an answer in which something is stale.
#[must_use]
pub fn stale_header(is_stale: bool) -> Option<(&'static str, &'static str)> {
    is_stale.then_some((STALE_HEADER, "true"))
}

/// Whether a count is none: answers say nothing of stale cases where there are none.
#[must_use]
pub fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Where the tenant's log ends, once it has the position that the query asks for.
///
/// # Errors
/// [`problem::NOT_YET`] when the position is not there in time.
pub async fn reach_head(
    app: &App,
    request: &HttpRequest,
    tenant: TenantNo,
) -> Result<Position, Problem> {
    let after = after(request)?;
    let deadline = Instant::now() + app.settings.after_wait_max;
    loop {
        let head = app.log.head(tenant).await?.position;
        if after.is_none_or(|after| head >= after) {
            return Ok(head);
        }
        if Instant::now() >= deadline {
            return Err(not_yet());
        }
        sleep(HEAD_POLL).await;
    }
}

/// The read model has not come as far as the question needs; it may be asked again.
#[must_use]
pub fn not_yet() -> Problem {
    Problem::new(problem::NOT_YET).retry_after(RETRY_AFTER_S)
}

fn after(request: &HttpRequest) -> Result<Option<Position>, Problem> {
    let Some(value) = request.headers().get(AFTER_HEADER) else {
        return Ok(None);
    };
    let position = value.to_str().ok().and_then(|text| text.parse().ok());
    match position {
        Some(position) if position >= 0 => Ok(Some(Position(position))),
        _ => {
            let fault = FieldError::parameter(AFTER_HEADER, "is a whole number from 0 on");
            Err(Problem::new(problem::UNREADABLE).with(fault))
        }
    }
}
