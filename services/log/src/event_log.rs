//! The way into the log.

use std::sync::Arc;

use deadpool_postgres::Pool;
use prometheus_client::registry::Registry;

use crate::aggregates::Aggregates;
use crate::append::queue::Appenders;
use crate::append::{Append, AppendError, AppendSettings, Appended};
use crate::backend::Backend;
use crate::database::Database;
use crate::error::{DatabaseError, LogError};
use crate::framework::Turns;
use crate::programmes::KnownProgrammes;
use crate::seal::MasterKey;
use crate::stream::StreamId;
use crate::tenant::{KnownTenants, TenantNo, TenantState};
use crate::tidings::Tidings;

/// The log of every tenant of one database. Cheap to clone.
///
/// When the last clone is dropped, what was accepted is still finished; [`EventLog::drain`] waits
/// for that.
#[derive(Debug, Clone)]
pub struct EventLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    backend: Arc<Backend>,
    appenders: Appenders,
    tenants: KnownTenants,
    aggregates: Aggregates,
    turns: Turns,
    programmes: KnownProgrammes,
}

impl EventLog {
    /// A log on the databases of `pool`, whose schema [`crate::migrate`] has brought up to date.
    ///
    /// The pool needs a connection for each tenant that is written to at a time, and some to read
    /// with; with fewer, they wait for each other.
    #[must_use]
    pub fn new(pool: Pool, master_key: MasterKey, settings: AppendSettings) -> Self {
        let aggregates = Aggregates::new(settings.cached_events_max);
        let backend = Arc::new(Backend::new(pool, master_key, settings));
        Self(Arc::new(Inner {
            appenders: Appenders::new(Arc::clone(&backend)),
            backend,
            tenants: KnownTenants::default(),
            aggregates,
            turns: Turns::default(),
            programmes: KnownProgrammes::default(),
        }))
    }

    /// Adds the log's metrics to a registry.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.0.backend.metrics.register(registry);
        self.tidings().metrics().register(registry);
    }

    /// Who wants to know that something was appended.
    #[must_use]
    pub fn tidings(&self) -> &Tidings {
        &self.0.backend.announcer.tidings
    }

    /// The connections the log works with.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.0.backend.database.pool
    }

    /// Records what a command decided: all of its events or none, in one transaction with
    /// whatever else waits.
    ///
    /// Cancelling this future does not cancel the append.
    ///
    /// # Errors
    /// See [`AppendError`]. Only after [`AppendError::Unavailable`] may the events have been
    /// recorded all the same.
    #[tracing::instrument(
        name = "log.append",
        skip_all,
        fields(
            throughline.tenant_no = tenant.0,
            throughline.command_id = %append.meta.command_id,
            throughline.position,
        )
    )]
    pub async fn append(&self, tenant: TenantNo, append: Append) -> Result<Appended, AppendError> {
        let started = tokio::time::Instant::now();
        let streams: Vec<_> = append.writes.iter().map(|write| write.stream).collect();
        let answer = self.try_append(tenant, append).await;
        // What was cached of these streams is no longer the last word, whatever the answer.
        for stream in streams {
            self.0.aggregates.forget(tenant, stream);
        }
        let metrics = &self.0.backend.metrics;
        metrics.append_seconds.observe(started.elapsed().as_secs_f64());
        metrics.answered(&answer);
        if let Ok(appended) = &answer {
            tracing::Span::current().record("throughline.position", appended.last.0);
        }
        answer
    }

    async fn try_append(&self, tenant: TenantNo, append: Append) -> Result<Appended, AppendError> {
        self.0.backend.check_size(&append)?;
        if self.state_of(tenant).await? == TenantState::Loading {
            return Err(AppendError::Loading);
        }
        let answer = self.0.appenders.send(tenant, append)?;
        answer.await.unwrap_or_else(|_| {
            let lost = DatabaseError::waited("the appender ended without an answer");
            Err(AppendError::Unavailable(lost))
        })
    }

    /// Finishes what was accepted and takes nothing new.
    pub async fn drain(&self) {
        self.0.appenders.drain().await;
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.0.backend
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.backend.database
    }

    pub(crate) fn known_tenants(&self) -> &KnownTenants {
        &self.0.tenants
    }

    pub(crate) fn known_programmes(&self) -> &KnownProgrammes {
        &self.0.programmes
    }

    /// Waits for the turn of a stream, in the order of arrival, and has it until the guard is
    /// dropped: for commands on several streams that would only lose to each other. The version
    /// check stays the authority, since other processes have turns of their own.
    pub async fn turn(&self, tenant: TenantNo, stream: StreamId) -> impl Sized + '_ {
        self.0.turns.take(tenant, stream).await
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn aggregates(&self) -> &Aggregates {
        &self.0.aggregates
    }

    async fn state_of(&self, tenant: TenantNo) -> Result<TenantState, LogError> {
        if self.0.tenants.is_live(tenant) {
            return Ok(TenantState::Live);
        }
        let tenant = self.read_tenant(tenant).await?;
        Ok(tenant.state)
    }
}
