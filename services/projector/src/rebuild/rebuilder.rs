//! The way in: takes rebuilds and walks them to their end. See `ops/adr/0020-rebuild-while-live.md`.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use throughline_log::{EventLog, LogError, TenantNo};
use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::RebuildError;
use super::halt::{Halt, Signals};
use super::lease::{self, Lease};
use super::leftovers::Scope;
use super::pace::Pace;
use super::phase::Phase;
use super::record::{Rebuild, find_rebuild};
use super::settings::RebuildSettings;
use crate::{Projector, Settings, verification};

use super::{catch_up, drops, finish, fold, plan, sessions};

/// How often whoever waits for a rebuild looks at it.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);
/// How often a statement may take too long at one place: making an index would begin anew for ever.
const TIMEOUTS_MAX: u32 = 3;

/// Makes builds. Cheap to clone: the clones are one.
#[derive(Debug, Clone)]
pub struct Rebuilder(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) log: EventLog,
    pub(crate) pool: Pool,
    pub(crate) settings: RebuildSettings,
    /// Follows a build where nobody else does; it is never run.
    pub(crate) projector: Projector,
}

impl Inner {
    /// How many slices are folded at a time: each takes two connections, and two are for the rest.
    pub(crate) fn workers(&self) -> usize {
        let connections = self.pool.status().max_size.saturating_sub(2) / 2;
        self.settings.workers.min(connections).max(1)
    }
}

impl Rebuilder {
    /// One that reads `log` and writes through `pool`: the log's own, or another, of at least four
    /// connections.
    #[must_use]
    pub fn new(log: EventLog, pool: Pool, settings: RebuildSettings) -> Self {
        let projector = Projector::new(log.clone(), pool.clone(), Settings::default());
        Self(Arc::new(Inner { log, pool, settings, projector }))
    }

    /// Takes rebuilds that are asked for, or that another process left, one at a time, and while there
    /// are none verifications, until `stop` is cancelled; what it works on then is left to others at
    /// once. Now and then it drops builds that nobody needs: what a process left that was killed in
    /// the middle of that, say.
    ///
    /// Outages of the database are waited out. Any number of processes may run one each.
    pub async fn run(&self, stop: CancellationToken) {
        let verifications = Box::pin(self.run_verifications(&stop));
        let sweep = Box::pin(self.sweep(&stop));
        tokio::join!(Box::pin(self.run_rebuilds(&stop)), verifications, sweep);
    }

    async fn sweep(&self, stop: &CancellationToken) {
        let Inner { pool, settings, .. } = &*self.0;
        while !stop.is_cancelled() {
            let all = Scope::default();
            if let Err(error) = drops::drop_unused(pool, all, settings.drop_lock_max, stop).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "builds that nobody needs cannot be looked for, which is tried again"
                );
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(settings.sweep_interval) => {}
            }
        }
    }

    async fn run_verifications(&self, stop: &CancellationToken) {
        let mut is_failure_logged = false;
        while !stop.is_cancelled() {
            match verification::take_and_work(&self.0, stop).await {
                Ok(true) => continue,
                Ok(false) => is_failure_logged = false,
                Err(error) if !is_failure_logged => {
                    is_failure_logged = true;
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "verifications cannot be worked on, and are tried again"
                    );
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(self.0.settings.poll_interval) => {}
            }
        }
    }

    async fn run_rebuilds(&self, stop: &CancellationToken) {
        let mut is_failure_logged = false;
        while !stop.is_cancelled() {
            match self.take_and_work(None, stop).await {
                Ok(true) => continue,
                Ok(false) => is_failure_logged = false,
                Err(error) if !is_failure_logged => {
                    is_failure_logged = true;
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "rebuilds cannot be looked for, and are tried again"
                    );
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(self.0.settings.poll_interval) => {}
            }
        }
    }

    /// Works on one rebuild until it is over, or watches whoever does; returns it as it is then.
    /// When `stop` is cancelled first, the rebuild is returned as it is, and left to others.
    ///
    /// It waits until no other rebuild of the database is worked on.
    ///
    /// # Errors
    /// [`RebuildError::NoSuchRebuild`]; [`RebuildError::Log`] when the database does not answer.
    pub async fn work_on(
        &self,
        tenant: TenantNo,
        operation_id: Uuid,
        stop: CancellationToken,
    ) -> Result<Rebuild, RebuildError> {
        loop {
            let client = self.0.pool.get().await.map_err(LogError::from)?;
            let found = find_rebuild(&client, tenant, operation_id).await?;
            drop(client);
            let rebuild = found.ok_or(RebuildError::NoSuchRebuild { operation_id })?;
            if rebuild.phase.is_over() || stop.is_cancelled() {
                return Ok(rebuild);
            }
            if !self.take_and_work(Some((tenant, operation_id)), &stop).await? {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = sleep(WATCH_INTERVAL) => {}
                }
            }
        }
    }

    /// `false` when there is nothing to take, or another is worked on.
    async fn take_and_work(
        &self,
        wanted: Option<(TenantNo, Uuid)>,
        stop: &CancellationToken,
    ) -> Result<bool, LogError> {
        let mut client = self.0.pool.get().await?;
        let Some((lease, rebuild)) =
            lease::take(&mut client, self.0.settings.lease, wanted).await?
        else {
            return Ok(false);
        };
        // Whoever had the lease may be paused with locks on tables that are nobody else's yet.
        if matches!(rebuild.phase, Phase::Folding | Phase::Indexing) {
            sessions::end_others(&mut client, &lease).await?;
        }
        drop(client);
        log(&lease, rebuild.phase, "a rebuild is worked on");
        let signals = Signals { stopped: stop.child_token(), ..Signals::default() };
        tokio::select! {
            () = self.walk_through(&lease, &signals) => {}
            () = self.stay_alive(&lease, &signals) => {}
        }
        self.clean_up(&lease, stop).await;
        Ok(true)
    }

    /// Keeps the lease; returns when it is lost.
    async fn stay_alive(&self, lease: &Lease, signals: &Signals) {
        let Inner { pool, settings, .. } = &*self.0;
        loop {
            sleep(settings.lease / 4).await;
            let renewed = async { lease.renew(&pool.get().await?, settings.lease).await };
            match renewed.await {
                Ok(true) => signals.cancelled.cancel(),
                Err(Halt::Lost) => break,
                // An outage. Whether the lease is still ours, the next write will tell.
                Ok(false) | Err(_) => {}
            }
        }
        log(lease, Phase::Queued, "a rebuild was taken over by another process, or is over");
    }

    /// Walks on from wherever the rebuild is, again after each outage, until there is no more to do.
    async fn walk_through(&self, lease: &Lease, signals: &Signals) {
        let mut delay = self.0.settings.retry_delay;
        let mut is_outage_logged = false;
        // Where the last statement took too long, and how often it did there.
        let mut too_long = (None, 0);
        loop {
            let halt = match self.walk(lease, signals).await {
                Ok(()) => return,
                Err(halt) => halt,
            };
            let ended = match halt {
                Halt::Lost => return log(lease, Phase::Queued, "a rebuild was lost to another"),
                Halt::Stopped => return self.release(lease).await,
                Halt::Cancelled => self.end(lease, Phase::Cancelled, None, None).await,
                Halt::Failed { class, comparison } => {
                    self.end(lease, Phase::Failed, comparison.as_deref(), Some(class)).await
                }
                Halt::Log(error) if took_too_long(&error) => {
                    match self.rebuild(lease).await.map(|at| Some((at.phase, at.events_done))) {
                        Ok(at) if at == too_long.0 => too_long.1 += 1,
                        Ok(at) => too_long = (at, 1),
                        Err(_) => {}
                    }
                    if too_long.1 < TIMEOUTS_MAX {
                        Err(Halt::Log(error))
                    } else {
                        self.end(lease, Phase::Failed, None, Some("timed_out")).await
                    }
                }
                Halt::Log(LogError::Unavailable(error)) => {
                    Err(Halt::Log(LogError::Unavailable(error)))
                }
                Halt::Log(error) => {
                    log_error(lease, &error, "a rebuild fails");
                    self.end(lease, Phase::Failed, None, Some(class(&error))).await
                }
            };
            match ended {
                Ok(()) | Err(Halt::Lost) => return,
                Err(Halt::Log(error)) if !is_outage_logged => {
                    is_outage_logged = true;
                    log_error(lease, &error, "a rebuild waits for the database");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = signals.stopped.cancelled() => return self.release(lease).await,
                () = sleep(delay) => delay = (delay * 2).min(self.0.settings.lease),
            }
        }
    }

    /// One phase after another, each as it is written down.
    async fn walk(&self, lease: &Lease, signals: &Signals) -> Result<(), Halt> {
        let inner = &self.0;
        let pace = Arc::new(Pace::new(inner.log.clone(), &inner.settings));
        loop {
            let rebuild = self.rebuild(lease).await?;
            if rebuild.phase.is_over() {
                return Ok(());
            }
            signals.check()?;
            if rebuild.cancel_requested {
                return Err(Halt::Cancelled);
            }
            match (rebuild.phase, rebuild.pinned) {
                (Phase::Queued, _) => plan::begin(inner, lease).await?,
                (Phase::Folding, Some(pinned)) => {
                    fold::run(inner, lease, pinned, &pace, signals).await?;
                }
                (Phase::Indexing, _) => finish::index(inner, lease).await?,
                (Phase::CatchingUp, _) => catch_up::run(inner, lease, signals).await?,
                (Phase::Comparing, _) => {
                    finish::compare(inner, lease, rebuild.is_dry_run, &pace, signals).await?;
                }
                (Phase::Folding, None) => return Err(Halt::failed("not_pinned")),
                (Phase::Switched | Phase::Compared | Phase::Cancelled | Phase::Failed, _) => {
                    return Ok(());
                }
            }
            log(lease, rebuild.phase, "a phase of a rebuild is done");
        }
    }

    async fn rebuild(&self, lease: &Lease) -> Result<Rebuild, Halt> {
        let client = self.0.pool.get().await?;
        lease.check(&client).await?;
        let found = find_rebuild(&client, lease.tenant, lease.operation_id).await?;
        found.ok_or(Halt::Lost)
    }

    async fn end(
        &self,
        lease: &Lease,
        to: Phase,
        comparison: Option<&crate::Comparison>,
        error_class: Option<&str>,
    ) -> Result<(), Halt> {
        let during = self.rebuild(lease).await?.phase;
        finish::end(&self.0, lease, during, to, comparison, error_class).await?;
        log(lease, to, "a rebuild is over");
        Ok(())
    }

    /// Once the rebuild is over, drops what nobody needs any more. What is not done now a sweep does.
    async fn clean_up(&self, lease: &Lease, stop: &CancellationToken) {
        let cleaned = async {
            let Inner { pool, settings, .. } = &*self.0;
            let client = pool.get().await?;
            let rebuild = find_rebuild(&client, lease.tenant, lease.operation_id).await?;
            drop(client);
            if rebuild.is_some_and(|rebuild| rebuild.phase.is_over()) {
                let scope =
                    Scope { tenant: Some(lease.tenant), projection: Some(lease.projection) };
                drops::drop_unused(pool, scope, settings.drop_lock_max, stop).await?;
            }
            Ok::<(), LogError>(())
        };
        if let Err(error) = cleaned.await {
            log_error(lease, &error, "builds that nobody needs were not dropped");
        }
    }

    async fn release(&self, lease: &Lease) {
        let released = async { lease.release(&self.0.pool.get().await?).await };
        if let Err(error) = released.await {
            log_error(lease, &error, "a rebuild is left, and taken up once its lease runs out");
        }
    }
}

/// Whether the server ended a statement that took longer than it may.
pub(crate) fn took_too_long(error: &LogError) -> bool {
    let code = SqlState::QUERY_CANCELED;
    matches!(error, LogError::Unavailable(error) if error.sqlstate() == Some(code.code()))
}

/// Why the database refused for good.
pub(crate) fn class(error: &LogError) -> &'static str {
    if matches!(error, LogError::Refused(_)) { "refused" } else { "unreadable" }
}

fn log(lease: &Lease, phase: Phase, what: &'static str) {
    tracing::info!(
        throughline.tenant_no = lease.tenant.0,
        throughline.projection = lease.projection.name(),
        throughline.build = lease.build,
        throughline.operation_id = %lease.operation_id,
        throughline.phase = phase.as_str(),
        "{what}"
    );
}

fn log_error(lease: &Lease, error: &LogError, what: &'static str) {
    tracing::error!(
        throughline.tenant_no = lease.tenant.0,
        throughline.projection = lease.projection.name(),
        throughline.build = lease.build,
        throughline.operation_id = %lease.operation_id,
        error = error as &dyn std::error::Error,
        "{what}"
    );
}
