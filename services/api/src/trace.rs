//! The trace of a request: taken in from `traceparent`, given to the log, named in every problem.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceState};
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// How a method that HTTP does not define is named.
const OTHER_METHOD: &str = "_OTHER";

/// Builds the span of a request: the method, the route's pattern and the answer's status. Never the
/// path, its query, a header or a body, since these can hold what was sent about a person.
#[derive(Debug)]
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let method = known_method(request.method().as_str());
        let route = request.match_pattern();
        let name = match (&route, method) {
            (Some(route), _) => format!("{method} {route}"),
            (None, OTHER_METHOD) => "HTTP".to_owned(),
            (None, method) => method.to_owned(),
        };
        let span = tracing::info_span!(
            "request",
            otel.name = name,
            otel.kind = "server",
            otel.status_code = tracing::field::Empty,
            http.request.method = method,
            http.route = route,
            http.response.status_code = tracing::field::Empty,
            error.type = tracing::field::Empty,
            throughline.tenant_no = tracing::field::Empty,
        );
        if let Some(parent) = callers_span(request.headers()) {
            // Fails only when no trace layer is installed, and then there is nothing to join.
            let _ = span.set_parent(parent);
        }
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.response().status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// The trace id of the request being served, as 32 hexadecimal digits.
#[must_use]
pub fn current_trace_id() -> String {
    let context = Span::current().context();
    context.span().span_context().trace_id().to_string()
}

/// The W3C `traceparent` of the present span, to be kept with the events it records.
#[must_use]
pub fn current_traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| {
        format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
    })
}

/// A method's name; one that HTTP does not define is the caller's own text, and is not repeated.
pub(crate) fn known_method(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or(OTHER_METHOD)
}

/// The caller's span, by the ids in `traceparent`. The words that `tracestate` may bring along are
/// the caller's own, and there is nobody further on to pass them to.
fn callers_span(headers: &HeaderMap) -> Option<Context> {
    let sent = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract_with_context(&Context::new(), &Headers(headers))
    });
    let span = sent.span();
    let sent = span.span_context();
    let caller = SpanContext::new(
        sent.trace_id(),
        sent.span_id(),
        sent.trace_flags(),
        true,
        TraceState::NONE,
    );
    caller.is_valid().then(|| Context::new().with_remote_span_context(caller))
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(actix_web::http::header::HeaderName::as_str).collect()
    }
}
