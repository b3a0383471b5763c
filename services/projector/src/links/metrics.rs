//! What the follower of linked cases counts: without tenants, since whether one has links is nobody's
//! business.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Default)]
pub(super) struct Metrics {
    pub(super) lag_events: Gauge,
    pub(super) failures: Counter,
}

impl Metrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "throughline_link_follower_lag_events",
            "Events of the log not yet looked at for what passes between linked cases, of the tenant \
             with the most",
            self.lag_events.clone(),
        );
        registry.register(
            "throughline_link_follower_failures",
            "Times that following a tenant's linked cases failed",
            self.failures.clone(),
        );
    }
}
