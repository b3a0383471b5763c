//! What the projector counts. Tenants go by number only.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::shard::Shard;

#[derive(Debug)]
pub(crate) struct Metrics {
    lag_events: Family<ShardLabels, Gauge>,
    lag_seconds: Family<ShardLabels, Gauge<f64, AtomicU64>>,
    applied_events: Family<ProjectionLabels, Counter>,
    parked_streams: Family<ProjectionLabels, Counter>,
    batch_seconds: Family<ProjectionLabels, Histogram, fn() -> Histogram>,
    delay_seconds: Family<ProjectionLabels, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShardLabels {
    projection: &'static str,
    tenant_no: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProjectionLabels {
    projection: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(0.001, 2.0, 15));
        Self {
            lag_events: Family::default(),
            lag_seconds: Family::default(),
            applied_events: Family::default(),
            parked_streams: Family::default(),
            batch_seconds: Family::new_with_constructor(seconds),
            delay_seconds: Family::new_with_constructor(seconds),
        }
    }
}

impl Metrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "throughline_projection_lag_events",
            "Events of the log that the projection does not tell of yet",
            self.lag_events.clone(),
        );
        registry.register_with_unit(
            "throughline_projection_lag",
            "Age of the oldest event that the projection does not tell of yet",
            Unit::Seconds,
            self.lag_seconds.clone(),
        );
        registry.register(
            "throughline_projection_applied_events",
            "Events applied",
            self.applied_events.clone(),
        );
        registry.register(
            "throughline_projection_parked_streams",
            "Streams set aside because they could not be read or folded",
            self.parked_streams.clone(),
        );
        registry.register_with_unit(
            "throughline_projection_batch",
            "Time from claiming a checkpoint to committing the batch",
            Unit::Seconds,
            self.batch_seconds.clone(),
        );
        registry.register_with_unit(
            "throughline_projection_delay",
            "Time from the recording of a batch's oldest event to its being applied",
            Unit::Seconds,
            self.delay_seconds.clone(),
        );
    }

    pub(crate) fn lags(&self, shard: Shard, events: i64, oldest: Option<Timestamp>) {
        let labels = ShardLabels { projection: shard.projection.name(), tenant_no: shard.tenant.0 };
        self.lag_events.get_or_create(&labels).set(events);
        let seconds = oldest.map_or(0.0, age_seconds);
        self.lag_seconds.get_or_create(&labels).set(seconds);
    }

    pub(crate) fn applied(&self, shard: Shard, events: usize, took: Duration, oldest: Timestamp) {
        let labels = ProjectionLabels { projection: shard.projection.name() };
        self.applied_events
            .get_or_create(&labels)
            .inc_by(u64::try_from(events).unwrap_or(u64::MAX));
        self.batch_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        self.delay_seconds.get_or_create(&labels).observe(age_seconds(oldest));
    }

    pub(crate) fn parked(&self, shard: Shard) {
        let labels = ProjectionLabels { projection: shard.projection.name() };
        self.parked_streams.get_or_create(&labels).inc();
    }
}

fn age_seconds(since: Timestamp) -> f64 {
    Timestamp::now().duration_since(since).as_secs_f64().max(0.0)
}
