//! Log lines: flat JSON, each of a request with the request's trace id, one for each problem.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::problems::{TABLE, World};
use super::{CallersTrace, log_lines};
use crate::service::{Service, read};

/// The lines of one trace.
fn of_trace<'a>(
    lines: &'a [Map<String, Value>],
    trace: &CallersTrace,
) -> Vec<&'a Map<String, Value>> {
    lines
        .iter()
        .filter(|line| line.get("trace_id") == Some(&trace.trace_id.as_str().into()))
        .collect()
}

#[tokio::test]
async fn every_problem_is_one_line_with_its_trace() {
    let service = Service::start().await;
    let world = World::of(&service).await;
    let mut sent = Vec::new();
    for (status, kind, send) in TABLE {
        let trace = CallersTrace::begin();
        let answer = read(send(&world).header("traceparent", trace.traceparent())).await;
        assert_eq!(answer.status, *status);
        sent.push((*status, *kind, trace));
    }
    let lines = log_lines(&service.data_dir);
    for (status, kind, trace) in sent {
        let told = of_trace(&lines, &trace);
        assert_eq!(told.len(), 1, "{kind}: {told:?}");
        let expected = if status >= 500 { "ERROR" } else { "INFO" };
        assert_eq!(told[0]["level"], expected, "{kind}");
        assert_eq!(told[0]["throughline.problem"], kind);
        assert_eq!(told[0]["http.response.status_code"], status);
    }
}

#[tokio::test]
async fn only_failures_are_told_where_only_warnings_are_asked_for() {
    let service = Service::start_with(&[("RUST_LOG", "warn")]).await;
    let world = World::of(&service).await;
    for (status, kind, send) in TABLE {
        let trace = CallersTrace::begin();
        read(send(&world).header("traceparent", trace.traceparent())).await;
        let lines = log_lines(&service.data_dir);
        let told = of_trace(&lines, &trace).len();
        assert_eq!(told, usize::from(*status >= 500), "{kind}");
    }
}

#[tokio::test]
async fn a_line_is_flat_and_says_when_how_grave_what_and_where() {
    let service = Service::start().await;
    let world = World::of(&service).await;
    for (_, _, send) in TABLE {
        read(send(&world)).await;
    }
    let lines = log_lines(&service.data_dir);
    let mut by_target: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &lines {
        for name in ["timestamp", "level", "message", "target"] {
            assert!(line[name].is_string(), "{name}: {line:?}");
        }
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        let is_flat = line.values().all(|value| !value.is_object() && !value.is_array());
        assert!(is_flat, "{line:?}");
        let target = line["target"].as_str().unwrap();
        *by_target.entry(target).or_default() += 1;
        // Whoever serves requests, or writes for them, says for which.
        if target.starts_with("throughline_api") || target.starts_with("throughline_log") {
            assert!(line.contains_key("trace_id"), "{line:?}");
            assert!(line.contains_key("span_id"), "{line:?}");
        }
    }
    assert!(by_target["throughline_api::problem"] >= TABLE.len(), "{by_target:?}");
}
