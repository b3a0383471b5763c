//! A canary in every field of every command, and in everything else that a caller can send, is
//! found in no span, log line, metric or problem.
//!
//! The operations and their fields are read from the description, so that a new one cannot be
//! forgotten. The tenant and the worker are called after the canary too.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use super::canary_caller::{Canary, assert_clean, assert_clean_answer};
use super::commands::{CODE, DATE, Description, NUMBER, WORDS};
use super::log_lines;
use super::otlp_receiver::OtlpReceiver;
use crate::cases::{an_attempt, an_open_case};
use crate::service::{Service, log_text, read};

/// Our own programs tell everything they can.
const RUST_LOG: &str = "info,throughline=trace,throughline_api=trace,throughline_log=trace,\
    throughline_projector=trace,throughline_projections=trace,throughline_domain=trace";

#[tokio::test]
async fn what_is_sent_is_found_in_no_span_line_metric_or_problem() {
    let receiver = OtlpReceiver::start();
    let variables: Vec<_> =
        receiver.variables().into_iter().chain([("RUST_LOG", RUST_LOG)]).collect();
    let mut service = Service::start_with(&variables).await;
    let canary = Canary::of(&service).await;
    let officer = canary.officer().await;
    let operator = canary.operator().await;
    let manager = canary.manager().await;
    let description = Description::read(canary.client()).await;
    let operations = description.operations();
    let case = an_open_case(canary.client()).await;
    let event = an_attempt(canary.client(), &case).await;
    for operation in &operations {
        let canary = match operation.role() {
            _ if operation.is_about_a_person() => &officer,
            "team_manager" => &manager,
            _ => &canary,
        };
        match operation.method.as_str() {
            _ if operation.is_about_arms() => manager.arms(&description, operation).await,
            _ if operation.is_operators() => operator.operators(&description, operation).await,
            "POST" if !operation.is_casework() && !operation.is_about_a_person() => {
                canary.definition(&description, operation).await;
            }
            "POST" | "PUT" | "PATCH" | "DELETE" => canary.command(&description, operation).await,
            _ => canary.query(operation, &case, &event).await,
        }
    }
    let metrics = read(service.request(Method::GET, "/metrics")).await.text;
    assert!(service.terminate().await.success());

    // Every operation left a span and a metric, so that there was something to look at.
    let spans: BTreeSet<String> = receiver.spans().into_iter().map(|told| told.span.name).collect();
    for operation in &operations {
        let name = format!("{} {}", operation.method, operation.path);
        assert!(spans.contains(&name), "no span {name}");
        let label = format!("route=\"{}\"", operation.path);
        assert!(metrics.contains(&label), "no metric of {label}");
    }
    assert!(log_lines(&service.data_dir).len() > 1000);
    assert_clean("the spans", &receiver.transcript());
    assert_clean("the log lines", &log_text(&service.data_dir));
    assert_clean("the metrics", &metrics);
}

/// What fails within quotes most: the database names values in its messages, and a decoder the text
/// it could not read.
#[tokio::test]
async fn what_fails_is_told_without_what_was_sent() {
    let receiver = OtlpReceiver::start();
    let variables: Vec<_> =
        receiver.variables().into_iter().chain([("RUST_LOG", RUST_LOG)]).collect();
    let mut service = Service::start_with(&variables).await;
    let canary = Canary::of(&service).await;
    let client = canary.client();
    let case = an_open_case(client).await;
    let event = an_attempt(client, &case).await;
    let database = service.database.connect().await;

    // The log refuses a row, and quotes all of it.
    let refuse = "ALTER TABLE event ADD CONSTRAINT no_attempt \
                  CHECK (type <> 'ContactAttempted') NOT VALID";
    database.batch_execute(refuse).await.unwrap();
    let body = json!({
        "channel": "phone", "outcome": "reached", "purpose": CODE, "duration_min": NUMBER,
        "occurred_at": "2024-03-01T03:14:15.926535Z", "narrative": WORDS,
    });
    let answer = canary.post(&format!("/v1/cases/{case}/contact-attempts"), &body).await;
    assert_eq!(answer.status, 500);
    assert_clean_answer("a refused row", &answer);
    database.batch_execute("ALTER TABLE event DROP CONSTRAINT no_attempt").await.unwrap();

    // A read model refuses a row: the case is parked.
    let refuse =
        format!("ALTER TABLE caseload_2 ADD CHECK (worker IS DISTINCT FROM '{CODE}') NOT VALID");
    database.batch_execute(&refuse).await.unwrap();
    let allocation = json!({"worker": CODE, "occurred_at": "2024-03-01T03:14:15.926535Z"});
    let answer = canary.post(&format!("/v1/cases/{case}/allocations"), &allocation).await;
    let position = answer.expect(201)["position"].to_string();
    let request =
        canary.request("GET", &format!("/v1/caseloads/{CODE}")).bearer_auth(&canary.token);
    read(request.header("throughline-after", position)).await.expect(200);

    // A stored event cannot be read, and its decoder would quote it.
    let spoil = format!(
        "ALTER TABLE event DISABLE TRIGGER USER; \
         UPDATE event SET data = '{{\"channel\": \"{CODE}\", \"{CODE}\": \"{DATE}\"}}' \
         WHERE event_id = '{event}'"
    );
    database.batch_execute(&spoil).await.unwrap();
    for path in ["", "/timeline", "?as_of=2024-04-01T00:00:00Z", "/timeline?reading=recorded"] {
        let answer = canary.get(&format!("/v1/cases/{case}{path}")).await;
        assert_eq!(answer.expect(200)["stale"], true, "{path}");
    }
    let path = format!("/v1/cases/{case}/events/{event}");
    let unread = canary.get(&path).await;
    let correction = json!({"reason": CODE, "replacement": {"channel": "video"}});
    let uncorrected = canary.post(&format!("{path}/correction"), &correction).await;
    for answer in [unread, uncorrected] {
        assert_eq!(answer.status, 500);
        assert_clean_answer("an event that cannot be read", &answer);
    }

    // A read model has another form than the program knows.
    let spoil = "ALTER TABLE caseload_2 RENAME COLUMN worker TO canary9f3a";
    database.batch_execute(spoil).await.unwrap();
    let answer = canary.get(&format!("/v1/caseloads/{CODE}")).await;
    assert_eq!(answer.status, 500);
    assert_clean_answer("a column that is gone", &answer);

    let metrics = read(service.request(Method::GET, "/metrics")).await.text;
    assert!(service.terminate().await.success());
    let lines = log_lines(&service.data_dir);
    let failures = lines.iter().filter(|line| line["level"] == "ERROR").count();
    assert!(failures >= 4, "{failures} lines of failures: {lines:?}");
    assert_clean("the spans", &receiver.transcript());
    assert_clean("the log lines", &log_text(&service.data_dir));
    assert_clean("the metrics", &metrics);
}
