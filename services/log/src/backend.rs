//! What appenders, loads and reads share: connections, keys, limits, counters.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::Pool;
use throughline_domain::ids::Position;

use crate::announce::Announcer;
use crate::append::{Append, AppendSettings, NewEvent};
use crate::database::Database;
use crate::error::LogError;
use crate::metrics::Metrics;
use crate::seal::{MasterKey, SealError, TenantKey};
use crate::tenant::TenantNo;

/// Unwrapping a tenant's key anew costs microseconds: past this many tenants, start over.
const TENANT_KEYS_MAX: usize = 1024;

#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) database: Database,
    pub(crate) master_key: MasterKey,
    pub(crate) settings: AppendSettings,
    pub(crate) metrics: Metrics,
    pub(crate) announcer: Announcer,
    tenant_keys: Mutex<HashMap<TenantNo, KnownKey>>,
}

/// A tenant's key with the wrapped form it was had from.
type KnownKey = (Vec<u8>, Arc<TenantKey>);

impl Backend {
    pub(crate) fn new(pool: Pool, master_key: MasterKey, settings: AppendSettings) -> Self {
        let database = Database {
            pool,
            connection_wait_max: settings.connection_wait_max,
            statement_max: settings.statement_max,
            lost_at: Arc::default(),
        };
        Self {
            announcer: Announcer::new(database.clone()),
            database,
            master_key,
            settings,
            metrics: Metrics::new(),
            tenant_keys: Mutex::default(),
        }
    }

    /// The tenant's key, from its wrapped form as the database holds it now.
    ///
    /// Only tenants' keys are kept in memory. A stream's key is read each time, so that once its
    /// row is gone no process can open anything under it.
    pub(crate) fn tenant_key(
        &self,
        tenant: TenantNo,
        wrapped: &[u8],
    ) -> Result<Arc<TenantKey>, SealError> {
        let mut keys = self.tenant_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, key)) = keys.get(&tenant)
            && known == wrapped
        {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(TenantKey::unwrap(&self.master_key, tenant, wrapped)?);
        if keys.len() >= TENANT_KEYS_MAX {
            keys.clear();
        }
        keys.insert(tenant, (wrapped.to_vec(), Arc::clone(&key)));
        Ok(key)
    }

    /// Counts what was recorded, and tells readers.
    pub(crate) fn recorded(&self, tenant: TenantNo, last: Position, events: usize) {
        tracing::Span::current().record("throughline.position", last.0);
        self.metrics.events.inc_by(u64::try_from(events).unwrap_or(u64::MAX));
        self.announcer.reached(tenant, last);
    }

    pub(crate) fn check_size(&self, append: &Append) -> Result<(), LogError> {
        let events = 1..=self.settings.command_events_max;
        let fits = append.bytes() <= self.settings.command_bytes_max;
        (events.contains(&append.event_count()) && fits).then_some(()).ok_or(self.too_large())
    }

    pub(crate) fn check_event_size(&self, event: &NewEvent) -> Result<(), LogError> {
        let fits = event.bytes() <= self.settings.command_bytes_max;
        fits.then_some(()).ok_or(self.too_large())
    }

    fn too_large(&self) -> LogError {
        LogError::Size {
            events_max: self.settings.command_events_max,
            bytes_max: self.settings.command_bytes_max,
        }
    }
}
