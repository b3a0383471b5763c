//! What the log counts.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::append::{AppendError, Appended};

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    appends: Family<AppendLabels, Counter>,
    pub(crate) events: Counter,
    pub(crate) batch_commands: Histogram,
    pub(crate) batches_planned_anew: Counter,
    pub(crate) queue_depth: Gauge,
    pub(crate) append_seconds: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AppendLabels {
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names are label values")]
enum Outcome {
    appended,
    conflict,
    repeated,
    loading,
    overloaded,
    unavailable,
    failed,
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::appended,
        Self::conflict,
        Self::repeated,
        Self::loading,
        Self::overloaded,
        Self::unavailable,
        Self::failed,
    ];
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let appends = Family::<AppendLabels, Counter>::default();
        // A count that starts at zero shows its first step.
        for outcome in Outcome::ALL {
            drop(appends.get_or_create(&AppendLabels { outcome }));
        }
        Self {
            appends,
            events: Counter::default(),
            batches_planned_anew: Counter::default(),
            batch_commands: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            queue_depth: Gauge::default(),
            append_seconds: Histogram::new(exponential_buckets(0.000_5, 2.0, 15)),
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "throughline_log_appends",
            "Commands answered, by outcome",
            self.appends.clone(),
        );
        registry.register("throughline_log_events", "Events recorded", self.events.clone());
        registry.register(
            "throughline_log_batch_commands",
            "Commands in one transaction",
            self.batch_commands.clone(),
        );
        registry.register(
            "throughline_log_batches_planned_anew",
            "Batches sent ahead that were refused, and planned again under the lock",
            self.batches_planned_anew.clone(),
        );
        registry.register(
            "throughline_log_queue_depth",
            "Commands waiting for an appender, over all tenants",
            self.queue_depth.clone(),
        );
        registry.register_with_unit(
            "throughline_log_append",
            "Time from asking for an append to its answer",
            Unit::Seconds,
            self.append_seconds.clone(),
        );
    }

    pub(crate) fn answered(&self, answer: &Result<Appended, AppendError>) {
        let outcome = match answer {
            Ok(_) => Outcome::appended,
            Err(AppendError::Conflict { .. }) => Outcome::conflict,
            Err(AppendError::Repeated(_)) => Outcome::repeated,
            Err(AppendError::Loading) => Outcome::loading,
            Err(AppendError::Overloaded) => Outcome::overloaded,
            Err(AppendError::Unavailable(_)) => Outcome::unavailable,
            Err(AppendError::Log(_)) => Outcome::failed,
        };
        self.appends.get_or_create(&AppendLabels { outcome }).inc();
    }
}
