//! One client: a caseworker with cases of their own and some that everybody works on.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use crate::commands::{self, Command};
use crate::ledger::{Acknowledged, Ledger, Outcome, Seen};
use crate::line::{Line, Reply};
use crate::memory::Memory;
use crate::random::Random;
use crate::violation::Violation;

/// Own cases that a client works on at a time.
const OWN_CASES: usize = 4;
/// The version from which on a case is left alone, so that no stream grows for ever.
const VERSION_MAX: i32 = 60;
/// The same for a case that everybody works on.
const SHARED_VERSION_MAX: i32 = 200;

/// The cases that everybody of a tenant works on.
pub(crate) type Shared = Arc<Mutex<Vec<Uuid>>>;

/// A client at work.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) tenant: i32,
    pub(crate) line: Line,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) random: Random,
    pub(crate) shared: Shared,
    cases: Vec<Case>,
    persons: Vec<Uuid>,
    memory: Memory,
}

/// A case as far as the client knows it.
#[derive(Debug, Clone)]
struct Case {
    id: Uuid,
    status: Status,
    version: i32,
    attempts: Vec<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Referred,
    Accepted,
    Open,
    Closed,
}

impl Client {
    pub(crate) fn new(
        number: usize,
        tenant: i32,
        line: Line,
        ledger: Arc<Ledger>,
        random: Random,
        shared: Shared,
    ) -> Self {
        let (cases, persons, memory) = (Vec::new(), Vec::new(), Memory::new(number));
        Self { number, tenant, line, ledger, random, shared, cases, persons, memory }
    }

    /// Works until it is told to stop, and then finishes what it has begun.
    pub(crate) async fn work(mut self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if self.cases.len() < OWN_CASES || self.random.chance(3) {
                self.refer().await;
            } else if self.random.chance(30) {
                self.work_on_a_shared_case().await;
            } else {
                self.work_on_an_own_case().await;
            }
            tokio::time::sleep(self.random.millis(1..=40)).await;
        }
    }

    /// Opens a case for everybody to work on.
    pub(crate) async fn open_a_shared_case(&mut self) {
        while self.cases.is_empty() {
            self.refer().await;
        }
        while self.cases[0].status != Status::Open {
            self.proceed(0).await;
        }
        let case = self.cases.remove(0);
        self.shared().push(case.id);
    }

    async fn refer(&mut self) {
        let known = (!self.persons.is_empty() && self.random.chance(30))
            .then(|| *self.random.pick(&self.persons));
        let Some((told, answer)) = self.command(&commands::referral(known)).await else { return };
        let id = |name: &str| answer[name].as_str().and_then(|id| id.parse::<Uuid>().ok());
        let (Some(case), Some(person)) = (id("case_id"), id("person_id")) else {
            return self.ledger.report(Violation::UnreadableAnswer { client: self.number });
        };
        self.memory.case_is_at(case, told.version, told.position);
        self.persons.push(person);
        let status = Status::Referred;
        self.cases.push(Case { id: case, status, version: told.version, attempts: Vec::new() });
        self.look(case, told.position).await;
    }

    async fn work_on_an_own_case(&mut self) {
        let place = self.random.index(self.cases.len());
        if self.cases[place].version > VERSION_MAX {
            self.cases.swap_remove(place);
        } else if self.cases[place].status == Status::Open && !self.random.chance(6) {
            self.record(place).await;
        } else {
            self.proceed(place).await;
        }
    }

    /// Takes the case's next step; now and then on a version that is not the present one.
    async fn proceed(&mut self, place: usize) {
        let case = self.cases[place].clone();
        let wrong = self.random.chance(10);
        let version = if wrong { case.version + 1 } else { case.version };
        let (command, next) = match case.status {
            Status::Referred => (commands::acceptance(case.id, version), Status::Accepted),
            Status::Accepted => (commands::allocation(case.id, version, "w-ann"), Status::Open),
            Status::Open => (commands::closure(case.id, version), Status::Closed),
            // Nothing can be recorded of the time in which a case is closed.
            Status::Closed if self.random.chance(30) => {
                (commands::attempt(case.id, &mut self.random), Status::Closed)
            }
            Status::Closed => (commands::reopening(case.id, version), Status::Open),
        };
        match self.on_case(case.id, &command).await {
            Some(told) => {
                let known = &mut self.cases[place];
                (known.status, known.version) = (next, told.version);
                self.look(case.id, told.position).await;
            }
            None => self.refresh(place).await,
        }
    }

    /// Records a fact of an open case, or about one.
    async fn record(&mut self, place: usize) {
        let case = self.cases[place].clone();
        let known = (!case.attempts.is_empty()).then(|| *self.random.pick(&case.attempts));
        let command = match (self.random.between(0..=9), known) {
            (0, Some(event)) => commands::correction(case.id, event, &mut self.random),
            (1, Some(event)) => commands::retraction(case.id, event),
            (2, _) => commands::information_request(case.id),
            (3, _) => commands::assessment(case.id, &mut self.random),
            _ => commands::attempt(case.id, &mut self.random),
        };
        match self.on_case(case.id, &command).await {
            Some(told) => {
                let known = &mut self.cases[place];
                known.version = told.version;
                if command.event_type == "ContactAttempted" {
                    known.attempts.push(told.event_id);
                }
                self.look(case.id, told.position).await;
            }
            None => self.refresh(place).await,
        }
    }

    /// Works on a case on which others work at the same moment.
    async fn work_on_a_shared_case(&mut self) {
        let place = {
            let length = self.shared().len();
            self.random.index(length)
        };
        let case = self.shared()[place];
        let command = match self.random.between(0..=9) {
            0 => self.step_of_others(case).await,
            1 | 2 => Some(commands::assessment(case, &mut self.random)),
            _ => Some(commands::attempt(case, &mut self.random)),
        };
        let Some(command) = command else { return };
        let Some(told) = self.on_case(case, &command).await else { return };
        self.look(case, told.position).await;
        let spare = self.cases.iter().position(|case| case.status == Status::Open);
        if let (true, Some(spare)) = (told.version > SHARED_VERSION_MAX, spare) {
            let fresh = self.cases.swap_remove(spare);
            let mut shared = self.shared();
            // Others may have replaced it already.
            if shared[place] == case {
                shared[place] = fresh.id;
            }
        }
    }

    /// Reads a case and closes or reopens it, unless somebody is faster.
    async fn step_of_others(&mut self, case: Uuid) -> Option<Command> {
        let (status, version) = self.read_case(case, None).await?;
        match status {
            Some(Status::Open) => Some(commands::closure(case, version)),
            Some(Status::Closed) => Some(commands::reopening(case, version)),
            _ => None,
        }
    }

    async fn on_case(&mut self, case: Uuid, command: &Command) -> Option<Acknowledged> {
        let (told, _) = self.command(command).await?;
        self.memory.case_is_at(case, told.version, told.position);
        Some(told)
    }

    /// Sends a command and enters what becomes of it. `None` unless it is acknowledged.
    async fn command(&mut self, command: &Command) -> Option<(Acknowledged, Value)> {
        let number = self.ledger.enter(self.tenant, command.event_type);
        let (outcome, answer) = self.line.command(number, command, &mut self.random).await;
        self.ledger.settle(number, outcome.clone());
        match outcome {
            Outcome::Acknowledged(told) => Some((told, answer)),
            Outcome::Unknown | Outcome::Refused { .. } => None,
        }
    }

    /// Now and then reads what was just recorded, with or without asking for it.
    async fn look(&mut self, case: Uuid, position: i64) {
        let after = self.random.chance(60).then_some(position);
        match self.random.between(0..=9) {
            0..=2 => {
                self.read_case(case, after).await;
            }
            3 => self.read_model("timeline", &format!("/v1/cases/{case}/timeline"), after).await,
            4 => self.read_model("caseload", "/v1/caseloads/w-ann?limit=5", after).await,
            _ => {}
        }
    }

    /// Reads an own case after an answer that leaves open how it stands.
    async fn refresh(&mut self, place: usize) {
        let id = self.cases[place].id;
        if let Some((Some(status), version)) = self.read_case(id, None).await {
            let case = &mut self.cases[place];
            (case.status, case.version) = (status, version);
        }
    }

    async fn read_case(&mut self, case: Uuid, after: Option<i64>) -> Option<(Option<Status>, i32)> {
        let reply = self.line.read(&format!("/v1/cases/{case}"), after, &mut self.random).await?;
        if reply.status == 404 {
            let violation = self.memory.read_case(case, 0, 0);
            self.ledger.report_any(violation);
            return None;
        }
        let (version, position) = self.of_read(&reply)?;
        let violation = self.memory.read_case(case, version, position);
        self.ledger.report_any(violation);
        let (client, tenant) = (self.number, self.tenant);
        self.ledger.saw(Seen { client, tenant, case, version, position });
        let status = match reply.body["status"].as_str() {
            Some("referred") => Some(Status::Referred),
            Some("accepted") => Some(Status::Accepted),
            Some("open") => Some(Status::Open),
            Some("closed") => Some(Status::Closed),
            _ => None,
        };
        Some((status, version))
    }

    fn of_read(&self, reply: &Reply) -> Option<(i32, i64)> {
        if reply.status != 200 {
            return None;
        }
        let version = reply.body["version"].as_i64().and_then(|version| version.try_into().ok());
        let read = version.zip(reply.body["position"].as_i64());
        if read.is_none() {
            self.ledger.report(Violation::UnreadableAnswer { client: self.number });
        }
        read
    }

    async fn read_model(&mut self, what: &'static str, path: &str, after: Option<i64>) {
        let Some(reply) = self.line.read(path, after, &mut self.random).await else { return };
        if let (200, Some(position)) = (reply.status, reply.position) {
            let violation = self.memory.read_model(what, position, after);
            self.ledger.report_any(violation);
        }
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Vec<Uuid>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
