//! What the service tells of its work: spans, log lines, metrics, and the trace id in every problem.

mod canary;
mod canary_caller;
mod canary_release;
pub(crate) mod commands;
mod exporting;
mod lines;
mod metrics;
mod open_metrics;
pub(crate) mod otlp_receiver;
mod problems;
mod traces;

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::service::log_text;

/// How long anything may take to be told.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// A trace as a caller has begun it, on the other side of the request.
#[derive(Debug, Clone)]
struct CallersTrace {
    trace_id: String,
    span_id: String,
}

impl CallersTrace {
    fn begin() -> Self {
        let span_id = Uuid::new_v4().simple().to_string();
        Self { trace_id: Uuid::new_v4().simple().to_string(), span_id: span_id[..16].to_owned() }
    }

    fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace_id, self.span_id)
    }

    fn unsampled_traceparent(&self) -> String {
        format!("00-{}-{}-00", self.trace_id, self.span_id)
    }
}

/// The log lines, each a JSON object.
#[track_caller]
fn log_lines(data_dir: &Path) -> Vec<Map<String, Value>> {
    log_text(data_dir)
        .lines()
        .map(|line| match serde_json::from_str(line) {
            Ok(Value::Object(members)) => members,
            _ => panic!("not a JSON object: {line}"),
        })
        .collect()
}
