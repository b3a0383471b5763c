//! The way in: a follower that runs until it is stopped.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use prometheus_client::registry::Registry;
use throughline_log::EventLog;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::LinkError;
use super::lease::{Lease, Leases};
use super::metrics::Metrics;
use super::settings::LinkSettings;
use super::turn::{Ended, turn};
use crate::state::next_delay;

/// Passes what may pass between the linked cases of every tenant. Cheap to clone: the clones are
/// one follower.
#[derive(Debug, Clone)]
pub struct LinkFollower(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) log: EventLog,
    pub(super) pool: Pool,
    pub(super) settings: LinkSettings,
    metrics: Metrics,
    woken: Notify,
}

/// The pause of a tenant whose turn failed.
struct Pause {
    delay: Duration,
    until: Instant,
}

impl LinkFollower {
    /// A follower of `log` that keeps its positions through `pool`, of one connection at least.
    #[must_use]
    pub fn new(log: EventLog, pool: Pool, settings: LinkSettings) -> Self {
        let (metrics, woken) = (Metrics::default(), Notify::new());
        Self(Arc::new(Inner { log, pool, settings, metrics, woken }))
    }

    /// Follows the log until `stop` is cancelled; then finishes what it is appending and returns.
    ///
    /// Outages of the database are waited out. Any number of processes may run one each.
    pub async fn run(&self, stop: CancellationToken) {
        let inner = &self.0;
        let leases = Leases {
            pool: inner.pool.clone(),
            holder: Uuid::new_v4(),
            lease: inner.settings.lease,
            statement_max: inner.settings.statement_max,
        };
        let mut pauses: HashMap<i32, Pause> = HashMap::new();
        let mut outage: Option<Duration> = None;
        while !stop.is_cancelled() {
            let failure = self.step(&leases, &mut pauses, &stop).await.err();
            outage = note_outage(failure, outage, &inner.settings);
            let pause = outage.unwrap_or(inner.settings.poll_interval);
            tokio::select! {
                () = stop.cancelled() => {}
                () = inner.woken.notified(), if outage.is_none() => {
                    sleep(inner.settings.linger).await;
                }
                () = sleep(pause) => {}
            }
        }
    }

    /// Says that something was appended, so that it need not be found by polling.
    pub fn wake(&self) {
        self.0.woken.notify_one();
    }

    /// Adds the follower's metrics to a registry.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.0.metrics.register(registry);
    }

    /// Gives every tenant that lags its turns, until none does.
    async fn step(
        &self,
        leases: &Leases,
        pauses: &mut HashMap<i32, Pause>,
        stop: &CancellationToken,
    ) -> Result<(), LinkError> {
        while !stop.is_cancelled() {
            let now = Instant::now();
            let waiting = pauses.iter().filter(|(_, pause)| pause.until > now);
            let except: Vec<i32> = waiting.map(|(tenant, _)| *tenant).collect();
            let Some(lease) = leases.take(&except).await? else { break };
            let Ended { upto, failure } = turn(&self.0, leases, &lease, stop).await;
            leases.give_back(&lease, upto).await?;
            self.settle(&lease, failure, pauses);
        }
        self.0.metrics.lag_events.set(leases.lag().await?);
        Ok(())
    }

    fn settle(&self, lease: &Lease, failure: Option<LinkError>, pauses: &mut HashMap<i32, Pause>) {
        let tenant = lease.tenant.0;
        let Some(error) = failure else {
            if pauses.remove(&tenant).is_some() {
                tracing::info!(throughline.tenant_no = tenant, "linked cases are followed again");
            }
            return;
        };
        self.0.metrics.failures.inc();
        let settings = &self.0.settings;
        let present = pauses.get(&tenant).map(|pause| pause.delay);
        if present.is_none() {
            tracing::error!(
                throughline.tenant_no = tenant,
                error = &error as &dyn std::error::Error,
                "linked cases cannot be followed, and are tried again"
            );
        }
        let delay = next_delay(present, settings.retry_delay_min, settings.retry_delay_max);
        pauses.insert(tenant, Pause { delay, until: Instant::now() + delay });
    }
}

/// Says once that the log cannot be looked at, and once that it can be again. The next pause.
fn note_outage(
    error: Option<LinkError>,
    outage: Option<Duration>,
    settings: &LinkSettings,
) -> Option<Duration> {
    match (error, outage) {
        (None, None) => None,
        (None, Some(_)) => {
            tracing::info!("linked cases are followed again");
            None
        }
        (Some(error), outage) => {
            if outage.is_none() {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "linked cases cannot be followed, which waits until they can"
                );
            }
            Some(next_delay(outage, settings.retry_delay_min, settings.retry_delay_max))
        }
    }
}
