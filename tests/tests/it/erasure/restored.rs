//! A person is erased, an older copy of the data directory is put back, and the service is started
//! over it.

use std::fs;

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::private::{Directory, Private, copy};
use super::scan::{assert_nothing_in_rows, assert_nothing_on_disk, tables};
use crate::cases::text;

/// What was written about the person, none of which may be found again.
const CANARIES: [&str; 12] = [
    "Megdalenacanary4411",
    "Wrenfieldcanary4412",
    "Megscanary4413",
    "Flat4canary4414",
    "07700canary4415",
    "megcanary4416@example",
    "Referredcanary4417",
    "Secondcanary4418",
    "Attemptcanary4419",
    "Correctedcanary4420",
    "Reasoncanary4421",
    "Retractedcanary4422",
];

/// What was written about somebody else, and stays.
const OTHER: &str = "Somebodycanary4499";

fn referral(person: &Value, narrative: &str) -> Value {
    json!({
        "programme": "mrp", "role": "victim_survivor", "area": "city", "source": "police",
        "received_at": "2024-01-10T09:00:00Z", "person": person, "narrative": narrative,
    })
}

/// A person with two cases, and words wherever there can be some; and somebody else.
struct People {
    person: String,
    cases: [String; 2],
    other: String,
}

impl People {
    async fn record(service: &Private<'_>) -> Self {
        let identity = json!({
            "given_name": CANARIES[0], "family_name": CANARIES[1], "known_as": CANARIES[2],
            "address": CANARIES[3], "phone": CANARIES[4], "email": CANARIES[5],
            "date_of_birth": "1990-01-01",
        });
        let first = service.post("/v1/referrals", referral(&identity, CANARIES[6])).await;
        let first = first.expect(201);
        let person = text(&first["person_id"]);
        let known = json!({"person_id": person});
        let second = service.post("/v1/referrals", referral(&known, CANARIES[7])).await.expect(201);
        let stranger = json!({"given_name": OTHER});
        let other = service.post("/v1/referrals", referral(&stranger, OTHER)).await.expect(201);
        let cases = [text(&first["case_id"]), text(&second["case_id"])];
        for case in &cases {
            let path = format!("/v1/cases/{case}");
            let opened = json!({"occurred_at": "2024-01-12T09:00:00Z"});
            service.post(&format!("{path}/acceptance"), opened).await.expect(201);
            let given = json!({"occurred_at": "2024-01-12T09:00:00Z", "worker": "w-ann"});
            service.post(&format!("{path}/allocations"), given).await.expect(201);
        }
        let path = format!("/v1/cases/{}", cases[0]);
        let attempt = |narrative: &str| {
            json!({
                "occurred_at": "2024-02-01T10:00:00Z", "channel": "phone", "outcome": "reached",
                "narrative": narrative,
            })
        };
        let attempts = format!("{path}/contact-attempts");
        let fact = service.post(&attempts, attempt(CANARIES[8])).await.expect(201);
        let correction = json!({
            "reason": CANARIES[10],
            "replacement": {"outcome": "no_answer", "narrative": CANARIES[9]},
        });
        let event = text(&fact["event_id"]);
        service.post(&format!("{path}/events/{event}/correction"), correction).await.expect(201);
        // The fact itself has no words: only the reason for which it was taken back.
        let bare = json!({"occurred_at": "2024-02-02T10:00:00Z", "channel": "phone", "outcome": "reached"});
        let fact = service.post(&attempts, bare).await.expect(201);
        let event = text(&fact["event_id"]);
        let reason = json!({"reason": CANARIES[11]});
        service.post(&format!("{path}/events/{event}/retraction"), reason).await.expect(201);
        let measure = json!({
            "occurred_at": "2024-02-03T10:00:00Z", "instrument": "abuse-severity/1",
            "stage": "intake", "values": {"physical": "high"},
        });
        service.post(&format!("{path}/measures"), measure).await.expect(201);
        Self { person, cases, other: text(&other["case_id"]) }
    }

    async fn timelines(&self, service: &Private<'_>) -> Vec<Value> {
        let mut timelines = Vec::new();
        for case in &self.cases {
            for reading in ["effective", "recorded"] {
                let path = format!("/v1/cases/{case}/timeline?reading={reading}");
                timelines.push(service.get(&path).await.expect(200));
            }
        }
        timelines
    }

    /// Every answer about coded facts: as of two dates byte for byte, and of the present without
    /// the moment at which it was given.
    async fn answers(&self, service: &Private<'_>, known_at: &str) -> Vec<String> {
        let dates = format!("as_of={known_at}&known_at={known_at}");
        let mut paths = vec![
            "/v1/caseloads?".to_owned(),
            "/v1/caseloads/w-ann?".to_owned(),
            "/v1/outcomes?programme=mrp&measure=physical&from=intake&to=exit&".to_owned(),
        ];
        paths.extend(self.cases.iter().map(|case| format!("/v1/cases/{case}?")));
        let mut answers = Vec::new();
        for path in paths {
            let past = service.get(&format!("{path}{dates}")).await;
            assert_eq!(past.status, 200, "{past:?}");
            answers.push(past.text);
            let mut present = service.get(&path).await.expect(200);
            for moment in ["as_of", "known_at"] {
                assert!(present.as_object_mut().unwrap().remove(moment).is_some(), "{path}");
            }
            answers.push(present.to_string());
        }
        let timelines = self.timelines(service).await;
        answers.extend(timelines.into_iter().map(|timeline| without_words(timeline).to_string()));
        answers
    }

    async fn assert_erased(&self, service: &Private<'_>) {
        for timeline in self.timelines(service).await {
            let said = timeline.to_string();
            assert!(CANARIES.iter().all(|canary| !said.contains(canary)), "{said}");
            let entries = timeline["entries"].as_array().unwrap();
            let erased = entries.iter().filter(|entry| entry["erased"] == true).count();
            let of_first = timeline["case_id"] == self.cases[0];
            let expected = match (of_first, &timeline["reading"]) {
                (true, reading) if reading == "recorded" => 4,
                (true, _) => 3,
                (false, _) => 1,
            };
            assert_eq!(erased, expected, "{timeline}");
        }
        let path = format!("/v1/cases/{}/timeline", self.other);
        assert!(service.get(&path).await.text.contains(OTHER), "nobody else is erased");
    }

    /// The keys of the person and of their cases, as the database has them.
    async fn wrapped_keys(&self, client: &Client) -> Vec<String> {
        let ids: Vec<uuid::Uuid> =
            self.cases.iter().chain([&self.person]).map(|id| id.parse().unwrap()).collect();
        let sql = "SELECT encode(wrapped, 'hex') FROM stream_key JOIN stream \
                   USING (tenant_no, stream_no) WHERE id = ANY ($1)";
        client.query(sql, &[&ids]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }
}

/// A timeline without what erasing changes: the words, whether there are some, and the moment.
fn without_words(mut timeline: Value) -> Value {
    for entry in timeline["entries"].as_array_mut().unwrap() {
        for member in ["narrative", "reason", "erased"] {
            entry.as_object_mut().unwrap().remove(member);
        }
    }
    for moment in ["as_of", "known_at"] {
        timeline.as_object_mut().unwrap().remove(moment);
    }
    timeline
}

#[track_caller]
fn assert_same(answers: &[String], before: &[String]) {
    assert_eq!(answers.len(), before.len());
    for (answer, before) in answers.iter().zip(before) {
        assert_eq!(answer, before);
    }
}

/// The rows of the read models.
async fn read_models(client: &Client) -> Vec<Vec<String>> {
    let mut tables = tables(client).await;
    let of = [
        "caseload_2",
        "engagement_timeline",
        "outcome_case",
        "outcome_value",
        "referral_pipeline_2",
        "agency_request",
        "workload_stretch",
        "workload_contact",
        "risk_stretch",
        "contact_override",
    ];
    of.map(|name| tables.remove(name).unwrap()).into()
}

/// When the last event was recorded: a moment that no answer has to be cut to.
async fn last_recorded_at(service: &Private<'_>) -> String {
    let sql = "SELECT to_char(max(recorded_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
               FROM event";
    service.database().await.query_one(sql, &[]).await.unwrap().get(0)
}

async fn erasures(client: &Client) -> Vec<String> {
    let sql = "SELECT event_id::text FROM event WHERE type = 'SubjectErased'";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_older_copy_of_the_data_directory_brings_nobody_back() {
    let directory = Directory::new();
    let Some(service) = Private::start(&directory).await else { return };
    let people = People::record(&service).await;
    let known_at = last_recorded_at(&service).await;
    let said = people.timelines(&service).await;
    let said: String = said.iter().map(Value::to_string).collect();
    assert!(CANARIES[6..].iter().all(|canary| said.contains(canary)), "{said}");
    let answers = people.answers(&service, &known_at).await;
    let database = service.database().await;
    let models = read_models(&database).await;
    let keys = people.wrapped_keys(&database).await;
    assert_eq!(keys.len(), 3);
    // Sealed from the first: nothing was ever written in the clear.
    assert_nothing_in_rows(&database, &CANARIES).await;
    drop(database);
    service.stop().await;
    assert_nothing_on_disk(&directory.data(), &CANARIES);
    copy(&directory.data().join("postgres"), &directory.backup());

    let service = Private::start(&directory).await.unwrap();
    let erased = erase(&service, &people).await;
    people.assert_erased(&service).await;
    assert_same(&people.answers(&service, &known_at).await, &answers);
    let database = service.database().await;
    assert_eq!(read_models(&database).await, models);
    assert_eq!(people.wrapped_keys(&database).await, [""; 0]);
    assert_eq!(count(&database, "stream_key").await, 2, "nobody else's key is gone");
    assert_nothing_in_rows(&database, &CANARIES).await;
    afterwards(&service, &people).await;
    drop(database);
    service.stop().await;

    // The backup is older than the erasure: it has the keys, and nothing of what came since.
    let cluster = directory.data().join("postgres");
    fs::remove_dir_all(&cluster).unwrap();
    copy(&directory.backup(), &cluster);
    fs::remove_dir_all(directory.backup()).unwrap();
    let service = Private::start(&directory).await.unwrap();
    people.assert_erased(&service).await;
    assert_same(&people.answers(&service, &known_at).await, &answers);
    let database = service.database().await;
    assert_eq!(erasures(&database).await, [erased], "the same event, once");
    assert_eq!(read_models(&database).await, models);
    assert_eq!(people.wrapped_keys(&database).await, [""; 0]);
    for (table, rows) in tables(&database).await {
        assert!(keys.iter().all(|key| rows.iter().all(|row| !row.contains(key))), "{table}");
    }
    assert_nothing_in_rows(&database, &CANARIES).await;
    afterwards(&service, &people).await;
    drop(database);
    service.stop().await;
    assert_nothing_on_disk(&directory.data(), &CANARIES);
}

/// Erases the person, past a legal hold, and returns the event.
async fn erase(service: &Private<'_>, people: &People) -> String {
    let person = format!("/v1/persons/{}", people.person);
    let hold = json!({"reason": "inquest", "reference": "coroner-2026/114"});
    let placed = service.officer(&format!("{person}/legal-holds"), hold).await.expect(201);
    let basis = json!({"basis": "request"});
    let refused = service.officer(&format!("{person}/erasure"), basis.clone()).await;
    assert_eq!((refused.status, refused.problem()), (409, "legal-hold".to_owned()));
    let ledger = service.ledger();
    assert!(!ledger.exists());
    let release = format!("{person}/legal-holds/{}/release", text(&placed["event_id"]));
    service.officer(&release, json!({})).await.expect(201);
    let again = service.officer(&release, json!({})).await;
    assert_eq!((again.status, again.problem()), (409, "hold-released".to_owned()));

    let erased = service.officer(&format!("{person}/erasure"), basis.clone()).await;
    let answer = erased.expect(201);
    assert_eq!(answer["version"], 4);
    let again = service.officer(&format!("{person}/erasure"), basis.clone()).await;
    assert_eq!((again.status, &again.text), (201, &erased.text));
    let noted = fs::read_to_string(ledger).unwrap();
    assert_eq!(noted.lines().count(), 1);
    assert!(CANARIES.iter().all(|canary| !noted.contains(canary)));
    let nobody = format!("/v1/persons/{}/erasure", uuid::Uuid::new_v4());
    assert_eq!(service.officer(&nobody, basis.clone()).await.status, 404);
    let case = format!("/v1/persons/{}/erasure", people.other);
    assert_eq!(service.officer(&case, basis).await.status, 404);
    text(&answer["event_id"])
}

/// What can and cannot be recorded about whoever was erased.
async fn afterwards(service: &Private<'_>, people: &People) {
    let known = json!({"person_id": people.person});
    let referred = service.post("/v1/referrals", referral(&known, "more")).await;
    assert_eq!((referred.status, referred.problem()), (409, "subject-erased".to_owned()));
    let path = format!("/v1/cases/{}/incidents", people.cases[1]);
    let told = json!({"occurred_at": "2024-03-01T10:00:00Z", "kind": "crime", "narrative": "more"});
    let refused = service.post(&path, told).await;
    assert_eq!((refused.status, refused.problem()), (409, "subject-erased".to_owned()));
    let hold = format!("/v1/persons/{}/legal-holds", people.person);
    let refused = service.officer(&hold, json!({"reason": "inquest"})).await;
    assert_eq!((refused.status, refused.problem()), (409, "subject-erased".to_owned()));
    let late = json!({"occurred_at": "2024-03-01T10:00:00Z", "kind": "crime"});
    service.post(&path, late).await.expect(201);
}
