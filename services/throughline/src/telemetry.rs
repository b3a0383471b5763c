//! Traces and log lines: one subscriber for the process.
//!
//! Every request has a trace id whether or not traces are exported; export over OTLP (HTTP,
//! protobuf) is switched on by the standard `OTEL_*` variables. Ids and counts only: no layer here
//! adds anything of a request's content.

mod lines;

use std::env;
use std::io::IsTerminal as _;
use std::panic;

use anyhow::{Context as _, bail};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::lines::{Form, Lines};

/// The name under which traces appear unless `OTEL_SERVICE_NAME` says otherwise.
const SERVICE_NAME: &str = "throughline";

/// The crates whose spans make up a trace.
const TRACED: [&str; 5] = [
    "throughline",
    "throughline_api",
    "throughline_log",
    "throughline_projector",
    "throughline_projections",
];

/// The process's telemetry. Shut it down last, so that the last spans leave.
#[derive(Debug)]
pub(crate) struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Sets up traces and log lines for the whole process.
    ///
    /// `RUST_LOG` chooses which lines are written (default: `info`); they go to standard error, as
    /// JSON unless that is a terminal.
    ///
    /// # Errors
    /// When a variable asks for what this program does not have, an exporter cannot be built, or
    /// this is done twice.
    pub(crate) fn init() -> anyhow::Result<Self> {
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let mut provider = SdkTracerProvider::builder().with_resource(resource());
        if exports_traces(|name| env::var(name).ok())? {
            let exporter = opentelemetry_otlp::SpanExporter::builder()
                .with_http()
                .build()
                .context("the OTLP exporter that OTEL_* asks for cannot be built")?;
            provider = provider.with_batch_exporter(exporter);
        } else {
            // A trace that goes nowhere has its id, for the log lines, and nothing else.
            provider = provider.with_sampler(Sampler::AlwaysOff);
        }
        let provider = provider.build();
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(SERVICE_NAME))
            .with_location(false)
            .with_threads(false)
            .with_filter(Targets::new().with_targets(TRACED.map(|name| (name, LevelFilter::INFO))));
        let chosen = EnvFilter::builder()
            .with_default_directive(LevelFilter::INFO.into())
            .from_env()
            .context("RUST_LOG cannot be read")?;
        let is_terminal = std::io::stderr().is_terminal();
        let lines = Lines(if is_terminal { Form::Text } else { Form::Json });
        tracing_subscriber::registry()
            .with(spans)
            .with(lines.with_filter(chosen))
            .try_init()
            .context("telemetry is set up twice")?;
        report_panics();
        Ok(Self { provider })
    }

    /// Sends what has not been sent yet.
    pub(crate) fn shutdown(self) {
        if let Err(error) = self.provider.shutdown() {
            eprintln!("throughline: the last spans could not be sent: {error}");
        }
    }
}

/// Makes a line of a panic: where it happened. Its message may quote what was sent.
fn report_panics() {
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string);
        tracing::error!(code.location = place, "panicked: a bug");
    }));
}

fn resource() -> Resource {
    let mut resource = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let names_service = |attributes: String| attributes.contains("service.name=");
    let is_named = env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty())
        || env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(names_service);
    if !is_named {
        resource = resource.with_service_name(SERVICE_NAME);
    }
    resource.build()
}

/// Whether the standard variables ask for traces to be sent.
///
/// # Errors
/// When they ask for a way of sending that this program does not have: traces that go nowhere would
/// be missed only when they are needed.
fn exports_traces(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<bool> {
    let value = |name: &str| variable(name).filter(|value| !value.is_empty());
    let says = |name: &str, word: &str| value(name).is_some_and(|v| v.eq_ignore_ascii_case(word));
    if says("OTEL_SDK_DISABLED", "true") || says("OTEL_TRACES_EXPORTER", "none") {
        return Ok(false);
    }
    let has_endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
        .into_iter()
        .any(|name| value(name).is_some());
    if value("OTEL_TRACES_EXPORTER").is_none() && !has_endpoint {
        return Ok(false);
    }
    let supported = [
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
    ];
    for (name, word) in supported {
        if value(name).is_some() && !says(name, word) {
            bail!("{name} asks for what this program does not have: it has {word}");
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exports(variables: &[(&str, &str)]) -> anyhow::Result<bool> {
        exports_traces(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn traces_are_sent_when_the_variables_ask_for_it() {
        for variables in [
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")][..],
            &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces")],
            &[("OTEL_TRACES_EXPORTER", "otlp")],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), ("OTEL_SDK_DISABLED", "false")],
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ],
        ] {
            assert!(exports(variables).unwrap(), "{variables:?}");
        }
    }

    #[test]
    fn traces_are_not_sent_otherwise() {
        for variables in [
            &[][..],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")],
            &[("OTEL_SERVICE_NAME", "throughline-north")],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), ("OTEL_SDK_DISABLED", "TRUE")],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), ("OTEL_TRACES_EXPORTER", "none")],
        ] {
            assert!(!exports(variables).unwrap(), "{variables:?}");
        }
    }

    #[test]
    fn a_way_of_sending_that_is_not_there_is_named() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");
        for other in [
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ] {
            let error = exports(&[endpoint, other]).unwrap_err().to_string();
            assert!(error.starts_with(other.0), "{error}");
            assert!(!error.contains(other.1), "{error}");
        }
    }
}
