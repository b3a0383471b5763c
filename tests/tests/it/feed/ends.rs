//! How a stream ends, and who gets none.

use std::time::{Duration, Instant};

use super::reader::{Frame, Stream, follow};
use crate::cases::{an_open_case, text};
use crate::service::{Service, read};

/// How long a stream may take to end.
const WAIT_MAX: Duration = Duration::from_mins(2);

/// The value of a metric's line that begins like this.
pub(super) async fn metric(service: &Service, line: &str) -> u64 {
    let page = read(service.request(reqwest::Method::GET, "/metrics")).await.text;
    let value = page.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no metric {line}")).parse().unwrap()
}

/// Waits until streams have ended for a reason, so many times.
pub(super) async fn ended(service: &Service, reason: &str, times: u64) {
    let line = format!("throughline_feed_streams_ended_total{{reason=\"{reason}\"}}");
    let deadline = Instant::now() + WAIT_MAX;
    while metric(service, &line).await < times {
        if Instant::now() >= deadline {
            let page = read(service.request(reqwest::Method::GET, "/metrics")).await.text;
            let told: Vec<&str> = page.lines().filter(|line| line.contains("_feed_")).collect();
            panic!("no stream ended as {reason}: {told:#?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(metric(service, &line).await, times);
}

#[tokio::test]
async fn a_service_that_is_told_to_stop_ends_its_streams_properly() {
    let mut service = Service::start().await;
    an_open_case(service.worker()).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = follow(&service, "/v1/events/stream?after=0", None).await;
        stream.events(3).await;
        streams.push(stream);
    }
    let stopping = service.terminate();
    let reading = async {
        for mut stream in streams {
            // The end that HTTP has for a body, and no connection cut off.
            assert_eq!(stream.event().await, None);
        }
    };
    let (status, ()) = tokio::join!(stopping, reading);
    assert!(status.success());
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let service = Service::start().await;
    an_open_case(service.worker()).await;
    let arguments = ["--tenant", "city", "--role", "caseworker", "--expires-in", "3s"];
    let token = service.issue(&arguments).await;
    let mut stream =
        Stream::open(&service, &token, "/v1/events/stream?after=0", None).await.unwrap();
    stream.events(3).await;
    assert_eq!(stream.frame().await, None);
    ended(&service, "expired", 1).await;
}

#[tokio::test]
async fn a_tenant_has_so_many_streams_and_a_place_is_free_when_one_left() {
    let few = [("THROUGHLINE_FEED_STREAMS_MAX", "2"), ("THROUGHLINE_FEED_HEARTBEAT_S", "1")];
    let service = Service::start_with(&few).await;
    an_open_case(service.worker()).await;
    let first = follow(&service, "/v1/events/stream", None).await;
    let _second = follow(&service, "/v1/events/stream", None).await;
    assert_eq!(metric(&service, "throughline_feed_streams").await, 2);
    let refused = service.worker().get("/v1/events/stream").await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "too-many-streams"));
    assert_eq!(refused.header("retry-after"), Some("30"));
    assert_eq!(text(&refused.json()["trace_id"]).len(), 32);
    assert_eq!(metric(&service, "throughline_feed_streams_refused_total").await, 1);
    // Another tenant has its own.
    let county = service.token("county", "caseworker").await;
    let mut other = Stream::open(&service, &county, "/v1/events/stream", None).await.unwrap();
    assert!(matches!(other.frame().await, Some(Frame::Position(..))));

    drop(first);
    ended(&service, "left", 1).await;
    let mut third = follow(&service, "/v1/events/stream?after=0", None).await;
    assert_eq!(third.events(3).await.len(), 3);
}

/// Nothing happens, so nothing is written on the streams that were cut off, and each may hold its
/// place for a while.
#[tokio::test]
async fn who_is_cut_off_a_hundred_times_gets_a_place_and_leaves_some_for_colleagues() {
    let service = Service::start().await;
    an_open_case(service.worker()).await;
    for _ in 0..100 {
        drop(follow(&service, "/v1/events/stream", None).await);
    }
    let token = service.token("city", "caseworker").await;
    let mut kept = Vec::new();
    let refused = loop {
        assert!(kept.len() < 200, "a caller has no limit");
        match Stream::open(&service, &token, "/v1/events/stream", None).await {
            Ok(stream) => kept.push(stream),
            Err(refused) => break refused,
        }
    };
    assert_eq!((refused.status, refused.problem().as_str()), (429, "too-many-streams"));
    let arguments = ["--tenant", "city", "--role", "caseworker", "--subject", "colleague"];
    let colleague = service.issue(&arguments).await;
    let mut stream = Stream::open(&service, &colleague, "/v1/events/stream", None).await.unwrap();
    assert!(matches!(stream.frame().await, Some(Frame::Position(..))));
}
