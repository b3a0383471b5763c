//! The traces of the requests whose events a batch applies: linked, since one batch serves many.

use std::collections::HashSet;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use throughline_log::StoredEvent;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The most traces that one batch is linked to.
const LINKS_MAX: usize = 32;

/// Links `span` to the traces under which `events` were recorded.
pub(crate) fn follow(span: &Span, events: &[StoredEvent]) {
    if span.is_disabled() {
        return;
    }
    let traces: HashSet<&str> =
        events.iter().filter_map(|event| event.traceparent.as_deref()).take(LINKS_MAX).collect();
    for context in traces.into_iter().filter_map(parse) {
        span.add_link(context);
    }
}

/// Reads a W3C `traceparent`: version, trace, span and flags, in hexadecimal.
fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (_version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_back() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context = parse(text).unwrap();
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert!(context.is_sampled() && context.is_remote());
    }

    #[test]
    fn anything_else_links_to_nothing() {
        for text in [
            "",
            "00",
            "00-zz-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-0000000000000000-01",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
