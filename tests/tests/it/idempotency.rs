//! Commands that are sent again with their `Idempotency-Key`: recorded once, and answered to the
//! byte as the first time, whoever asks first and whatever has happened since.
//!
//! The commands are read from the description, so that a new one cannot be forgotten.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::header::{DATE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use rustix::process::Signal;
use serde_json::{Map, Value, json};

use crate::cases::{Recorded, a_closed_case, a_referral, a_referred_case, an_open_case, text};
use crate::service::{Answer, Client, Service, read, signal};
use crate::telemetry::commands::{Description, Operation, path_for};

const KEY: &str = "Idempotency-Key";
const TENANT: &str = "city";

/// Commands that a case takes once: sent again as a new command, a rule refuses them.
const ONCE_ONLY: [&str; 14] = [
    "AcceptReferral",
    "DeclineReferral",
    "WaitlistReferral",
    "HandOverCase",
    "TransferCase",
    "ResolveNeed",
    "LiftContactHold",
    "ProposeClosure",
    "RefuseClosure",
    "CloseCase",
    "ReopenCase",
    "ReceiveInformation",
    "RefuseInformation",
    "RetractFact",
];

/// A command that can be sent any number of times.
#[derive(Debug, Clone)]
struct Command {
    method: Method,
    token: String,
    path: String,
    version: String,
    body: String,
}

impl Command {
    fn of(token: &str, path: &str, body: &Value) -> Self {
        Self {
            method: Method::POST,
            token: token.to_owned(),
            path: path.to_owned(),
            version: "*".to_owned(),
            body: body.to_string(),
        }
    }

    fn request(&self, service: &Service) -> RequestBuilder {
        let request = service.request(self.method.clone(), &self.path).bearer_auth(&self.token);
        let request = request.header("If-Match", &self.version);
        request.header("Content-Type", "application/json").body(self.body.clone())
    }

    async fn send(&self, service: &Service) -> Answer {
        read(self.request(service)).await
    }

    async fn send_with(&self, service: &Service, key: &str) -> Answer {
        read(self.request(service).header(KEY, key)).await
    }
}

/// An operation of the description, ready to be sent on a case of its own.
async fn a_command(service: &Service, description: &Description, operation: &Operation) -> Command {
    let client = service.worker();
    let path = path_for(client, operation).await;
    let token = service.token(TENANT, operation.role()).await;
    let command = Command::of(&token, &path, &description.body(operation));
    let method = operation.method.parse().unwrap();
    Command { method, version: version_of(client, &path).await, ..command }
}

/// The `ETag` of the case that a path is about.
async fn version_of(client: Client<'_>, path: &str) -> String {
    match path.split('/').nth(3) {
        Some(case) => {
            let answer = client.get(&format!("/v1/cases/{case}")).await;
            answer.header("etag").unwrap().to_owned()
        }
        None => "*".to_owned(),
    }
}

/// Those of casework; what is asked about a person is in `erasure/asked.rs`, what operators ask
/// for in `operators/keys.rs`.
fn commands(description: &Description) -> Vec<Operation> {
    let operations: Vec<_> =
        description.operations().into_iter().filter(Operation::is_casework).collect();
    assert!(operations.len() >= 34, "{}", operations.len());
    operations
}

async fn events(service: &Service) -> i64 {
    let client = service.database.connect().await;
    client.query_one("SELECT count(*) FROM event", &[]).await.unwrap().get(0)
}

/// Everything of an answer but the time at which it was sent.
fn whole(answer: &Answer) -> (u16, HeaderMap, &str) {
    let mut headers = answer.headers.clone();
    headers.remove(DATE);
    (answer.status, headers, &answer.text)
}

/// The same document with its members the other way around, and more room.
fn respelled(body: &str) -> String {
    let members: Map<String, Value> = serde_json::from_str(body).unwrap();
    let members = members.iter().rev().map(|(name, value)| format!("\n {name:?} : {value}"));
    format!("{{{} }}", members.collect::<Vec<_>>().join(" ,"))
}

/// The same body, less exact about when.
fn other_body(body: &str) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap();
    assert_ne!(body["precision"], "month");
    body["precision"] = "month".into();
    body.to_string()
}

/// One key for all of them: each operation has its own.
#[tokio::test]
async fn every_command_is_recorded_once_and_answered_the_same_again() {
    let service = Service::start().await;
    let description = Description::read(service.worker()).await;
    for operation in commands(&description) {
        let id = &operation.id;
        let command = a_command(&service, &description, &operation).await;
        let before = events(&service).await;
        let first = command.send_with(&service, "one-for-all").await;
        assert_eq!(first.status, 201, "{id}: {first:?}");
        let recorded = events(&service).await;
        assert_eq!(recorded - before, if id == "ReceiveReferral" { 2 } else { 1 }, "{id}");

        let respelled = Command { body: respelled(&command.body), ..command.clone() };
        for (again, key) in
            [(&command, "one-for-all"), (&command, "\"one-for-all\""), (&respelled, "one-for-all")]
        {
            let again = again.send_with(&service, key).await;
            assert_eq!(whole(&again), whole(&first), "{id} with {key}");
        }
        assert_eq!(events(&service).await, recorded, "{id}");
        // What it names is there.
        let place = first.header("location").unwrap();
        if id != "ReceiveReferral" {
            let event = service.worker().get(place).await.expect(200);
            assert_eq!(event["event_id"], first.json()["event_id"], "{id}");
        }
    }
}

#[tokio::test]
async fn a_key_that_comes_with_anything_else_is_refused() {
    let service = Service::start().await;
    let description = Description::read(service.worker()).await;
    for operation in commands(&description) {
        let id = &operation.id;
        let command = a_command(&service, &description, &operation).await;
        command.send_with(&service, id).await.expect(201);
        let other = a_command(&service, &description, &operation).await;
        let before = Recorded::in_database_of(&service).await;
        let elsewhere = Command { path: other.path.clone(), ..command.clone() };
        let mut others = vec![
            Command { body: other_body(&command.body), ..command.clone() },
            Command { version: "\"77\"".to_owned(), ..command.clone() },
        ];
        if elsewhere.path != command.path {
            others.push(elsewhere);
        }
        for other in others {
            let refused = other.send_with(&service, id).await;
            let kind = (refused.status, refused.problem());
            assert_eq!(kind, (422, "idempotency-key-reused".to_owned()), "{id} {other:?}");
        }
        assert_eq!(Recorded::in_database_of(&service).await, before, "{id}");
    }
}

#[tokio::test]
async fn without_the_key_or_from_somebody_else_it_is_another_command() {
    let service = Service::start().await;
    let description = Description::read(service.worker()).await;
    for operation in commands(&description) {
        let id = &operation.id;
        let command = a_command(&service, &description, &operation).await;
        let first = command.send_with(&service, id).await.expect(201);

        let any = Command { version: "*".to_owned(), ..command.clone() };
        let role = operation.role();
        let colleague = ["--tenant", TENANT, "--role", role, "--subject", "w-colleague"];
        let colleague = service.issue(&colleague).await;
        let of_colleague = Command { token: colleague, ..any.clone() };
        let once_only = ONCE_ONLY.contains(&id.as_str());
        for other in [any.send(&service).await, of_colleague.send_with(&service, id).await] {
            if once_only {
                assert_eq!(other.status, 409, "{id}: {other:?}");
            } else {
                let other = other.expect(201);
                assert_ne!(other["event_id"], first["event_id"], "{id}");
            }
        }

        // Another tenant has keys of its own.
        let client = service.as_role("county", "caseworker");
        let token = service.token("county", role).await;
        let path = path_for(client, &operation).await;
        let theirs = Command { token, path, version: "*".to_owned(), ..command };
        let before = events(&service).await;
        theirs.send_with(&service, id).await.expect(201);
        assert!(events(&service).await > before, "{id}");
    }
}

#[tokio::test]
async fn of_many_duplicates_at_once_one_is_recorded_and_all_are_answered_alike() {
    let service = Service::start().await;
    let description = Description::read(service.worker()).await;
    for operation in commands(&description) {
        let id = &operation.id;
        let command = a_command(&service, &description, &operation).await;
        let before = events(&service).await;
        let sent = (0..16).map(|_| command.send_with(&service, id));
        let answers = join_all(sent).await;
        assert_eq!(answers[0].status, 201, "{id}: {:?}", answers[0]);
        for answer in &answers {
            assert_eq!(whole(answer), whole(&answers[0]), "{id}");
        }
        let recorded = events(&service).await - before;
        assert_eq!(recorded, if id == "ReceiveReferral" { 2 } else { 1 }, "{id}");
    }
}

/// Of many that want the same key for something else, one gets it and the others are told.
#[tokio::test]
async fn of_many_commands_at_once_with_one_key_one_is_recorded() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let token = service.token(TENANT, "caseworker").await;
    let path = format!("/v1/cases/{case}/contact-attempts");
    let before = events(&service).await;
    let commands: Vec<_> = (0..16)
        .map(|minutes| {
            let body = json!({"channel": "phone", "outcome": "reached", "duration_min": minutes});
            Command::of(&token, &path, &body)
        })
        .collect();
    let answers = join_all(commands.iter().map(|c| c.send_with(&service, "k"))).await;
    let (recorded, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(recorded.len(), 1);
    assert!(refused.iter().all(|answer| answer.problem() == "idempotency-key-reused"));
    assert_eq!(events(&service).await, before + 1);
}

#[tokio::test]
async fn the_first_answer_stands_when_all_has_moved_on_and_after_a_restart() {
    let mut service = Service::start().await;
    let client = service.worker();
    let case = a_referred_case(client).await;
    let token = service.token(TENANT, "caseworker").await;
    let of_case =
        |rest: &str, body: Value| Command::of(&token, &format!("/v1/cases/{case}/{rest}"), &body);
    let version = |version: &str, command: Command| Command { version: version.into(), ..command };
    let commands = [
        Command::of(&token, "/v1/referrals", &a_referral()),
        version("\"1\"", of_case("acceptance", json!({}))),
        version("\"2\"", of_case("allocations", json!({"worker": "w-ann"}))),
        version("\"3\"", of_case("needs", json!({"need": "housing", "narrative": "a room"}))),
        version("\"4\"", of_case("information-requests", json!({"agency": "police"}))),
        version("\"5\"", of_case("closure", json!({"reason": "goals_met"}))),
    ];
    let mut first = Vec::new();
    for command in &commands {
        let answer = command.send_with(&service, "k-1").await;
        answer.expect(201);
        first.push(answer);
    }
    // Chased and answered since; the case is reopened and closed again.
    let request = text(&first[4].json()["event_id"]);
    let chases = format!("information-requests/{request}/chases");
    client.post(&format!("/v1/cases/{case}/{chases}"), json!({})).await.expect(201);
    client.step(&case, "reopening", json!({"reason": "new_incident"})).await.expect(201);
    client.step(&case, "closure", json!({"reason": "moved_area"})).await.expect(201);

    let before = Recorded::in_database_of(&service).await;
    for restart in [false, true] {
        if restart {
            service.kill_and_restart().await;
        }
        for (command, first) in commands.iter().zip(&first) {
            let again = command.send_with(&service, "k-1").await;
            assert_eq!(whole(&again), whole(first), "{}", command.path);
        }
    }
    assert_eq!(Recorded::in_database_of(&service).await, before);
    // A key of its own does not help a command that comes too late.
    let late = commands[1].send_with(&service, "k-2").await;
    assert_eq!((late.status, &*late.problem()), (412, "stale-version"));
}

/// Nobody knows which of the commands were recorded; sent again, each is recorded once.
#[tokio::test]
async fn what_was_on_its_way_when_the_process_died_is_recorded_once() {
    let mut service = Service::start().await;
    let token = service.token(TENANT, "caseworker").await;
    let command = Command::of(&token, "/v1/referrals", &a_referral());
    let keys: Vec<String> = (0..200).map(|n| format!("referral-{n}")).collect();
    let sent: Vec<_> = keys
        .iter()
        .map(|key| tokio::spawn(command.request(&service).header(KEY, key).send()))
        .collect();
    let database = service.database.connect().await;
    let some = "SELECT count(*) >= 20 FROM idempotency_key";
    while !database.query_one(some, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
    signal(service.process_id(), Signal::KILL);
    let mut answered = Vec::new();
    for answer in join_all(sent).await {
        // Cut off while it was read, it was not answered.
        answered.push(match answer.unwrap() {
            Ok(answer) => answer.text().await.ok(),
            Err(_) => None,
        });
    }
    service.kill_and_restart().await;
    let left = keys.len() - answered.iter().flatten().count();
    assert!(left > 0, "the process died too late to tell");

    let again = join_all(keys.iter().map(|key| command.send_with(&service, key))).await;
    let mut cases = BTreeSet::new();
    for (again, first) in again.iter().zip(&answered) {
        cases.insert(text(&again.expect(201)["case_id"]));
        assert!(first.as_ref().is_none_or(|first| *first == again.text), "{first:?} {again:?}");
    }
    assert_eq!(cases.len(), keys.len());
    let recorded = "SELECT count(*) FROM event WHERE type = 'ReferralReceived'";
    let recorded: i64 = database.query_one(recorded, &[]).await.unwrap().get(0);
    assert_eq!(usize::try_from(recorded), Ok(keys.len()));
}

#[tokio::test]
async fn what_is_not_one_key_is_refused_and_nothing_is_recorded() {
    let service = Service::start().await;
    let token = service.token(TENANT, "caseworker").await;
    let command = Command::of(&token, "/v1/referrals", &a_referral());
    let too_long = "canary".repeat(43);
    service.worker().post("/v1/referrals", a_referral()).await.expect(201);
    let before = Recorded::in_database_of(&service).await;
    let wrong: [&[&[u8]]; 8] = [
        &[b""],
        &[b"\"\""],
        &[b"\"canary"],
        &[b"canary sings"],
        &[b"\"canary\", \"canary\""],
        &[b"canary\xe9"],
        &[too_long.as_bytes()],
        &[b"canary-1", b"canary-2"],
    ];
    for values in wrong {
        let mut request = command.request(&service);
        for value in values {
            request = request.header(KEY, *value);
        }
        let refused = read(request).await;
        let kind = (refused.status, refused.problem());
        assert_eq!(kind, (400, "invalid-idempotency-key".to_owned()), "{values:?}");
        let said = format!("{:?} {}", refused.headers, refused.text).to_lowercase();
        assert!(!said.contains("canary"), "{refused:?}");
    }
    assert_eq!(Recorded::in_database_of(&service).await, before);
    // The longest there is, and a question, which needs none.
    command.send_with(&service, &too_long[..255]).await.expect(201);
    service.worker().get_with("/v1/caseloads", &[(KEY, "")]).await.expect(200);
}

/// Nothing was recorded, so the same command may be tried again when it can be.
#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let service = Service::start().await;
    let client = service.worker();
    let case = a_closed_case(client).await;
    let token = service.token(TENANT, "caseworker").await;
    let path = format!("/v1/cases/{case}/allocations");
    let command = Command::of(&token, &path, &json!({"worker": "w-ben"}));
    let refused = command.send_with(&service, "k").await;
    assert_eq!(refused.status, 409, "{refused:?}");
    client.step(&case, "reopening", json!({"reason": "new_incident"})).await.expect(201);
    let first = command.send_with(&service, "k").await;
    first.expect(201);
    assert_eq!(whole(&command.send_with(&service, "k").await), whole(&first));
}

#[tokio::test]
async fn after_a_day_the_key_is_free_again() {
    let service = Service::start().await;
    let token = service.token(TENANT, "caseworker").await;
    let command = Command::of(&token, "/v1/referrals", &a_referral());
    let first = command.send_with(&service, "k").await;
    let database = service.database.connect().await;
    let age = "UPDATE idempotency_key SET created_at = created_at - $1::text::interval";
    database.execute(age, &[&"23 hours 59 minutes"]).await.unwrap();
    assert_eq!(whole(&command.send_with(&service, "k").await), whole(&first));
    database.execute(age, &[&"1 minute"]).await.unwrap();
    let later = command.send_with(&service, "k").await.expect(201);
    assert_ne!(later["case_id"], first.json()["case_id"]);
}

/// Neither the key, nor who sent it, nor what was sent can be read from the table.
#[tokio::test]
async fn what_is_stored_says_nothing_of_what_was_sent() {
    let service = Service::start().await;
    let subject = ["--tenant", TENANT, "--role", "caseworker", "--subject", "canary-worker"];
    let token = service.issue(&subject).await;
    let mut body = a_referral();
    body["person"] = json!({"given_name": "Canary", "family_name": "Yellow"});
    body["narrative"] = "the canary sang".into();
    let command = Command::of(&token, "/v1/referrals", &body);
    let answer = command.send_with(&service, "canary-key").await.expect(201);
    let database = service.database.connect().await;
    let row = "SELECT k::text, k.answer FROM idempotency_key k";
    let row = database.query_one(row, &[]).await.unwrap();
    let stored = row.get::<_, String>(0).to_lowercase();
    // As text, and as the hexadecimal digits that bytes are shown in.
    for said in ["canary", "63616e617279", "yellow", "79656c6c6f77", "city", "mrp"] {
        assert!(!stored.contains(said), "{said} in {stored}");
    }
    let ids: Map<String, Value> = serde_json::from_str(&row.get::<_, String>(1)).unwrap();
    assert_eq!(ids.keys().collect::<Vec<_>>(), ["case_id", "event_id", "person_id"]);
    assert!(ids.iter().all(|(name, id)| answer[name] == *id), "{ids:?}");
}
