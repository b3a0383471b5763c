//! Read your writes, and versions: `Throughline-After`, `ETag` and `If-Match`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cases::{a_referral, a_referred_case, an_attempt, an_open_case, text};
use crate::service::{Answer, Client, Service};

/// How long a query may keep its caller waiting for a position, and how long it may tell them to
/// stay away.
const WAIT_MAX: Duration = Duration::from_secs(10);
const RETRY_AFTER_MAX_S: u64 = 10;

fn position(answer: &Answer) -> i64 {
    answer.header("throughline-position").unwrap().parse().unwrap()
}

async fn get_after(client: Client<'_>, path: &str, position: i64) -> Answer {
    client.get_with(path, &[("Throughline-After", &position.to_string())]).await
}

#[tokio::test]
async fn a_position_far_ahead_is_waited_for_and_then_refused() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let now = jiff::Timestamp::now();
    let paths = [
        format!("/v1/cases/{case}"),
        format!("/v1/cases/{case}/timeline"),
        "/v1/caseloads".to_owned(),
        "/v1/caseloads/w-ann".to_owned(),
        "/v1/outcomes?programme=mrp&measure=risk_level".to_owned(),
        format!("/v1/caseloads?known_at={now}"),
        format!("/v1/outcomes?programme=mrp&measure=risk_level&as_of={now}"),
    ];
    let began = Instant::now();
    let answers = paths.iter().map(|path| get_after(client, path, 1_000_000));
    for (path, answer) in paths.iter().zip(futures_util::future::join_all(answers).await) {
        assert_eq!((answer.status, answer.problem().as_str()), (503, "not-yet"), "{path}");
        let retry: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=RETRY_AFTER_MAX_S).contains(&retry), "{path}: {retry}");
    }
    assert!(began.elapsed() < WAIT_MAX, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_query_after_a_command_reflects_it() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let before = client.get(&format!("/v1/cases/{case}/timeline")).await.expect(200);
    let before = before["entries"].as_array().unwrap().len();
    for attempts in 1..=20_usize {
        let body = json!({"channel": "phone", "outcome": "reached"});
        let path = format!("/v1/cases/{case}/contact-attempts");
        let recorded = client.post(&path, body).await;
        let at = position(&recorded);
        assert_eq!(recorded.expect(201)["position"], at);

        let seen = get_after(client, &format!("/v1/cases/{case}"), at).await;
        assert_eq!(seen.expect(200)["contacts"]["attempts"], attempts);
        let timeline = get_after(client, &format!("/v1/cases/{case}/timeline"), at).await;
        let entries = timeline.expect(200)["entries"].as_array().unwrap().len();
        assert_eq!(entries, before + attempts);
        for list in ["/v1/caseloads", "/v1/caseloads/w-ann"] {
            let caseload = get_after(client, list, at).await;
            assert_eq!(caseload.expect(200)["cases"][0]["attempts"], attempts, "{list}");
            assert!(position(&caseload) >= at, "{list}");
        }
    }
}

/// After an outage, a timeline was asked for before the projection had come to the referral, and the
/// answer was that there is no such case.
#[tokio::test]
async fn a_case_that_is_not_projected_yet_is_not_absent() {
    let service = Service::start().await;
    let client = service.worker();
    an_open_case(client).await;
    let mut database = service.database.connect().await;
    let holding = database.transaction().await.unwrap();
    holding.batch_execute("LOCK TABLE engagement_timeline IN SHARE MODE").await.unwrap();
    let referred = client.post("/v1/referrals", a_referral()).await;
    let path = format!("/v1/cases/{}/timeline", text(&referred.json()["case_id"]));
    let early = client.get(&path).await;
    assert_eq!((early.status, early.problem().as_str()), (503, "not-yet"));
    assert!(early.header("retry-after").is_some());

    holding.rollback().await.unwrap();
    let answer = get_after(client, &path, position(&referred)).await;
    assert_eq!(answer.expect(200)["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn outcomes_after_a_measure_count_it() {
    let service = Service::start().await;
    let client = service.worker();
    let outcomes = "/v1/outcomes?programme=mrp&measure=physical";
    for pairs in 1..=5 {
        let case = an_open_case(client).await;
        let mut last = 0;
        for (stage, level) in [("intake", "high"), ("exit", "none")] {
            let body = json!({
                "instrument": "abuse-severity/1", "stage": stage, "values": {"physical": level},
            });
            let path = format!("/v1/cases/{case}/measures");
            last = position(&client.post(&path, body).await);
        }
        let table = get_after(client, outcomes, last).await.expect(200);
        assert_eq!((&table["pairs"], &table["missing"]), (&json!(pairs), &json!(0)));
        assert_eq!(table["matrix"][3], json!([pairs, 0, 0, 0]));
    }
}

#[tokio::test]
async fn a_version_is_the_etag_of_answers_and_the_key_to_the_next_step() {
    let service = Service::start().await;
    let client = service.worker();
    let case = a_referred_case(client).await;
    let etag = async || {
        let answer = client.get(&format!("/v1/cases/{case}")).await;
        let etag = answer.header("etag").unwrap().to_owned();
        assert_eq!(etag, format!("\"{}\"", answer.json()["version"]));
        etag
    };
    let step = async |step: &str, if_match: &str, body: Value| {
        let path = format!("/v1/cases/{case}/{step}");
        client.post_with(&path, &[("If-Match", if_match)], body).await
    };
    let referred = etag().await;
    assert_eq!(referred, "\"1\"");
    let accepted = step("acceptance", &referred, json!({})).await;
    assert_eq!(accepted.expect(201)["version"], 2);
    assert_eq!(accepted.header("etag"), Some("\"2\""));
    assert_eq!(etag().await, "\"2\"");

    let allocation = json!({"worker": "w-ann"});
    let stale = step("allocations", &referred, allocation.clone()).await;
    assert_eq!((stale.status, stale.problem().as_str()), (412, "stale-version"));
    let one_of = step("allocations", "\"7\", \"2\"", allocation.clone()).await;
    assert_eq!(one_of.expect(201)["version"], 3);

    // Work on the case counts too: a step is decided on all that is there.
    let seen = etag().await;
    an_attempt(client, &case).await;
    let closure = json!({"reason": "goals_met"});
    assert_eq!(step("closure", &seen, closure.clone()).await.problem(), "stale-version");
    assert_eq!(step("closure", "*", closure).await.expect(201)["version"], 5);
    assert_eq!(etag().await, "\"5\"");

    // A timeline has the same version, and a version is as it was known.
    let timeline = client.get(&format!("/v1/cases/{case}/timeline")).await;
    assert_eq!(timeline.header("etag"), Some("\"5\""));
}

#[tokio::test]
async fn an_etag_is_of_the_dates_asked_about() {
    let service = Service::start().await;
    let client = service.worker();
    let case = a_referred_case(client).await;
    let then = jiff::Timestamp::now();
    client.step(&case, "acceptance", json!({})).await.expect(201);
    for path in [format!("/v1/cases/{case}"), format!("/v1/cases/{case}/timeline")] {
        let answer = client.get(&format!("{path}?known_at={then}")).await;
        assert_eq!((answer.status, answer.header("etag")), (200, Some("\"1\"")), "{path}");
    }
}

#[tokio::test]
async fn of_two_steps_decided_on_one_version_one_is_taken() {
    let service = Service::start().await;
    let client = service.worker();
    for _ in 0..10 {
        let case = an_open_case(client).await;
        let path = format!("/v1/cases/{case}/allocations");
        let allocate = |worker: &str| {
            let body = json!({"worker": worker});
            let path = path.clone();
            async move { client.post_with(&path, &[("If-Match", "\"3\"")], body).await }
        };
        let (one, other) = tokio::join!(allocate("w-bea"), allocate("w-cay"));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412]);
        let taken = if one.status == 201 { "w-bea" } else { "w-cay" };
        let state = client.get(&format!("/v1/cases/{case}")).await.expect(200);
        assert_eq!((&state["worker"], &state["version"]), (&json!(taken), &json!(4)));
    }
}

/// A reader that is paused in the middle keeps its locks for as long as the server waits for it.
#[tokio::test]
async fn the_server_does_not_wait_for_ever_for_a_reader_with_an_open_snapshot() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let attempt = json!({"channel": "phone", "outcome": "reached"});
    let attempted = client.post(&format!("/v1/cases/{case}/contact-attempts"), attempt).await;
    let whole = get_after(client, "/v1/caseloads", position(&attempted)).await.expect(200);
    assert_eq!(whole["cases"].as_array().unwrap().len(), 1);
    // Whoever reads a row from now on waits for a lock that is named after their own limit.
    let database = service.database.connect().await;
    let tell = "CREATE FUNCTION tell() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(880000 + extract(epoch FROM
                current_setting('idle_in_transaction_session_timeout')::interval)::bigint);
            RETURN true;
        END $$;
        CREATE POLICY tell ON caseload_2 FOR SELECT USING (tell());
        ALTER TABLE caseload_2 ENABLE ROW LEVEL SECURITY;
        SELECT pg_advisory_lock(key) FROM unnest(ARRAY[880000, 880030]) AS key";
    database.batch_execute(tell).await.unwrap();
    let seen = async {
        let waits = "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory'
            AND NOT granted AND objid BETWEEN 880000 AND 889999
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let deadline = Instant::now() + WAIT_MAX;
        let key = loop {
            if let Some(row) = database.query_opt(waits, &[]).await.unwrap() {
                break row.get::<_, i64>(0);
            }
            assert!(Instant::now() < deadline, "nobody reads");
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        database.batch_execute("SELECT pg_advisory_unlock_all()").await.unwrap();
        key
    };
    let (answer, seen) = tokio::join!(client.get("/v1/caseloads"), seen);
    assert_eq!(seen, 880_030, "the limit in seconds");
    assert_eq!(answer.expect(200)["cases"], whole["cases"]);
}
