//! Tenants: creating them, finding them, and taking them live.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use throughline_domain::code::Code;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::time::Occurred;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::append::plan::Plan;
use crate::append::stream_reads::Wanted;
use crate::append::transaction::Opened;
use crate::append::{Append, AppendError, CommandMeta, NewEvent, StreamWrite};
use crate::database::begin;
use crate::error::{DatabaseError, LogError};
use crate::event_log::EventLog;
use crate::hash;
use crate::seal::TenantKey;
use crate::stream::StreamId;

/// The stored type name of the event with which a tenant goes live.
const WENT_LIVE: &str = "TenantWentLive";

const INSERT_TENANT: &str = "\
    INSERT INTO tenant (name, state) VALUES ($1, 'loading') \
    ON CONFLICT (name) DO NOTHING RETURNING tenant_no";

const INSERT_TENANT_KEY: &str = "INSERT INTO tenant_key (tenant_no, wrapped) VALUES ($1, $2)";

const INSERT_HEAD: &str =
    "INSERT INTO log_head (tenant_no, position, hash, streams) VALUES ($1, 0, $2, 0)";

/// Past this many live tenants, they are looked up again.
const KNOWN_MAX: usize = 4096;

/// A tenant's number, which begins every key in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantNo(pub i32);

impl fmt::Display for TenantNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a history may still be loaded, or work has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TenantState {
    /// A history may be loaded; nothing else is recorded.
    Loading,
    /// Work is recorded as it happens. There is no way back.
    Live,
}

impl TenantState {
    pub(crate) fn from_stored(text: &str) -> Option<Self> {
        match text {
            "loading" => Some(Self::Loading),
            "live" => Some(Self::Live),
            _ => None,
        }
    }
}

/// One data controller, with a log of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its number.
    pub tenant_no: TenantNo,
    /// Its name: a code.
    pub name: String,
    /// Whether it is live.
    pub state: TenantState,
}

/// The live tenants met so far. Nothing about them can change.
#[derive(Debug, Default)]
pub(crate) struct KnownTenants(RwLock<HashMap<TenantNo, Tenant>>);

impl KnownTenants {
    pub(crate) fn is_live(&self, tenant: TenantNo) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&tenant)
    }

    fn find(&self, name: &str) -> Option<Tenant> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.values().find(|tenant| tenant.name == name).cloned()
    }

    fn learn(&self, tenant: &Tenant) {
        if tenant.state == TenantState::Live {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= KNOWN_MAX {
                known.clear();
            }
            known.insert(tenant.tenant_no, tenant.clone());
        }
    }
}

impl EventLog {
    /// The tenant of this name, if there is one.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn find_tenant(&self, name: &str) -> Result<Option<Tenant>, LogError> {
        if let Some(known) = self.known_tenants().find(name) {
            return Ok(Some(known));
        }
        let sql = "SELECT tenant_no, name, state FROM tenant WHERE name = $1";
        let rows = self.database().read(sql, &[&name]).await?;
        let tenant = rows.first().map(from_row).transpose()?;
        if let Some(tenant) = &tenant {
            self.known_tenants().learn(tenant);
        }
        Ok(tenant)
    }

    /// All tenants, by number.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>, LogError> {
        let sql = "SELECT tenant_no, name, state FROM tenant ORDER BY tenant_no";
        let rows = self.database().read(sql, &[]).await?;
        rows.iter().map(from_row).collect()
    }

    /// Creates a tenant, or finds the one of this name that is there already, in whatever state.
    ///
    /// Created live, its first event is `TenantWentLive`.
    ///
    /// # Errors
    /// [`LogError::NotATenantName`]; [`LogError::Unavailable`].
    pub async fn create_tenant(&self, name: &str, state: TenantState) -> Result<Tenant, LogError> {
        let _: Code = name.parse().map_err(|_| LogError::NotATenantName)?;
        if let Some(tenant) = self.find_tenant(name).await? {
            return Ok(tenant);
        }
        if let Some(created) = self.insert_tenant(name, state).await? {
            return self.read_tenant(created).await;
        }
        // Another caller was first.
        let found = self.find_tenant(name).await?;
        found.ok_or_else(|| LogError::Unavailable(DatabaseError::waited("the tenant vanished")))
    }

    /// Takes a tenant live, and records that as an event of the tenant's own stream. There is no
    /// way back.
    ///
    /// # Errors
    /// [`LogError::AlreadyLive`]; [`LogError::NoSuchTenant`]; [`LogError::Unavailable`].
    pub async fn go_live(&self, tenant: TenantNo) -> Result<Position, LogError> {
        let wanted = Wanted::of([(StreamId::TENANT, [].as_slice())]);
        let opened = Opened::open(self.backend(), tenant, &wanted).await?;
        self.record_live(tenant, opened).await
    }

    async fn record_live(
        &self,
        tenant: TenantNo,
        mut opened: Opened,
    ) -> Result<Position, LogError> {
        opened.make_live(tenant).await?;
        let now = opened.now;
        let mut plan = Plan::new(self.backend(), tenant, &mut opened)?;
        let append = went_live(now.timestamp().unwrap_or_default());
        let appended = plan.place(&append, now).map_err(|error| match error {
            AppendError::Log(error) => error,
            // The stream of a tenant that is not live yet is empty, and the lock keeps it so.
            AppendError::Conflict { .. }
            | AppendError::Repeated(_)
            | AppendError::Loading
            | AppendError::Overloaded
            | AppendError::Unavailable(_) => LogError::AlreadyLive { tenant },
        })?;
        let written = opened.write_and_commit(&plan).await;
        written.map_err(|lost| lost.error)?;
        self.backend().metrics.events.inc();
        self.backend().announcer.reached(tenant, appended.last);
        Ok(appended.last)
    }

    pub(crate) async fn read_tenant(&self, tenant: TenantNo) -> Result<Tenant, LogError> {
        let sql = "SELECT tenant_no, name, state FROM tenant WHERE tenant_no = $1";
        let rows = self.database().read(sql, &[&tenant.0]).await?;
        let row = rows.first().ok_or(LogError::NoSuchTenant { tenant })?;
        let tenant = from_row(row)?;
        self.known_tenants().learn(&tenant);
        Ok(tenant)
    }

    /// The new tenant's number; `None` when the name was taken.
    async fn insert_tenant(
        &self,
        name: &str,
        state: TenantState,
    ) -> Result<Option<TenantNo>, LogError> {
        let database = self.database();
        let connection = database.connection().await?;
        let client = connection.client();
        let begin = begin("", database.statement_max);
        client.batch_execute(&begin).await?;
        let row = client.query_opt(INSERT_TENANT, &[&name]).await?;
        let Some(row) = row else {
            client.batch_execute("ROLLBACK").await?;
            connection.release();
            return Ok(None);
        };
        let tenant = TenantNo(row.try_get(0)?);
        let wrapped = TenantKey::create(&self.backend().master_key, tenant)?;
        client.execute(INSERT_TENANT_KEY, &[&tenant.0, &wrapped]).await?;
        let genesis = hash::genesis(tenant, name);
        client.execute(INSERT_HEAD, &[&tenant.0, &genesis.as_slice()]).await?;
        if state == TenantState::Live {
            let opened = Opened::open_on(connection, "", tenant, &Wanted::default()).await?;
            self.record_live(tenant, opened).await?;
        } else {
            client.batch_execute("COMMIT").await?;
            connection.release();
        }
        Ok(Some(tenant))
    }
}

fn went_live(now: jiff::Timestamp) -> Append {
    let command_id = Uuid::new_v4();
    Append {
        meta: CommandMeta {
            actor: "throughline".to_owned(),
            actor_role: "operator".to_owned(),
            source_organisation: None,
            command_id,
            correlation_id: command_id,
            causation_id: None,
            traceparent: None,
            idempotency: None,
        },
        writes: vec![StreamWrite {
            stream: StreamId::TENANT,
            expected: Version(0),
            events: vec![NewEvent {
                event_id: EventId(Uuid::now_v7()),
                event_type: WENT_LIVE,
                schema_version: 1,
                occurred: Occurred::at(now),
                data: "{}".to_owned(),
                plaintext: None,
            }],
        }],
    }
}

fn from_row(row: &Row) -> Result<Tenant, LogError> {
    let state = TenantState::from_stored(row.try_get(2)?);
    Ok(Tenant {
        tenant_no: TenantNo(row.try_get(0)?),
        name: row.try_get(1)?,
        state: state.ok_or(LogError::Unreadable { column: "state" })?,
    })
}
