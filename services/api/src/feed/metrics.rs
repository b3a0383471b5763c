//! What the feed counts.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone)]
pub(super) struct Metrics {
    pub(super) open: Gauge,
    pub(super) events: Counter,
    pub(super) refused: Counter,
    ended: Family<EndLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    reason: End,
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names are label values")]
pub(super) enum End {
    /// The client went away.
    left,
    /// The client took nothing for too long.
    slow,
    /// The token ended, or the stream had lasted long enough.
    expired,
    /// The service stops.
    stopped,
    /// The log could not be read on.
    failed,
}

impl End {
    const ALL: [Self; 5] = [Self::left, Self::slow, Self::expired, Self::stopped, Self::failed];
}

impl Metrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let ended = Family::<EndLabels, Counter>::default();
        // A count that starts at zero shows its first step.
        for reason in End::ALL {
            drop(ended.get_or_create(&EndLabels { reason }));
        }
        let metrics = Self {
            open: Gauge::default(),
            events: Counter::default(),
            refused: Counter::default(),
            ended,
        };
        registry.register(
            "throughline_feed_streams",
            "Streams of the feed that are open",
            metrics.open.clone(),
        );
        registry.register(
            "throughline_feed_events",
            "Events sent on streams of the feed",
            metrics.events.clone(),
        );
        registry.register(
            "throughline_feed_streams_refused",
            "Streams of the feed refused because too many were open",
            metrics.refused.clone(),
        );
        registry.register(
            "throughline_feed_streams_ended",
            "Streams of the feed that ended, by reason",
            metrics.ended.clone(),
        );
        metrics
    }

    pub(super) fn ended(&self, reason: End) {
        self.ended.get_or_create(&EndLabels { reason }).inc();
    }
}
