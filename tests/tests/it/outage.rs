//! The database goes away and comes back; the process is asked to stop, or dies. What was
//! acknowledged is there, and what was refused is not.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use reqwest::{Method, RequestBuilder};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::cases::{Recorded, a_referral, an_attempt, an_open_case, text};
use crate::service::{Answer, Service, read, signal};

/// How long the service may take to be itself again.
const RECOVERY_MAX: Duration = Duration::from_secs(20);
/// How long a caller may wait for a refusal while the database is away.
const REFUSAL_MAX: Duration = Duration::from_secs(15);
/// Commands under way when the process is stopped.
const IN_FLIGHT: usize = 50;

#[track_caller]
fn assert_unavailable(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 503, "{what} {answer:?}");
    assert_eq!(answer.problem(), "unavailable", "{what}");
    let retry: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&retry), "{what}: {retry}");
}

async fn status(service: &Service, path: &str) -> u16 {
    read(service.request(Method::GET, path)).await.status
}

/// Asks until the service says that it is ready.
async fn wait_until_ready(service: &Service) {
    let began = Instant::now();
    while status(service, "/readyz").await != 200 {
        assert!(began.elapsed() < RECOVERY_MAX, "not ready again");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so_and_waited_for() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    an_attempt(client, &case).await;
    let before = Recorded::in_database_of(&service).await;
    assert_eq!(status(&service, "/readyz").await, 200);

    service.database.close().await;
    let began = Instant::now();
    let attempts = format!("/v1/cases/{case}/contact-attempts");
    let attempt = json!({"channel": "phone", "outcome": "reached"});
    assert_unavailable(&client.post(&attempts, attempt.clone()).await, "a fact");
    assert_unavailable(&client.post("/v1/referrals", a_referral()).await, "a referral");
    let closure = json!({"reason": "goals_met"});
    let step = format!("/v1/cases/{case}/closure");
    let step = client.post_with(&step, &[("If-Match", "*")], closure).await;
    assert_unavailable(&step, "a step");
    let paths = [
        format!("/v1/cases/{case}"),
        format!("/v1/cases/{case}/timeline"),
        "/v1/caseloads".to_owned(),
        "/v1/caseloads/w-ann?as_of=2024-05-01T00:00:00Z".to_owned(),
        "/v1/outcomes?programme=mrp&measure=risk_level".to_owned(),
    ];
    for path in paths {
        assert_unavailable(&client.get(&path).await, &path);
    }
    let projections = service.as_role("city", "operator").get("/v1/projections").await;
    assert_unavailable(&projections, "projections");
    assert!(began.elapsed() < REFUSAL_MAX, "{:?}", began.elapsed());
    assert_eq!(status(&service, "/readyz").await, 503);
    assert_eq!(status(&service, "/livez").await, 200);
    assert_eq!(status(&service, "/metrics").await, 200);
    // Who may not is still told so.
    let denied = read(service.request(Method::GET, "/v1/caseloads")).await;
    assert_eq!(denied.problem(), "unauthenticated");

    service.database.reopen().await;
    wait_until_ready(&service).await;
    assert_eq!(Recorded::in_database_of(&service).await, before, "what was refused is not there");
    let recorded = client.post(&attempts, attempt).await;
    let position = recorded.header("throughline-position").unwrap().to_owned();
    recorded.expect(201);
    let caseload = client.get_with("/v1/caseloads", &[("Throughline-After", &position)]).await;
    assert_eq!(caseload.expect(200)["cases"][0]["attempts"], 2, "the projections follow again");
}

/// Referrals to be recorded, each a request of its own.
async fn referrals(service: &Service) -> Vec<RequestBuilder> {
    let token = service.token("city", "caseworker").await;
    let referral = || service.request(Method::POST, "/v1/referrals").json(&a_referral());
    (0..IN_FLIGHT).map(|_| referral().bearer_auth(&token)).collect()
}

/// Sends all at once and calls `then` after so many were acknowledged; returns every case that was.
async fn acknowledged(
    requests: Vec<RequestBuilder>,
    after: usize,
    then: impl AsyncFnOnce(),
) -> BTreeSet<String> {
    let mut sent: FuturesUnordered<_> = requests
        .into_iter()
        .map(async |request| {
            let response = request.send().await.ok()?;
            let status = response.status().as_u16();
            let body: Value = response.json().await.ok()?;
            // While it stops, it may say so; anything else would be a mistake.
            assert!([201, 503].contains(&status), "{status} {body}");
            (status == 201).then(|| text(&body["case_id"]))
        })
        .collect();
    let mut cases = BTreeSet::new();
    let mut then = Some(then);
    while let Some(answered) = sent.next().await {
        cases.extend(answered);
        if cases.len() >= after
            && let Some(then) = then.take()
        {
            then().await;
        }
    }
    assert!(then.is_none(), "only {} were acknowledged", cases.len());
    cases
}

/// The cases in the log.
async fn recorded(service: &Service) -> BTreeSet<String> {
    let client = service.database.connect().await;
    let rows = "SELECT id::text FROM event JOIN stream USING (tenant_no, stream_no) \
                WHERE type = 'ReferralReceived'";
    let rows = client.query(rows, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Where the one tenant's log ends.
async fn head(service: &Service) -> i64 {
    let client = service.database.connect().await;
    client.query_one("SELECT position FROM log_head", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_stop_finishes_what_was_accepted() {
    let mut service = Service::start().await;
    let id = service.process_id();
    let referrals = referrals(&service).await;
    let cases = acknowledged(referrals, 5, async || signal(id, Signal::TERM)).await;
    let exit = service.exited().await;
    assert_eq!(exit.code(), Some(0), "{exit:?}");
    // Each was answered, or not begun.
    assert_eq!(recorded(&service).await, cases);
}

#[tokio::test]
async fn whatever_was_acknowledged_outlives_a_process_that_dies() {
    let mut service = Service::start().await;
    let id = service.process_id();
    let referrals = referrals(&service).await;
    let cases = acknowledged(referrals, 5, async || signal(id, Signal::KILL)).await;
    service.kill_and_restart().await;
    let recorded = recorded(&service).await;
    assert!(cases.is_subset(&recorded), "{:?} are lost", cases.difference(&recorded));

    // The projections go on from where they were, and have every case once.
    let head = head(&service).await.to_string();
    for case in &recorded {
        let timeline = format!("/v1/cases/{case}/timeline");
        let timeline = service.worker().get_with(&timeline, &[("Throughline-After", &head)]).await;
        let entries = timeline.expect(200)["entries"].as_array().unwrap().clone();
        assert_eq!(entries.len(), 1, "{entries:?}");
    }
    // And so does the log.
    service.worker().post("/v1/referrals", a_referral()).await.expect(201);
}
