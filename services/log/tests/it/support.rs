//! A log on a database of its own, and events to put into it.

use jiff::Timestamp;
use throughline_domain::ids::{EventId, Version};
use throughline_domain::time::Occurred;
use throughline_log::{
    Append, AppendSettings, CommandMeta, EventLog, MasterKey, NewEvent, Plaintext, StreamId,
    StreamKind, StreamWrite, TenantNo, TenantState, migrate, pool,
};
use throughline_test_database::TestDatabase;
use tokio_postgres::Client;
use uuid::Uuid;

pub(crate) struct Fixture {
    pub(crate) log: EventLog,
    pub(crate) tenant: TenantNo,
    pub(crate) master_key: MasterKey,
    pub(crate) database: TestDatabase,
}

impl Fixture {
    /// A log with one live tenant: its first event is at position 1.
    pub(crate) async fn live() -> Self {
        Self::with(AppendSettings::default()).await
    }

    pub(crate) async fn with(settings: AppendSettings) -> Self {
        let mut fixture = Self::loading(settings).await;
        let tenant = fixture.log.create_tenant("essex", TenantState::Live).await.unwrap();
        fixture.tenant = tenant.tenant_no;
        fixture
    }

    /// A log with one tenant that is loading.
    pub(crate) async fn loading(settings: AppendSettings) -> Self {
        let database = TestDatabase::create().await;
        let applied = migrate(&mut database.connect().await).await.unwrap();
        assert!(applied >= 3);
        let pool = pool(database.config(), 8).unwrap();
        let master_key = MasterKey::random().unwrap();
        let log = EventLog::new(pool, master_key.clone(), settings);
        let tenant = log.create_tenant("loading", TenantState::Loading).await.unwrap();
        Self { log, tenant: tenant.tenant_no, master_key, database }
    }

    /// The same log, as another process has it.
    pub(crate) fn elsewhere(&self) -> EventLog {
        let pool = pool(self.database.config(), 4).unwrap();
        EventLog::new(pool, self.master_key.clone(), AppendSettings::default())
    }

    pub(crate) async fn client(&self) -> Client {
        self.database.connect().await
    }

    pub(crate) async fn append(&self, append: Append) -> throughline_log::Appended {
        self.log.append(self.tenant, append).await.unwrap()
    }
}

pub(crate) fn a_case() -> StreamId {
    StreamId { kind: StreamKind::Case, id: Uuid::new_v4() }
}

pub(crate) fn an_event() -> NewEvent {
    NewEvent {
        event_id: EventId(Uuid::now_v7()),
        event_type: "ContactAttempted",
        schema_version: 1,
        occurred: Occurred::at(at("2014-03-08T10:00:00.000001Z")),
        data: r#"{"channel":"phone"}"#.to_owned(),
        plaintext: None,
    }
}

pub(crate) fn sealing(text: &str) -> NewEvent {
    NewEvent { plaintext: Some(Plaintext::new(text.to_owned())), ..an_event() }
}

pub(crate) fn write(stream: StreamId, expected: i32, events: Vec<NewEvent>) -> StreamWrite {
    StreamWrite { stream, expected: Version(expected), events }
}

pub(crate) fn command(writes: impl Into<Vec<StreamWrite>>) -> Append {
    Append { meta: meta(), writes: writes.into() }
}

/// A command of one event.
pub(crate) fn one(stream: StreamId, expected: i32) -> Append {
    command([write(stream, expected, vec![an_event()])])
}

pub(crate) fn meta() -> CommandMeta {
    CommandMeta {
        actor: "worker-9".to_owned(),
        actor_role: "caseworker".to_owned(),
        source_organisation: Some("police".to_owned()),
        command_id: Uuid::new_v4(),
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        traceparent: None,
        idempotency: None,
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
