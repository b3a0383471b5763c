//! A tenant with his case and hers, linked, and a follower in this process or in one of its own.

use std::env;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use throughline_domain::case::CaseEvent;
use throughline_domain::case::receive_linked_information::LinkedInformationReceived;
use throughline_domain::case_link::Pair;
use throughline_domain::ids::{CaseId, EventId, Version};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::{
    Append, AppendError, AppendSettings, CommandMeta, EventLog, MasterKey, NewEvent, StreamId,
    StreamWrite, TenantNo, TenantState,
};
use throughline_projector::{LinkFollower, LinkSettings};
use throughline_test_database::TestDatabase;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Opens nothing but what these tests seal.
const MASTER_KEY: &str = "dGhpcyBpcyBhIG1hc3RlciBrZXkgZm9yIHRlc3RzISE=";
/// Tells the child which database to follow.
const DATABASE: &str = "THROUGHLINE_TEST_LINKS_DATABASE";
/// Nothing is waited for longer.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// Not a test: what the process does. Without the variable it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process() {
    let Ok(url) = env::var(DATABASE) else { return };
    let pool = throughline_log::pool(url.parse().unwrap(), 6).unwrap();
    let log = EventLog::new(
        pool.clone(),
        MasterKey::from_env_value(MASTER_KEY).unwrap(),
        AppendSettings::default(),
    );
    LinkFollower::new(log, pool, quick()).run(CancellationToken::new()).await;
}

/// Settings by which even a few events take many turns, and a lease runs out soon.
fn quick() -> LinkSettings {
    LinkSettings {
        turn_sources_max: 2,
        poll_interval: Duration::from_millis(5),
        linger: Duration::ZERO,
        lease: Duration::from_millis(300),
        retry_delay_min: Duration::from_millis(5),
        retry_delay_max: Duration::from_millis(50),
        ..LinkSettings::default()
    }
}

pub(super) struct Place {
    pub(super) database: Arc<TestDatabase>,
    pub(super) client: Client,
    log: EventLog,
    tenant: TenantNo,
    pub(super) his: CaseId,
    pub(super) hers: CaseId,
    /// The levels that were recorded in his case since they were linked.
    pub(super) levels: Vec<&'static str>,
}

/// It is killed when it goes out of scope.
pub(super) struct Process(Child);

pub(super) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Place {
    pub(super) async fn new() -> Self {
        let database = Arc::new(TestDatabase::create().await);
        throughline_log::migrate(&mut database.connect().await).await.unwrap();
        let pool = throughline_log::pool(database.config(), 8).unwrap();
        let key = MasterKey::from_env_value(MASTER_KEY).unwrap();
        Self::of_tenant(database, EventLog::new(pool, key, AppendSettings::default()), "t1").await
    }

    /// Another tenant of the same database, with a pair of its own.
    pub(super) async fn another(&self) -> Self {
        Self::of_tenant(Arc::clone(&self.database), self.log.clone(), "t2").await
    }

    async fn of_tenant(database: Arc<TestDatabase>, log: EventLog, name: &str) -> Self {
        let tenant = log.create_tenant(name, TenantState::Live).await.unwrap().tenant_no;
        let (his, hers) = (CaseId(Uuid::new_v4()), CaseId(Uuid::new_v4()));
        let client = database.connect().await;
        let place = Self { database, client, log, tenant, his, hers, levels: Vec::new() };
        for (case, role) in [(his, "perpetrator"), (hers, "victim_survivor")] {
            let referral = json!({
                "person_id": Uuid::new_v4(), "programme": "drive", "programme_version": 1,
                "role": role, "area": "essex", "source": "marac",
            });
            place.append(case.into(), "ReferralReceived", referral).await;
            place.append(case.into(), "ReferralAccepted", json!({})).await;
            place.append(case.into(), "CaseAllocated", json!({"worker": "w-1"})).await;
        }
        let pair = Pair::new(his, hers).unwrap();
        let linked = json!({"cases": pair.both(), "reason": "family"});
        place.append(pair.into(), "CasesLinked", linked).await;
        place
    }

    /// Appends an event after whatever its stream holds, while a follower may do so too.
    pub(super) async fn append(&self, stream: StreamId, event_type: &'static str, data: Value) {
        let mut expected = Version(0);
        loop {
            let event = NewEvent {
                event_id: EventId(Uuid::new_v4()),
                event_type,
                schema_version: 1,
                occurred: Occurred::at(to_microseconds(Timestamp::now())),
                data: data.to_string(),
                plaintext: None,
            };
            let writes = vec![StreamWrite { stream, expected, events: vec![event] }];
            match self.log.append(self.tenant, Append { meta: meta(), writes }).await {
                Ok(_) => return,
                Err(AppendError::Conflict { current, .. }) => expected = current,
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    /// Records the next level in his case: each other than the one before.
    pub(super) async fn assess(&mut self) {
        let level = ["medium", "high", "standard"][self.levels.len() % 3];
        let facts = json!({"instrument": "dara/1", "level": level, "assessor_role": "idva"});
        self.append(self.his.into(), "RiskAssessed", facts).await;
        self.levels.push(level);
    }

    /// The levels that her case was told, in the order of recording.
    pub(super) async fn told(&self) -> Vec<String> {
        let events = self.log.read_stream(self.tenant, self.hers.into()).await.unwrap();
        let level = |event: CaseEvent| {
            use LinkedInformationReceived::RiskChange;
            let CaseEvent::LinkedInformationReceived(RiskChange(risk)) = event else { return None };
            Some(risk.level.unwrap().to_string())
        };
        events.iter().filter_map(|event| level(event.to_case_event().unwrap().event)).collect()
    }

    /// Waits until her case was told everything, and finds that it was told nothing twice.
    pub(super) async fn assert_told_once(&self) {
        self.looked_at_everything().await;
        assert_eq!(self.told().await, self.levels);
    }

    /// Waits until the follower has come to the end of the tenant's log.
    pub(super) async fn looked_at_everything(&self) {
        let sql = "SELECT f.position = h.position FROM link_follower f \
                   JOIN log_head h USING (tenant_no) WHERE f.tenant_no = $1";
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let rows = self.client.query(sql, &[&self.tenant.0]).await.unwrap();
            if rows.first().is_some_and(|row| row.get(0)) {
                return;
            }
            assert!(Instant::now() < deadline, "not looked at everything");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until her case was told so much.
    pub(super) async fn told_of(&self, count: usize) {
        let deadline = Instant::now() + WAIT_MAX;
        while self.told().await.len() < count {
            assert!(Instant::now() < deadline, "told too little");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Starts a follower in this process.
    pub(super) fn follower(&self) -> Running {
        let follower = LinkFollower::new(self.log.clone(), self.log.pool().clone(), quick());
        let stop = CancellationToken::new();
        let until = stop.clone();
        Running { stop, task: tokio::spawn(async move { follower.run(until).await }) }
    }

    /// Starts one in a process of its own.
    pub(super) fn process(&self) -> Process {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "links::place::the_process"])
            .env(DATABASE, self.database.url())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Process(child)
    }
}

impl Running {
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

impl Process {
    /// SIGKILL
    pub(super) fn kill(self) {
        drop(self);
    }

    /// SIGSTOP: not an instruction more until it goes on.
    pub(super) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT
    pub(super) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn meta() -> CommandMeta {
    CommandMeta {
        actor: "w-1".to_owned(),
        actor_role: "caseworker".to_owned(),
        source_organisation: None,
        command_id: Uuid::new_v4(),
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        traceparent: None,
        idempotency: None,
    }
}
