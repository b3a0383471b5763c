//! One trace from the caller's span through the interface, the domain and the log to the
//! projections.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::CallersTrace;
use super::otlp_receiver::{OtlpReceiver, Told};
use crate::cases::{an_open_case, text};
use crate::service::Service;

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
const ROUTE: &str = "/v1/cases/{case_id}/contact-attempts";

/// What every span has besides its own attributes: where it was written, and how long it was
/// worked on.
const COMMON: [&str; 3] = ["busy_ns", "idle_ns", "target"];

/// What whoever runs the service is told of this.
const DOCUMENT: &str = include_str!("../../../../ops/telemetry.md");

/// Checks that a span has these attributes of its own and no others, and that it is documented.
#[track_caller]
fn assert_attributes(told: &Told, own: &[String]) {
    let common = COMMON.map(str::to_owned);
    let expected: BTreeSet<&String> = own.iter().chain(&common).collect();
    let found = told.attribute_names();
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), expected, "{}", told.span.name);
    for name in own {
        let short = name.strip_prefix("throughline").unwrap_or(name);
        let is_told =
            DOCUMENT.contains(&format!("`{name}`")) || DOCUMENT.contains(&format!("`{short}`"));
        assert!(is_told, "ops/telemetry.md explains {name}");
    }
    if !told.span.name.contains('/') && told.span.name.contains('.') {
        let row = format!("| `{}` |", told.span.name);
        assert!(DOCUMENT.contains(&row), "ops/telemetry.md explains {row}");
    }
}

/// The full name of an attribute that no convention has.
fn ours(name: &str) -> String {
    format!("throughline.{name}")
}

fn in_trace<'a>(spans: &'a [Told], trace: &CallersTrace, name: &str) -> Option<&'a Told> {
    spans.iter().find(|told| told.trace_id() == trace.trace_id && told.span.name == name)
}

/// The batch that an append rode in.
fn batch_of<'a>(spans: &'a [Told], append: &Told) -> Option<&'a Told> {
    spans.iter().find(|told| told.span.name == "log.batch" && told.follows(append))
}

/// The projections of which a batch is linked to that span.
fn projections_linked_to(spans: &[Told], request: &Told) -> BTreeSet<String> {
    spans
        .iter()
        .filter(|told| told.span.name == "projector.batch" && told.follows(request))
        .filter_map(|told| told.attribute("throughline.projection"))
        .collect()
}

fn attempt() -> Value {
    json!({"channel": "phone", "outcome": "reached", "occurred_at": "2024-02-01T10:00:00Z"})
}

#[tokio::test]
async fn a_command_is_one_trace_from_the_caller_to_the_projections() {
    let receiver = OtlpReceiver::start();
    let service = Service::start_with(&receiver.variables()).await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let trace = CallersTrace::begin();
    let path = format!("/v1/cases/{case}/contact-attempts");
    let headers = [("traceparent", &*trace.traceparent())];
    let recorded = client.post_with(&path, &headers, attempt()).await.expect(201);

    let name = format!("POST {ROUTE}");
    let spans = receiver
        .wait_for("span of every part", |spans| {
            let request = in_trace(spans, &trace, &name)?;
            batch_of(spans, in_trace(spans, &trace, "log.append")?)?;
            let projected = projections_linked_to(spans, request);
            (projected.len() == PROJECTIONS.len()).then(|| spans.to_vec())
        })
        .await;
    let request = in_trace(&spans, &trace, &name).unwrap();
    assert_eq!(request.parent_id(), trace.span_id, "it goes on where the caller's span is");
    assert_request(request);

    let decide = in_trace(&spans, &trace, "domain.decide").unwrap();
    assert_eq!(decide.parent_id(), request.span_id());
    let own = ["events", "stream_id", "stream_kind", "tenant_no", "version"];
    assert_attributes(decide, &own.map(ours));
    assert_eq!(decide.attribute("throughline.stream_id").unwrap(), case);

    let append = in_trace(&spans, &trace, "log.append").unwrap();
    assert_eq!(append.parent_id(), request.span_id());
    assert_attributes(append, &["command_id", "position", "tenant_no"].map(ours));
    let position = recorded["position"].to_string();
    assert_eq!(append.attribute("throughline.position").unwrap(), position);

    // The batch that it rode in serves others too: a trace of its own, linked.
    let batch = batch_of(&spans, append).unwrap();
    assert_ne!(batch.trace_id(), trace.trace_id);
    assert_attributes(batch, &["commands", "position", "tenant_no"].map(ours));

    // Each projection's batch is linked by what is kept with the event.
    let expected: BTreeSet<String> = PROJECTIONS.map(str::to_owned).into();
    assert_eq!(projections_linked_to(&spans, request), expected);
    let expected = format!("00-{}-{}-01", trace.trace_id, request.span_id());
    assert_eq!(kept_with(&service, &recorded).await, expected);
}

fn assert_request(request: &Told) {
    assert_eq!(request.span.kind().as_str_name(), "SPAN_KIND_SERVER");
    let attributes = [
        ("http.request.method", "POST"),
        ("http.route", ROUTE),
        ("http.response.status_code", "201"),
        ("throughline.tenant_no", "1"),
    ];
    assert_attributes(request, &attributes.map(|(name, _)| name.to_owned()));
    for (name, value) in attributes {
        assert_eq!(request.attribute(name).as_deref(), Some(value), "{name}");
    }
    let name = request.resource_attribute("service.name");
    assert_eq!(name.as_deref(), Some("throughline"));
    assert!(request.resource_attribute("service.version").is_some());
}

/// The `traceparent` that is kept with an event.
async fn kept_with(service: &Service, recorded: &Value) -> String {
    let event: Uuid = text(&recorded["event_id"]).parse().unwrap();
    let database = service.database.connect().await;
    let kept = "SELECT traceparent FROM event WHERE event_id = $1";
    database.query_one(kept, &[&event]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_trace_that_the_caller_does_not_sample_is_kept_and_not_sent() {
    let receiver = OtlpReceiver::start();
    let service = Service::start_with(&receiver.variables()).await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let path = format!("/v1/cases/{case}/contact-attempts");
    let (unsampled, sampled) = (CallersTrace::begin(), CallersTrace::begin());
    let headers = [("traceparent", &*unsampled.unsampled_traceparent())];
    let recorded = client.post_with(&path, &headers, attempt()).await.expect(201);
    let headers = [("traceparent", &*sampled.traceparent())];
    client.post_with(&path, &headers, attempt()).await.expect(201);

    // Spans leave in the order in which they end.
    receiver
        .wait_for("later span", |spans| in_trace(spans, &sampled, "log.append").map(drop))
        .await;
    let sent = receiver.spans();
    assert!(sent.iter().all(|told| told.trace_id() != unsampled.trace_id));
    let kept = kept_with(&service, &recorded).await;
    assert_eq!(kept[3..35], unsampled.trace_id);
    assert!(kept.ends_with("-00"), "{kept}");
}

#[tokio::test]
async fn a_failure_is_a_failed_span_and_a_refusal_is_not() {
    let receiver = OtlpReceiver::start();
    let service = Service::start_with(&receiver.variables()).await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let refuse = "ALTER TABLE event ADD CHECK (type <> 'ContactAttempted') NOT VALID";
    service.database.connect().await.batch_execute(refuse).await.unwrap();
    let (failed, refused) = (CallersTrace::begin(), CallersTrace::begin());
    let path = format!("/v1/cases/{case}/contact-attempts");
    let headers = [("traceparent", &*failed.traceparent())];
    client.post_with(&path, &headers, attempt()).await.expect(500);
    let headers = [("traceparent", &*refused.traceparent())];
    client.post_with(&path, &headers, json!({})).await.expect(422);

    let name = format!("POST {ROUTE}");
    let (failed, refused) = receiver
        .wait_for("failed and refused request", |spans| {
            let failed = in_trace(spans, &failed, &name)?;
            Some((failed.clone(), in_trace(spans, &refused, &name)?.clone()))
        })
        .await;
    let status = |told: &Told| told.span.status.clone().unwrap_or_default().code;
    assert_eq!((status(&failed), status(&refused)), (2, 0), "error, and unset");
    assert_eq!(failed.attribute("error.type").unwrap(), "internal");
    assert_eq!(refused.attribute("error.type"), None);
    assert_eq!(refused.attribute("http.response.status_code").unwrap(), "422");
}

#[tokio::test]
async fn a_path_that_is_not_there_has_no_route() {
    let receiver = OtlpReceiver::start();
    let service = Service::start_with(&receiver.variables()).await;
    let trace = CallersTrace::begin();
    for (method, expected) in [("GET", "GET"), ("BREW", "HTTP")] {
        let request = service
            .request(method.parse().unwrap(), "/nowhere/in/particular?at=all")
            .header("traceparent", trace.traceparent());
        assert_eq!(crate::service::read(request).await.status, 404);
        let told =
            receiver.wait_for(expected, |spans| in_trace(spans, &trace, expected).cloned()).await;
        let own = ["http.request.method", "http.response.status_code"];
        assert_attributes(&told, &own.map(str::to_owned));
    }
}
