//! Log lines on standard error, each with the trace it belongs to.
//!
//! A line is flat: time, level, words, what the event adds, where it was written, and the ids of
//! the trace and span that were open. Of the span's own attributes nothing is repeated: the trace
//! has them. The ids are OpenTelemetry's, so a line has them whatever `RUST_LOG` lets through.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use jiff::Timestamp;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as LayerContext;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON object.
    Json,
    /// Words for a person at a terminal.
    Text,
}

/// Writes a line for each event.
#[derive(Debug)]
pub(super) struct Lines(pub(super) Form);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        let mut line = write(self.0, Timestamp::now(), event);
        line.push('\n');
        // One write, so that the lines of several threads do not mix. When nobody reads them any
        // more there is nowhere left to say so.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

fn write(form: Form, now: Timestamp, event: &Event<'_>) -> String {
    let metadata = event.metadata();
    let mut told = Told::default();
    event.record(&mut told);
    let Told { message, mut members } = told;
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        if span.is_valid() {
            members.push(("trace_id", span.trace_id().to_string().into()));
            members.push(("span_id", span.span_id().to_string().into()));
        }
    });
    let (level, target) = (metadata.level().as_str(), metadata.target());
    match form {
        Form::Json => {
            let ours = [
                ("timestamp", format!("{now:.6}").into()),
                ("level", level.into()),
                ("message", message.into()),
                ("target", target.into()),
            ];
            // Ours stay what they are, whatever an event calls its members.
            members.retain(|(name, _)| ours.iter().all(|(taken, _)| taken != name));
            json(ours.into_iter().chain(members))
        }
        Form::Text => {
            let mut line = format!("{now:.3} {level:5} {target}: {message}");
            for (name, value) in members {
                // Writing to a text cannot fail.
                let _ = write!(line, " {name}={value}");
            }
            line
        }
    }
}

/// An object whose members stay in this order.
fn json(members: impl Iterator<Item = (&'static str, Value)>) -> String {
    let members: Vec<String> =
        members.map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// What an event says.
#[derive(Default)]
struct Told {
    message: String,
    members: Vec<(&'static str, Value)>,
}

impl Told {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.members.push((field.name(), value.into()));
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.add(field, text);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.add(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    /// An error and its sources.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.add(field, text);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Keeps the lines instead of writing them.
    struct Kept(Form, Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
            let line = write(self.0, Timestamp::UNIX_EPOCH, event);
            self.1.lock().unwrap().push(line);
        }
    }

    fn lines(form: Form, tell: impl FnOnce()) -> Vec<String> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let subscriber = tracing_subscriber::registry()
            .with(tracing_opentelemetry::layer().with_tracer(tracer))
            // The lines' own filter lets no span through, as `RUST_LOG=warn` would not.
            .with(Kept(form, Arc::clone(&kept)).with_filter(LevelFilter::WARN));
        tracing::subscriber::with_default(subscriber, tell);
        let lines = kept.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn a_line_is_flat_and_names_its_trace() {
        let lines = lines(Form::Json, || {
            let span = tracing::info_span!("request", secret = "not repeated");
            span.in_scope(|| tracing::warn!(count = 3, level = "mine", "said {}", "so"));
        });
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["timestamp"], "1970-01-01T00:00:00.000000Z");
        assert_eq!((&line["level"], &line["message"]), (&"WARN".into(), &"said so".into()));
        assert_eq!(line["count"], 3);
        assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
        assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
        assert!(!lines[0].contains("not repeated"));
    }

    #[test]
    fn a_line_outside_of_every_trace_names_none() {
        let lines = lines(Form::Json, || tracing::error!("alone"));
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line.get("trace_id"), None);
    }

    #[test]
    fn an_error_is_told_with_its_sources() {
        let inner = io::Error::other("the cause");
        let error = anyhow::Error::new(inner).context("what failed");
        let error: &(dyn std::error::Error + 'static) = error.as_ref();
        let lines = lines(Form::Text, || tracing::error!(error, "told"));
        assert!(lines[0].ends_with(r#"told error="what failed: the cause""#), "{}", lines[0]);
    }
}
