//! A tenant's log with random events in it, and what the projections ought to say of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use futures_util::{StreamExt as _, pin_mut};
use jiff::Timestamp;
use throughline_domain::case::{CaseEvent, CaseState};
use throughline_domain::ids::{CaseId, EventId, Position, Version};
use throughline_domain::programme::{Programme, ProgrammeDefined, ProgrammeEvent, aggregate};
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;
use throughline_log::{
    Append, AppendSettings, CommandMeta, EVERY_STREAM, EventLog, MasterKey, NewEvent, Replayed,
    StreamId, StreamKind, StreamWrite, TenantNo, TenantState,
};
use throughline_projections::{Place, Projection, caseload, engagement_timeline, outcome_snapshot};
use throughline_projector::{Projector, Settings, wait_for};
use throughline_test_database::TestDatabase;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::random::Random;

/// Notes every move of a checkpoint, so that an event applied twice or never shows, which the rows
/// do not tell: they come out the same.
const NOTE_MOVES: &str = "
    CREATE TABLE checkpoint_move (seq bigserial, tenant_no integer, projection text, build integer,
        epoch bigint, holder uuid, writer text, was bigint, now bigint);
    CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO checkpoint_move
            (tenant_no, projection, build, epoch, holder, writer, was, now)
        VALUES (NEW.tenant_no, NEW.projection, NEW.build, NEW.epoch, NEW.holder,
            current_setting('application_name'), OLD.position, NEW.position);
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_move AFTER UPDATE ON projection_checkpoint
        FOR EACH ROW EXECUTE FUNCTION note_move();";

pub(crate) struct World {
    pub(crate) log: EventLog,
    pub(crate) pool: Pool,
    pub(crate) tenant: TenantNo,
    pub(crate) client: Client,
    random: Random,
    /// The cases with their facts and versions.
    cases: Vec<Case>,
    head: Position,
    pub(crate) database: Arc<TestDatabase>,
}

struct Case {
    id: CaseId,
    version: Version,
    facts: Vec<(EventId, CaseEvent)>,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Self {
        let database = Arc::new(TestDatabase::create().await);
        let mut client = database.connect().await;
        throughline_log::migrate(&mut client).await.unwrap();
        client.batch_execute(NOTE_MOVES).await.unwrap();
        let log = log(&database);
        Self::of_tenant(database, log, "t1", seed).await
    }

    /// Another tenant of the same database.
    pub(crate) async fn another(&self, name: &str, seed: u64) -> Self {
        Self::of_tenant(Arc::clone(&self.database), self.log.clone(), name, seed).await
    }

    async fn of_tenant(database: Arc<TestDatabase>, log: EventLog, name: &str, seed: u64) -> Self {
        let client = database.connect().await;
        let tenant = log.create_tenant(name, TenantState::Live).await.unwrap();
        let mut random = Random::seeded(seed);
        let cases = (0..12).map(|_| Case {
            id: CaseId(random.uuid()),
            version: Version(0),
            facts: Vec::new(),
        });
        Self {
            pool: log.pool().clone(),
            cases: cases.collect(),
            head: Position(1),
            tenant: tenant.tenant_no,
            log,
            client,
            random,
            database,
        }
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    pub(crate) fn case(&self, n: usize) -> CaseId {
        self.cases[n].id
    }

    pub(crate) fn head(&self) -> Position {
        self.head
    }

    pub(crate) fn place(&self) -> Place {
        Place::shared(self.tenant.0)
    }

    /// Appends some random events to random cases.
    pub(crate) async fn append(&mut self, count: usize) {
        for _ in 0..count {
            let case = usize::try_from(self.random.below(self.cases.len() as u64)).unwrap();
            let event = self.random.event(&self.cases[case].facts);
            self.append_to(case, event).await;
        }
    }

    pub(crate) async fn append_to(&mut self, case: usize, event: CaseEvent) {
        let event_id = EventId(self.random.uuid());
        let new = NewEvent {
            event_id,
            event_type: event.type_name(),
            schema_version: event.schema_version(),
            occurred: self.random.occurred(),
            data: event.to_data().unwrap(),
            plaintext: None,
        };
        self.append_new(case, new).await;
        if event.amends().is_none() {
            self.cases[case].facts.push((event_id, event));
        }
    }

    /// Appends an event that no program can read yet.
    pub(crate) async fn append_unreadable_to(&mut self, case: usize) {
        let new = NewEvent {
            event_id: EventId(self.random.uuid()),
            event_type: "FromTheFuture",
            schema_version: 1,
            occurred: self.random.occurred(),
            data: "{}".to_owned(),
            plaintext: None,
        };
        self.append_new(case, new).await;
    }

    /// Makes a definition known to the tenant.
    pub(crate) async fn define(&mut self, definition: Programme) {
        let stream = aggregate::stream_id(&definition.id);
        let event = ProgrammeEvent::ProgrammeDefined(ProgrammeDefined(definition));
        let event = NewEvent {
            event_id: EventId(self.random.uuid()),
            event_type: event.type_name(),
            schema_version: event.schema_version(),
            occurred: self.random.occurred(),
            data: event.to_data().unwrap(),
            plaintext: None,
        };
        let stream = StreamId { kind: StreamKind::Programme, id: stream };
        let write = StreamWrite { stream, expected: Version(0), events: vec![event] };
        let append = Append { meta: meta(), writes: vec![write] };
        self.head = self.log.append(self.tenant, append).await.unwrap().last;
    }

    async fn append_new(&mut self, case: usize, event: NewEvent) {
        let case = &mut self.cases[case];
        let write = StreamWrite {
            stream: StreamId { kind: StreamKind::Case, id: case.id.0 },
            expected: case.version,
            events: vec![event],
        };
        let writes = vec![write];
        let appended = self.log.append(self.tenant, Append { meta: meta(), writes }).await.unwrap();
        case.version = appended.versions[0];
        self.head = appended.last;
    }

    /// Starts a projector in this process.
    pub(crate) fn projector(&self, settings: Settings) -> Running {
        self.projector_on(self.pool.clone(), settings)
    }

    /// Starts one that writes through a pool of its own.
    pub(crate) fn projector_on(&self, pool: Pool, settings: Settings) -> Running {
        Running::start(Projector::new(self.log.clone(), pool, settings))
    }

    /// Waits until every projection tells of everything appended.
    pub(crate) async fn caught_up(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        for projection in Projection::ALL {
            wait_for(&self.pool, self.tenant.0, projection, self.head, deadline).await.unwrap();
        }
    }

    /// The readable histories of the cases, out of the log.
    async fn histories(&self) -> BTreeMap<CaseId, Vec<Recorded<CaseEvent>>> {
        let replay = self.log.replay_cases(self.tenant, self.head, EVERY_STREAM);
        pin_mut!(replay);
        let mut histories = BTreeMap::new();
        while let Some(case) = replay.next().await {
            let Replayed { stream, events, .. } = case.unwrap();
            if let Ok(events) = events {
                histories.insert(CaseId(stream.id), events);
            }
        }
        histories
    }

    /// The rows say what a fresh fold of the readable cases says.
    pub(crate) async fn assert_rows_equal_a_fresh_fold(&self) {
        let histories = self.histories().await;
        assert!(!histories.is_empty());
        let programmes = self.log.programmes(self.tenant).await.unwrap();
        for (id, history) in &histories {
            let state = CaseState::at(history, &Asked::LATEST);
            let read = caseload::read_case(&self.client, self.place(), *id).await.unwrap();
            assert_eq!(read, caseload::row(*id, &state, &programmes), "the caseload's row of {id}");

            let question = engagement_timeline::Question {
                case_id: *id,
                as_of: now(),
                after: None,
                limit: 10_000,
            };
            let read = engagement_timeline::read(&self.client, self.place(), question).await;
            let fresh = engagement_timeline::answer(history, &Asked::LATEST, question);
            assert_eq!(read.unwrap(), fresh.unwrap(), "the timeline of {id}");
            self.assert_rows(*id, history).await;
        }
        for measure in ["physical", "score", "risk_level"] {
            let question = outcome_snapshot::Question {
                programme: "mrp",
                measure,
                from: "intake",
                to: "exit",
                instrument: None,
                role: None,
                area: None,
            };
            let read = outcome_snapshot::read(&self.client, self.place(), question).await;
            let mut answer = outcome_snapshot::Answer::new(question);
            for history in histories.values() {
                answer.take(history, &Asked::LATEST);
            }
            assert_eq!(read.unwrap(), answer.finish().unwrap(), "outcomes by {measure}");
        }
    }

    /// Row by row: a case that is parked keeps the rows of before, and is not among the histories.
    async fn assert_rows(&self, case_id: CaseId, history: &[Recorded<CaseEvent>]) {
        let tenant_no = self.tenant.0;
        let programmes = self.log.programmes(self.tenant).await.unwrap();
        for projection in Projection::ALL {
            let folded = projection.rows(case_id, history, &programmes).unwrap();
            for (table, mut folded) in projection.tables().iter().zip(folded) {
                let statement = table.select(self.place(), "AND case_id = $2");
                let rows = self.client.query(&statement, &[&tenant_no, &case_id.0]).await.unwrap();
                let mut read: Vec<_> = rows.iter().map(|row| table.read(row).unwrap()).collect();
                read.sort();
                folded.sort();
                assert_eq!(read, folded, "the rows of {case_id} in {}", table.name);
            }
        }
    }

    /// Every event was applied exactly once to every build, or since a test set it back, by one
    /// owner at a time: no epoch comes back, and in each only one process wrote.
    pub(crate) async fn assert_every_event_applied_once(&self) {
        let statement = "SELECT projection, build, epoch, holder::text || writer, was, now
             FROM checkpoint_move WHERE tenant_no = $1 AND now <> was ORDER BY seq";
        let mut reached: BTreeMap<(String, i32), (i64, i64, Option<String>)> = BTreeMap::new();
        for step in self.client.query(statement, &[&self.tenant.0]).await.unwrap() {
            let key: (String, i32) = (step.get(0), step.get(1));
            let (epoch, writer): (i64, Option<String>) = (step.get(2), step.get(3));
            let (was, now): (i64, i64) = (step.get(4), step.get(5));
            let (position, last_epoch, last_writer) =
                reached.get(&key).cloned().unwrap_or_default();
            assert!(epoch >= last_epoch, "{key:?}: epoch {epoch} after {last_epoch}");
            assert!(epoch > last_epoch || writer == last_writer, "{key:?}: two wrote in {epoch}");
            assert!(now < was || was == position, "{key:?} lost or doubled events at {was}");
            reached.insert(key, (now, epoch, writer));
        }
        assert_eq!(reached.len(), Projection::ALL.len());
        for (key, (position, ..)) in reached {
            assert_eq!(position, self.head.0, "{key:?} is at the head");
        }
    }

    /// Every row of the tenant, as text.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in Projection::ALL.iter().flat_map(|projection| projection.tables()) {
            let table = table.name;
            let statement = format!("SELECT t::text FROM {table} AS t ORDER BY 1");
            let rows = self.client.query(&statement, &[]).await.unwrap();
            all.extend(rows.iter().map(|row| format!("{table}: {}", row.get::<_, &str>(0))));
        }
        all
    }

    pub(crate) async fn execute(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap();
    }
}

pub(crate) fn log(database: &TestDatabase) -> EventLog {
    let pool = throughline_log::pool(database.config(), 12).unwrap();
    EventLog::new(pool, MasterKey::random().unwrap(), AppendSettings::default())
}

fn meta() -> CommandMeta {
    CommandMeta {
        actor: "worker-1".to_owned(),
        actor_role: "caseworker".to_owned(),
        source_organisation: None,
        command_id: Uuid::new_v4(),
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        traceparent: None,
        idempotency: None,
    }
}

/// Settings by which even a short history takes many batches.
pub(crate) fn small_batches() -> Settings {
    Settings {
        batch_events_max: 5,
        cases_at_once: 2,
        poll_interval: Duration::from_millis(5),
        lease: Duration::from_millis(500),
        ..Settings::default()
    }
}

/// A projector that runs until it is stopped, or dropped.
pub(crate) struct Running {
    pub(crate) projector: Projector,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(projector: Projector) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (projector, stop) = (projector.clone(), stop.clone());
            async move { projector.run(stop).await }
        });
        Self { projector, stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn now() -> Timestamp {
    "2016-02-01T00:00:00Z".parse().unwrap()
}
