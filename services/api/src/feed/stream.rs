//! The feed as it comes: server-sent events, for as long as the client stays.

use actix_web::http::header::HeaderName;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpRequest, HttpResponse};
use futures_util::stream::poll_fn;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use super::Feed;
use super::produce::Producer;
use super::question::{Kinds, LAST_EVENT_ID, after, last_event_id, require_within};
use crate::app::App;
use crate::caller::Caller;
use crate::freshness::{self, POSITION_HEADER};
use crate::problem::{self, Problem};
use crate::query::Query;

/// Chunks of a stream that wait for its client to take them.
const WAITING_CHUNKS_MAX: usize = 1;
/// Seconds after which a client may try again for whom there was no place.
const RETRY_AFTER_S: u32 = 30;
/// Tells a proxy to pass on at once what it gets.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Opens a stream: after `Last-Event-ID`, or after `after`, or from now on.
///
/// # Errors
/// [`problem::TOO_MANY_STREAMS`] when so many are open; whatever else the caller is answered with.
pub async fn stream_events(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["after", "type"])?;
    let kinds = Kinds::read(&query)?;
    let resumed = last_event_id(&request)?;
    let name = if resumed.is_some() { LAST_EVENT_ID } else { "after" };
    let asked = resumed.or(after(&query)?);
    let tenant = caller.tenant.tenant_no;
    let feed = &app.feed;
    if feed.stop.is_cancelled() {
        return Err(Problem::new(problem::OVERLOADED).retry_after(1));
    }
    let slot = feed.slots.take(tenant, &caller.subject).ok_or_else(|| {
        feed.metrics.refused.inc();
        Problem::new(problem::TOO_MANY_STREAMS).retry_after(RETRY_AFTER_S)
    })?;
    let head = freshness::reach_head(&app, &request, tenant).await?;
    let position = asked.unwrap_or(head);
    require_within(name, position, head)?;

    let (chunks, mut waiting) = mpsc::channel::<Bytes>(WAITING_CHUNKS_MAX);
    let producer = Producer {
        tail: feed.tails.of(tenant),
        kinds,
        position,
        settings: feed.settings,
        metrics: feed.metrics.clone(),
        stop: feed.stop.clone(),
        ends_at: ends_at(feed, &caller),
        slot,
    };
    tokio::spawn(producer.run(chunks));
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((POSITION_HEADER, position.to_string()))
        .insert_header((NO_BUFFERING, "no"))
        .streaming(poll_fn(move |context| {
            waiting.poll_recv(context).map(|chunk| chunk.map(Ok::<_, Error>))
        })))
}

/// When the stream is over: with the token, or when it has lasted long enough.
fn ends_at(feed: &Feed, caller: &Caller) -> Instant {
    let left_s = caller.expires_at_s.saturating_sub(Timestamp::now().as_second());
    let left = Duration::from_secs(u64::try_from(left_s).unwrap_or_default());
    Instant::now() + left.min(feed.settings.stream_lasts_max)
}
