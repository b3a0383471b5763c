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
    parked_now: Family<ShardLabels, Gauge>,
    leases: Gauge,
    takeovers: Counter,
    fenced: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShardLabels {
    projection: &'static str,
    tenant_no: i32,
    build: i32,
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
            parked_now: Family::default(),
            leases: Gauge::default(),
            takeovers: Counter::default(),
            fenced: Counter::default(),
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
        registry.register(
            "throughline_projection_parked_cases",
            "Cases that are set aside now: what the projection says of them is stale",
            self.parked_now.clone(),
        );
        registry.register(
            "throughline_projection_leases",
            "Shards that this process has, or had last: nobody else has taken them since",
            self.leases.clone(),
        );
        registry.register(
            "throughline_projection_takeovers",
            "Leases that this process took after another had let them run out",
            self.takeovers.clone(),
        );
        registry.register(
            "throughline_projection_fenced",
            "Batches not written since the lease had changed hands",
            self.fenced.clone(),
        );
    }

    pub(crate) fn lags(&self, shard: Shard, events: i64, oldest: Option<Timestamp>) {
        let labels = ShardLabels::from(shard);
        self.lag_events.get_or_create(&labels).set(events);
        let seconds = oldest.map_or(0.0, age_seconds);
        self.lag_seconds.get_or_create(&labels).set(seconds);
    }

    /// Forgets a shard that is not followed any more.
    pub(crate) fn forget(&self, shard: Shard) {
        let labels = ShardLabels::from(shard);
        self.lag_events.remove(&labels);
        self.lag_seconds.remove(&labels);
        self.parked_now.remove(&labels);
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

    pub(crate) fn parked_now(&self, counts: impl Iterator<Item = (Shard, i64)>) {
        for (shard, streams) in counts {
            self.parked_now.get_or_create(&ShardLabels::from(shard)).set(streams);
        }
    }

    pub(crate) fn leases(&self, held: usize) {
        self.leases.set(i64::try_from(held).unwrap_or(i64::MAX));
    }

    pub(crate) fn took_over(&self, leases: u64) {
        self.takeovers.inc_by(leases);
    }

    pub(crate) fn fenced(&self) {
        self.fenced.inc();
    }
}

impl From<Shard> for ShardLabels {
    fn from(Shard { tenant, projection, build }: Shard) -> Self {
        Self { projection: projection.name(), tenant_no: tenant.0, build }
    }
}

fn age_seconds(since: Timestamp) -> f64 {
    Timestamp::now().duration_since(since).as_secs_f64().max(0.0)
}
