//! The trace id in every problem: the caller's, or one of its own.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::CallersTrace;
use crate::cases::{a_closed_case, a_referral, an_open_case};
use crate::service::{Service, read};

/// What a request of the table needs to know.
pub(super) struct World<'a> {
    pub(super) service: &'a Service,
    pub(super) worker: String,
    pub(super) operator: String,
    pub(super) open_case: String,
    pub(super) closed_case: String,
}

impl<'a> World<'a> {
    /// Two cases, and an event log that refuses incidents: that is a failure of the service's own.
    pub(super) async fn of(service: &'a Service) -> Self {
        let client = service.worker();
        let world = Self {
            service,
            worker: service.token("city", "caseworker").await,
            operator: service.token("city", "operator").await,
            open_case: an_open_case(client).await,
            closed_case: a_closed_case(client).await,
        };
        let refuse = "ALTER TABLE event ADD CHECK (type <> 'IncidentReported') NOT VALID";
        service.database.connect().await.batch_execute(refuse).await.unwrap();
        world
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.service.request(Method::GET, path).bearer_auth(&self.worker)
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.service.request(Method::POST, path).bearer_auth(&self.worker).json(body)
    }

    fn post_as(&self, path: &str, content_type: &str, body: &'static str) -> RequestBuilder {
        let request = self.service.request(Method::POST, path).bearer_auth(&self.worker);
        request.header("content-type", content_type).body(body)
    }

    fn of_open(&self, rest: &str) -> String {
        format!("/v1/cases/{}{rest}", self.open_case)
    }
}

type Send = fn(&World<'_>) -> RequestBuilder;

/// A request for each kind of problem that a caller can bring about, by whoever answers it: the
/// router, the guard, an extractor, a handler, the domain, the log.
pub(super) const TABLE: &[(u16, &str, Send)] = &[
    (401, "unauthenticated", |w| w.service.request(Method::GET, "/v1/caseloads")),
    (401, "unauthenticated", |w| {
        w.service.request(Method::POST, "/v1/referrals").bearer_auth("none").json(&json!({}))
    }),
    (403, "forbidden", |w| {
        w.service.request(Method::GET, "/v1/caseloads").bearer_auth(&w.operator)
    }),
    (404, "not-found", |w| w.service.request(Method::GET, "/nowhere")),
    (404, "not-found", |w| w.get(&format!("/v1/cases/{}", uuid::Uuid::new_v4()))),
    (404, "not-found", |w| w.get("/v1/cases/no-id")),
    (405, "method-not-allowed", |w| w.service.request(Method::DELETE, "/v1/referrals")),
    (405, "method-not-allowed", |w| w.service.request("BREW".parse().unwrap(), "/v1/caseloads")),
    (400, "unreadable", |w| w.post_as("/v1/referrals", "application/json", "{")),
    (400, "unreadable", |w| {
        w.post(&w.of_open("/closure"), &json!({"reason": "goals_met"})).header("if-match", "5")
    }),
    (409, "already-closed", |w| {
        let path = format!("/v1/cases/{}/closure", w.closed_case);
        w.post(&path, &json!({"reason": "goals_met"})).header("if-match", "*")
    }),
    (409, "outside-every-episode", |w| {
        let at = "2019-01-01T00:00:00Z";
        let body = json!({"channel": "phone", "outcome": "reached", "occurred_at": at});
        w.post(&w.of_open("/contact-attempts"), &body)
    }),
    (412, "stale-version", |w| {
        w.post(&w.of_open("/closure"), &json!({"reason": "goals_met"})).header("if-match", "\"99\"")
    }),
    (413, "too-large", |w| w.post("/v1/referrals", &json!({"narrative": "x".repeat(300 * 1024)}))),
    (415, "unsupported-media-type", |w| w.post_as("/v1/referrals", "text/plain", "{}")),
    (422, "invalid", |w| w.post("/v1/referrals", &json!({}))),
    (422, "invalid", |w| w.get("/v1/caseloads?as_of=yesterday")),
    (422, "unknown-programme", |w| {
        let mut body = a_referral();
        body["programme"] = "nobodys".into();
        w.post("/v1/referrals", &body)
    }),
    (428, "precondition-required", |w| {
        w.post(&w.of_open("/closure"), &json!({"reason": "goals_met"}))
    }),
    (500, "internal", |w| w.post(&w.of_open("/incidents"), &json!({"kind": "crime"}))),
    (503, "not-yet", |w| w.get("/v1/caseloads").header("throughline-after", "999999")),
];

#[tokio::test]
async fn every_problem_names_the_callers_trace_or_one_of_its_own() {
    // Whatever the log lines are limited to, the ids are there.
    let service = Service::start_with(&[("RUST_LOG", "error")]).await;
    let world = World::of(&service).await;
    let mut own = BTreeSet::new();
    for (status, kind, send) in TABLE {
        let trace = CallersTrace::begin();
        let answer = read(send(&world).header("traceparent", trace.traceparent())).await;
        assert_eq!((answer.status, &*answer.problem()), (*status, *kind));
        assert_eq!(answer.json()["trace_id"], trace.trace_id, "{kind}");

        let answer = read(send(&world)).await;
        assert_eq!((answer.status, &*answer.problem()), (*status, *kind));
        let trace_id = answer.json()["trace_id"].as_str().unwrap().to_owned();
        assert!(is_trace_id(&trace_id), "{trace_id}");
        assert!(own.insert(trace_id), "{kind}: an id of another request");
    }
}

#[tokio::test]
async fn a_traceparent_that_cannot_be_read_begins_a_new_trace() {
    let service = Service::start().await;
    for traceparent in [
        "",
        "canary",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    ] {
        let request = service.request(Method::GET, "/nowhere").header("traceparent", traceparent);
        let trace_id = read(request).await.expect(404)["trace_id"].as_str().unwrap().to_owned();
        assert!(is_trace_id(&trace_id), "{traceparent}: {trace_id}");
        assert!(!traceparent.to_lowercase().contains(&trace_id), "{traceparent}");
    }
}

#[tokio::test]
async fn the_table_has_every_status_that_the_description_has() {
    let service = Service::start().await;
    let description = read(service.request(Method::GET, "/openapi.json")).await.expect(200);
    let mut described = BTreeMap::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            for status in operation["responses"].as_object().unwrap().keys() {
                described.insert(status.parse::<u16>().unwrap(), path.clone());
            }
        }
    }
    // Too many streams takes streams that stay open: `feed/ends.rs`.
    described.retain(|status, _| *status >= 400 && *status != 429);
    let tried: BTreeSet<u16> = TABLE.iter().map(|(status, _, _)| *status).collect();
    described.retain(|status, _| !tried.contains(status));
    assert_eq!(described, BTreeMap::new(), "statuses that no request of the table has");
}

fn is_trace_id(text: &str) -> bool {
    let is_hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    text.len() == 32 && text.bytes().all(is_hex) && text.bytes().any(|digit| digit != b'0')
}
