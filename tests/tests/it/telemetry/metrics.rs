//! `/metrics` after traffic that is known to the last request.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::WAIT_MAX;
use super::open_metrics::Page;
use crate::cases::{a_referral, a_referred_case};
use crate::service::{Service, read};

/// What whoever runs the service is told of this.
const DOCUMENT: &str = include_str!("../../../../ops/telemetry.md");
const REQUESTS: &str = "throughline_http_requests_total";
const PROJECTIONS: [&str; 9] = [
    "caseload",
    "engagement_timeline",
    "outcome_snapshot",
    "referral_pipeline",
    "agency_response",
    "workload",
    "risk_trajectory",
    "contact_override",
    "risk_disagreement",
];

async fn scrape(service: &Service) -> Page {
    let answer = read(service.request(Method::GET, "/metrics")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    Page::read(&answer.text)
}

/// Scrapes until the projections have told that they follow.
async fn scrape_when_caught_up(service: &Service, events: f64) -> Page {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        let page = scrape(service).await;
        let behind = PROJECTIONS.into_iter().filter(|projection| {
            let labels = [("projection", *projection)];
            let applied = page.find("throughline_projection_applied_events_total", &labels);
            let labels = [("projection", *projection), ("tenant_no", "1"), ("build", "0")];
            let lag = page.find("throughline_projection_lag_events", &labels);
            applied != Some(events) || lag != Some(0.0)
        });
        match behind.count() {
            0 => return page,
            count => assert!(Instant::now() < deadline, "{count} are behind: {page:#?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn assert_requests(page: &Page, method: &str, route: &str, status: &str, expected: f64) {
    let labels = [("method", method), ("route", route), ("status", status)];
    let found = page.find(REQUESTS, &labels).unwrap_or(0.0);
    assert!((found - expected).abs() < 0.5, "{labels:?}: {found}, not {expected}");
}

fn assert_value(page: &Page, name: &str, labels: &[(&str, &str)], expected: f64) {
    let found = page.value(name, labels);
    assert!((found - expected).abs() < 1e-9, "{name} {labels:?}: {found}, not {expected}");
}

#[tokio::test]
async fn a_service_that_has_done_nothing_says_so() {
    let service = Service::start().await;
    let page = scrape(&service).await;
    for outcome in ["appended", "conflict", "failed", "loading", "overloaded", "unavailable"] {
        assert_value(&page, "throughline_log_appends_total", &[("outcome", outcome)], 0.0);
    }
    assert_value(&page, "throughline_log_events_total", &[], 0.0);
    assert_value(&page, "throughline_log_queue_depth", &[], 0.0);
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_value(&page, "throughline_build_info", &version, 1.0);
    let started = page.value("process_start_time_seconds", &[]);
    let now = jiff::Timestamp::now().as_second();
    assert!((0.0..60.0).contains(&(f64::from(u32::try_from(now).unwrap()) - started)));
}

/// 3 referrals of 2 events each, one of them accepted; 5 attempts, one after the other; 20 more
/// referrals at once. And what is refused: by the router, the guard, the body's form, a rule.
async fn send_the_traffic(service: &Service) {
    let client = service.worker();
    let case = a_referred_case(client).await;
    for _ in 0..2 {
        a_referred_case(client).await;
    }
    let accepted = json!({"occurred_at": "2024-01-12T09:00:00Z"});
    client.step(&case, "acceptance", accepted).await.expect(201);
    let attempts = format!("/v1/cases/{case}/contact-attempts");
    let attempt = |at: &str| json!({"channel": "phone", "outcome": "reached", "occurred_at": at});
    for _ in 0..5 {
        let body = attempt("2024-02-01T10:00:00Z");
        client.post(&attempts, body).await.expect(201);
    }
    join_all((0..20).map(|_| a_referred_case(client))).await;
    for _ in 0..2 {
        let request = service.request(Method::GET, "/v1/referrals");
        read(request).await.expect(405);
        let request = service.request(Method::POST, "/v1/referrals");
        read(request.json(&a_referral())).await.expect(401);
        let body = json!({"channel": "pigeon"});
        client.post(&attempts, body).await.expect(422);
        let body = attempt("2001-01-01T00:00:00Z");
        client.post(&attempts, body).await.expect(409);
    }
}

/// Commands, and the events that they record; the first event is that the tenant went live.
const COMMANDS: f64 = 23.0 + 1.0 + 5.0;
const EVENTS: f64 = 1.0 + 46.0 + 1.0 + 5.0;

#[tokio::test]
async fn the_counts_are_those_of_the_traffic() {
    let service = Service::start().await;
    send_the_traffic(&service).await;
    let page = scrape_when_caught_up(&service, EVENTS).await;
    let attempts = "/v1/cases/{case_id}/contact-attempts";
    assert_requests(&page, "POST", "/v1/referrals", "201", 23.0);
    assert_requests(&page, "POST", "/v1/referrals", "401", 2.0);
    assert_requests(&page, "GET", "/v1/referrals", "405", 2.0);
    assert_requests(&page, "GET", "/v1/cases/{case_id}", "200", 1.0);
    assert_requests(&page, "POST", "/v1/cases/{case_id}/acceptance", "201", 1.0);
    assert_requests(&page, "POST", attempts, "201", 5.0);
    assert_requests(&page, "POST", attempts, "409", 2.0);
    assert_requests(&page, "POST", attempts, "422", 2.0);
    let answered: f64 = page.all(REQUESTS).iter().map(|(_, count)| count).sum();
    let seconds = "throughline_http_request_seconds_count";
    assert_value(&page, seconds, &[], answered);
    assert_log(&page);
    assert_projections(&page);
    let database = service.database.connect().await;
    let count = "SELECT count(*)::float8 FROM event";
    let count: f64 = database.query_one(count, &[]).await.unwrap().get(0);
    assert!((count - EVENTS).abs() < 0.5, "{count}");
    for name in page.names() {
        let row = format!("| `{name}` |");
        assert!(DOCUMENT.contains(&row), "ops/telemetry.md explains {name}");
    }
}

fn assert_log(page: &Page) {
    let appends = "throughline_log_appends_total";
    assert_value(page, appends, &[("outcome", "appended")], COMMANDS);
    for outcome in ["conflict", "failed", "loading", "overloaded", "unavailable"] {
        assert_value(page, appends, &[("outcome", outcome)], 0.0);
    }
    assert_value(page, "throughline_log_append_seconds_count", &[], COMMANDS);
    assert_value(page, "throughline_log_events_total", &[], EVENTS);
    // Every command rode in one batch. Those that came one by one rode alone.
    assert_value(page, "throughline_log_batch_commands_sum", &[], COMMANDS);
    let batches = page.value("throughline_log_batch_commands_count", &[]);
    assert!((10.0..=COMMANDS).contains(&batches), "{batches}");
    let alone = page.value("throughline_log_batch_commands_bucket", &[("le", "1.0")]);
    assert!((9.0..=batches).contains(&alone), "{alone}");
    assert_value(page, "throughline_log_queue_depth", &[], 0.0);
}

fn assert_projections(page: &Page) {
    for projection in PROJECTIONS {
        let labels = [("projection", projection)];
        let batches = page.value("throughline_projection_batch_seconds_count", &labels);
        assert!((1.0..=EVENTS).contains(&batches), "{projection}: {batches}");
        let delays = "throughline_projection_delay_seconds_count";
        assert_value(page, delays, &labels, batches);
        let parked = page.find("throughline_projection_parked_streams_total", &labels);
        assert!(parked.is_none_or(|parked| parked < 0.5), "{projection}");
        let labels = [("projection", projection), ("tenant_no", "1"), ("build", "0")];
        assert_value(page, "throughline_projection_lag_seconds", &labels, 0.0);
    }
}

#[tokio::test]
async fn commands_that_fail_are_counted_as_such() {
    let service = Service::start().await;
    let client = service.worker();
    a_referred_case(client).await;
    let refuse = "ALTER TABLE event ADD CHECK (type <> 'ReferralReceived') NOT VALID";
    service.database.connect().await.batch_execute(refuse).await.unwrap();
    for _ in 0..3 {
        client.post("/v1/referrals", a_referral()).await.expect(500);
    }
    let page = scrape(&service).await;
    assert_value(&page, "throughline_log_appends_total", &[("outcome", "appended")], 1.0);
    assert_value(&page, "throughline_log_appends_total", &[("outcome", "failed")], 3.0);
    assert_value(&page, "throughline_log_events_total", &[], 3.0);
    assert_value(&page, "throughline_log_queue_depth", &[], 0.0);
    assert_requests(&page, "POST", "/v1/referrals", "500", 3.0);
}

#[tokio::test]
async fn no_caller_can_make_a_new_series() {
    let service = Service::start().await;
    let client = service.worker();
    let case = a_referred_case(client).await;
    for n in 0..25 {
        let method = format!("BREW{n}").parse::<Method>().unwrap();
        for path in
            [format!("/nowhere/{n}"), format!("/v1/cases/{n}?q={n}"), "/v1/referrals".to_owned()]
        {
            let status = read(service.request(method.clone(), &path)).await.status;
            assert!(status == 404 || status == 405, "{status}");
        }
        read(service.request(Method::GET, &format!("/{n}/{case}"))).await.expect(404);
        client.get(&format!("/v1/cases/{n}")).await.expect(404);
        client.get(&format!("/v1/caseloads/worker-{n}")).await.expect(200);
    }
    let page = scrape(&service).await;
    assert_requests(&page, "_OTHER", "unmatched", "404", 25.0);
    assert_requests(&page, "GET", "unmatched", "404", 25.0);
    assert_requests(&page, "_OTHER", "/v1/referrals", "405", 25.0);
    assert_requests(&page, "_OTHER", "/v1/cases/{case_id}", "405", 25.0);
    let methods = page.label_values(REQUESTS, "method");
    assert_eq!(methods.into_iter().collect::<Vec<_>>(), ["GET", "POST", "_OTHER"]);
    let description = read(service.request(Method::GET, "/openapi.json")).await.expect(200);
    let known = description["paths"].as_object().unwrap();
    for route in page.label_values(REQUESTS, "route") {
        let is_known = known.contains_key(route) || ["unmatched", "/metrics"].contains(&route);
        assert!(is_known, "{route}");
    }
    // Every label of the page is one whose values are ours.
    let labels: Vec<&str> = page.label_names().into_iter().collect();
    let ours = [
        "build",
        "le",
        "method",
        "outcome",
        "projection",
        "reason",
        "route",
        "status",
        "tenant_no",
        "version",
    ];
    assert_eq!(labels, ours);
}
