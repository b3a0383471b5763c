//! Events that nobody can read: their case is stale and says so, everybody else's goes on.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cases::{an_attempt, an_open_case};
use crate::service::{Answer, Client, Service, read};

const WAIT_MAX: Duration = Duration::from_secs(30);
/// Answers that count cases, and one that lists none here.
const FIGURES: [&str; 4] = [
    "/v1/outcomes?programme=mrp&measure=risk_level",
    "/v1/referral-pipeline?programme=mrp",
    "/v1/agency-response?programme=mrp",
    "/v1/agency-response/overdue?programme=mrp",
];

/// Puts an event at the end of a case, as whoever owns the tables can; returns its place.
async fn poison(service: &Service, case: &str, event_type: &str, data: &str) -> i64 {
    let database = service.database.connect().await;
    let statement = "
        WITH head AS (
            UPDATE log_head h
            SET position = h.position + 1,
                recorded_at = greatest(clock_timestamp(), h.recorded_at + interval '1 microsecond'),
                hash = decode(repeat('00', 32), 'hex')
            FROM stream s
            WHERE s.id = $1 AND s.tenant_no = h.tenant_no
            RETURNING h.tenant_no, h.position, h.recorded_at, h.hash, s.stream_no
        )
        INSERT INTO event (tenant_no, position, stream_no, event_id, version, schema_version, type,
            occurred_at, occurred_precision, recorded_at, actor, actor_role, command_id,
            correlation_id, data, hash)
        SELECT tenant_no, position, stream_no, gen_random_uuid(),
            (SELECT max(version) + 1 FROM event e
             WHERE e.tenant_no = head.tenant_no AND e.stream_no = head.stream_no),
            1, $2, recorded_at, 'instant', recorded_at, 'somebody', 'caseworker',
            gen_random_uuid(), gen_random_uuid(), $3, hash
        FROM head RETURNING position";
    let case: Uuid = case.parse().unwrap();
    database.query_one(statement, &[&case, &event_type, &data]).await.unwrap().get(0)
}

fn assert_stale(answer: &Answer, is_stale: bool) {
    let expected = is_stale.then_some("true");
    assert_eq!(answer.header("throughline-stale"), expected, "{answer:?}");
}

/// The members of an answer that stay as they were.
fn kept(answer: &Answer, members: &[&str]) -> Vec<Value> {
    let answer = answer.json();
    members.iter().map(|member| answer[*member].clone()).collect()
}

async fn metric(service: &Service, line: &str) {
    let begun = Instant::now();
    loop {
        let page = read(service.request(Method::GET, "/metrics")).await.text;
        if page.lines().any(|found| found == line) {
            return;
        }
        assert!(begun.elapsed() < WAIT_MAX, "{line} is not in {page}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until every projection is at the end of the log.
async fn everything_is_followed(service: &Service) {
    let begun = Instant::now();
    loop {
        let ready = read(service.request(Method::GET, "/readyz")).await;
        if ready.json()["lag_events"] == 0 {
            return;
        }
        assert!(begun.elapsed() < WAIT_MAX, "{ready:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_event_of_a_type_that_nobody_knows_makes_its_case_stale() {
    an_unreadable_event_makes_its_case_stale("FromTheFuture", "{}").await;
}

#[tokio::test]
async fn an_event_whose_facts_are_malformed_makes_its_case_stale() {
    an_unreadable_event_makes_its_case_stale("ContactAttempted", "{\"channel\": 7}").await;
}

async fn an_unreadable_event_makes_its_case_stale(event_type: &str, data: &str) {
    let service = Service::start().await;
    let client = service.worker();
    let (case, sound) = (an_open_case(client).await, an_open_case(client).await);
    let paths = [format!("/v1/cases/{case}"), format!("/v1/cases/{case}/timeline")];
    let [as_case, as_timeline] = [client.get(&paths[0]).await, client.get(&paths[1]).await];
    let before = Timestamp::now();
    let poisoned_at = poison(&service, &case, event_type, data).await;
    an_attempt(client, &sound).await;
    let after = [("Throughline-After", (poisoned_at + 1).to_string())];
    let after: Vec<(&str, &str)> = after.iter().map(|(name, at)| (*name, at.as_str())).collect();

    // The case itself: as it was before, and saying so.
    let now = client.get_with(&paths[0], &after).await;
    assert_eq!(now.expect(200)["stale"], true);
    assert_stale(&now, true);
    assert_eq!(
        kept(&now, &["status", "risk", "contacts"]),
        kept(&as_case, &["status", "risk", "contacts"])
    );
    let timeline = client.get_with(&paths[1], &after).await;
    assert_eq!(timeline.expect(200)["stale"], true);
    assert_stale(&timeline, true);
    assert_eq!(
        kept(&timeline, &["entries", "periods"]),
        kept(&as_timeline, &["entries", "periods"])
    );

    // The lists: the sound case has its new attempt, the other is marked.
    for path in ["/v1/caseloads", "/v1/caseloads/w-ann"] {
        let present = client.get_with(path, &after).await;
        assert_caseload(&present, &case, &sound);
        let (as_of, known_at) = dates(&present);
        let past = client.get(&format!("{path}?as_of={as_of}&known_at={known_at}")).await;
        assert_caseload(&past, &case, &sound);
        assert_eq!(kept(&past, &["cases", "totals"]), kept(&present, &["cases", "totals"]));
    }
    for path in FIGURES {
        let figures = client.get_with(path, &after).await;
        assert_eq!(figures.expect(200)["stale_cases"], 1, "{path}");
        assert_stale(&figures, true);
        let (as_of, known_at) = dates(&figures);
        let past = client.get(&format!("{path}&as_of={as_of}&known_at={known_at}")).await;
        assert_eq!(past.text, figures.text);
    }

    let manager = service.as_role("city", "team_manager");
    for path in [
        "/v1/workload?step=month",
        "/v1/risk-trajectory?programme=mrp",
        "/v1/risk-disagreement?programme=mrp",
    ] {
        let present = manager.get_with(path, &after).await;
        assert_eq!(present.expect(200)["stale_cases"], 1, "{path}");
        assert_stale(&present, true);
        let (as_of, known_at) = dates(&present);
        let past = manager.get(&format!("{path}&as_of={as_of}&known_at={known_at}")).await;
        assert_eq!(past.expect(200), present.expect(200), "{path}");
        assert_stale(&past, true);
    }
    let trajectory = client.get(&format!("/v1/cases/{case}/risk-trajectory")).await;
    assert_eq!(trajectory.expect(200)["stale"], true);
    assert_stale(&trajectory, true);

    assert_nothing_is_stale_before(client, &paths, before).await;
    // Nothing can be decided on what cannot be read.
    let attempt = json!({"channel": "phone", "outcome": "reached"});
    let refused = client.post(&format!("/v1/cases/{case}/contact-attempts"), attempt).await;
    assert_eq!(refused.status, 500);
}

#[track_caller]
fn assert_caseload(caseload: &Answer, stale: &str, sound: &str) {
    let answer = caseload.expect(200);
    assert_eq!((&answer["stale_cases"], &answer["totals"]["open"]), (&1.into(), &2.into()));
    assert_stale(caseload, true);
    for row in answer["cases"].as_array().unwrap() {
        let is_stale = row["case_id"] == stale;
        assert!(is_stale || row["case_id"] == sound);
        assert_eq!(row.get("stale"), is_stale.then_some(&true.into()), "{row}");
        assert_eq!(row["attempts"], i32::from(!is_stale), "{row}");
    }
}

fn dates(answer: &Answer) -> (String, String) {
    let answer = answer.json();
    let date = |name: &str| answer[name].as_str().unwrap().to_owned();
    (date("as_of"), date("known_at"))
}

/// What was known before the event was recorded is not touched by it.
async fn assert_nothing_is_stale_before(client: Client<'_>, paths: &[String], before: Timestamp) {
    let dates = format!("as_of={before}&known_at={before}");
    let figures = FIGURES.map(|path| format!("{path}&"));
    let cases = paths.iter().map(|path| format!("{path}?"));
    for path in cases.chain(["/v1/caseloads?".to_owned()]).chain(figures) {
        let answer = client.get(&format!("{path}{dates}")).await;
        let body = answer.expect(200);
        assert!(body.get("stale").is_none() && body.get("stale_cases").is_none(), "{body}");
        assert_stale(&answer, false);
    }
}

#[tokio::test]
async fn operators_see_what_is_parked() {
    let service = Service::start_with(&[("THROUGHLINE_READY_PARKED_MAX", "0")]).await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let ready = read(service.request(Method::GET, "/readyz")).await.expect(200);
    assert_eq!(ready["limits"]["parked_cases_max"], 0);
    let position = poison(&service, &case, "FromTheFuture", "{}").await;
    let after = position.to_string();
    client.get_with("/v1/caseloads", &[("Throughline-After", &after)]).await.expect(200);

    let projections = service.as_role("city", "operator").get("/v1/projections").await.expect(200);
    let all = projections["projections"].as_array().unwrap();
    let caseload = all.iter().find(|projection| projection["name"] == "caseload").unwrap();
    assert_eq!((&caseload["parked"], &caseload["lag_events"]), (&1.into(), &0.into()));
    let parked = "{projection=\"caseload\",tenant_no=\"1\",build=\"0\"} 1";
    metric(&service, &format!("throughline_projection_parked_cases{parked}")).await;
    let ready = read(service.request(Method::GET, "/readyz")).await.expect(503);
    assert_eq!((&ready["ready"], &ready["parked_cases"]), (&false.into(), &1.into()));
}

#[tokio::test]
async fn a_projection_that_lags_makes_the_service_unready() {
    let service = Service::start_with(&[("THROUGHLINE_READY_LAG_EVENTS_MAX", "1")]).await;
    let client = service.worker();
    let case = an_open_case(client).await;
    everything_is_followed(&service).await;
    let mut database = service.database.connect().await;
    let holding = database.transaction().await.unwrap();
    holding.batch_execute("LOCK TABLE caseload_2 IN SHARE MODE").await.unwrap();
    an_attempt(client, &case).await;
    an_attempt(client, &case).await;
    let lagging = read(service.request(Method::GET, "/readyz")).await.expect(503);
    assert_eq!(lagging["lag_events"], 2);
    assert!(lagging["lag_seconds"].as_f64().unwrap() > 0.0);

    // A build that readers are not answered from may trail as far as it likes.
    holding.rollback().await.unwrap();
    let build = "INSERT INTO projection_checkpoint (tenant_no, projection, version, build, holder,
            leased_until)
        VALUES (1, 'caseload', 2, 7, gen_random_uuid(), clock_timestamp() + interval '1 hour')";
    database.batch_execute(build).await.unwrap();
    let begun = Instant::now();
    while read(service.request(Method::GET, "/readyz")).await.status != 200 {
        assert!(begun.elapsed() < WAIT_MAX);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
