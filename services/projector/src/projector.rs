//! The way in: a projector that runs until it is stopped.

use std::sync::Arc;

use deadpool_postgres::Pool;
use prometheus_client::registry::Registry;
use throughline_domain::ids::Position;
use throughline_log::{EventLog, LogError, TenantNo};
use throughline_projections::Projection;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Settings;
use crate::dispatch::Dispatch;
use crate::histories::Histories;
use crate::metrics::Metrics;
use crate::new_events::NewEvents;
use crate::shard::Shard;
use crate::turn;

/// Runs every projection of every tenant. Cheap to clone: the clones are one projector.
#[derive(Debug, Clone)]
pub struct Projector(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) log: EventLog,
    pub(crate) pool: Pool,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) histories: Histories,
    pub(crate) new_events: NewEvents,
    pub(crate) woken: Notify,
}

impl Inner {
    /// Forgets what was read of the log.
    pub(crate) fn forget_log(&self) {
        self.histories.clear();
        self.new_events.clear();
    }
}

impl Projector {
    /// A projector of `log` that writes through `pool`: the log's own, or another, of at least two
    /// connections.
    #[must_use]
    pub fn new(log: EventLog, pool: Pool, settings: Settings) -> Self {
        Self(Arc::new(Inner {
            histories: Histories::new(settings.cached_bytes_max, settings.histories_bytes_max),
            log,
            pool,
            settings,
            metrics: Metrics::default(),
            new_events: NewEvents::default(),
            woken: Notify::new(),
        }))
    }

    /// Follows the log until `stop` is cancelled; then finishes the batches begun, gives the leases
    /// back and returns.
    ///
    /// Outages of the database are waited out. Run one at a time in a process; any number of
    /// processes may run one each.
    pub async fn run(&self, stop: CancellationToken) {
        Dispatch::new(Arc::clone(&self.0), Uuid::new_v4(), stop).run().await;
    }

    /// Applies to one build what it does not tell of yet, unless another projector has its lease.
    /// Returns how far the build is then, and `None` when another has it or it is not followed.
    ///
    /// For programs that run no projector, and must have a build followed when nobody else does.
    ///
    /// # Errors
    /// When the database does not answer, or refuses.
    pub async fn follow_build(
        &self,
        tenant: TenantNo,
        projection: Projection,
        build: i32,
        stop: &CancellationToken,
    ) -> Result<Option<Position>, LogError> {
        turn::follow(&self.0, Shard { tenant, projection, build }, stop).await
    }

    /// Says that something was appended, so that it need not be found by polling.
    pub fn wake(&self) {
        self.0.woken.notify_one();
    }

    /// Adds the projector's metrics to a registry.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.0.metrics.register(registry);
    }
}
