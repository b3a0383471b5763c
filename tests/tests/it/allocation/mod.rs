//! Arms drawn at random: settled and concealed when a schedule is opened, drawn once for each case,
//! and computed again by anybody once the seed is disclosed.

mod concealment;
mod limits;
mod never_again;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::cases::{OPENED_AT, REFERRED_AT, Recorded, absent_id, an_open_case, text};
use crate::service::{Answer, Client, Service};

const SCHEDULES: &str = "/v1/allocation-schedules";
/// The bytes 0 to 31.
const SEED: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const COMMITMENT: &str = "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd";
/// The arms of that seed in blocks of four or six, as a program in Python computed them: the first
/// block has six places, the second four.
const ARMS: &str = "iicicc icci ccicii";

fn manager(service: &Service) -> Client<'_> {
    service.as_role("city", "team_manager")
}

/// The referral of a perpetrator.
fn a_referral_in(area: &str) -> Value {
    json!({
        "programme": "drive", "role": "perpetrator", "area": area, "source": "marac",
        "received_at": REFERRED_AT, "person": {"given_name": "Ben"},
    })
}

/// The case of a perpetrator, in work.
async fn a_case_in(client: Client<'_>, area: &str) -> String {
    let referral = a_referral_in(area);
    let case = text(&client.post("/v1/referrals", referral).await.expect(201)["case_id"]);
    client.step(&case, "acceptance", json!({"occurred_at": OPENED_AT})).await.expect(201);
    case
}

async fn open(service: &Service, body: Value) -> String {
    text(&manager(service).post(SCHEDULES, body).await.expect(201)["schedule_id"])
}

fn in_essex() -> Value {
    json!({"programme": "drive", "area": "essex", "block_sizes": [4, 6], "seed": SEED})
}

async fn draw(service: &Service, case: &str) -> Answer {
    manager(service).post(&format!("/v1/cases/{case}/arm"), json!({})).await
}

async fn verify(service: &Service, schedule: &str) -> (Option<i32>, String) {
    let command = ["allocation", "verify", "--tenant", "city", schedule];
    let done = service.run(&command, &[]).await;
    (done.status.code(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

#[tokio::test]
async fn cases_are_drawn_as_the_seed_says_and_anybody_can_compute_it_again() {
    let service = Service::start().await;
    let client = manager(&service);
    let opened = client.post(SCHEDULES, in_essex()).await;
    let location = opened.header("location").unwrap().to_owned();
    let opened = opened.expect(201);
    let schedule = text(&opened["schedule_id"]);
    assert_eq!(location, format!("{SCHEDULES}/{schedule}"));
    assert_eq!((&opened["seed_commitment"], &opened["version"]), (&json!(COMMITMENT), &json!(1)));

    let mut cases = Vec::new();
    let expected: Vec<(usize, char)> = ARMS
        .split(' ')
        .zip(1..)
        .flat_map(|(block, n)| block.chars().map(move |arm| (n, arm)))
        .collect();
    for (sequence, (block, arm)) in (1..).zip(&expected[..12]) {
        let case = a_case_in(client, "essex").await;
        let drawn = draw(&service, &case).await.expect(201);
        assert_eq!(drawn["sequence"], sequence);
        assert!(text(&drawn["arm"]).starts_with(*arm), "{sequence}: {drawn}");
        assert_eq!(drawn["schedule_id"], json!(schedule));
        let event = text(&drawn["event_id"]);
        let event = client.get(&format!("/v1/cases/{case}/events/{event}")).await.expect(200);
        let facts = json!({
            "arm": drawn["arm"], "method": "permuted-block/1", "schedule": schedule,
            "sequence": sequence, "block": block, "seed": COMMITMENT,
        });
        assert_eq!((&event["type"], &event["data"]), (&json!("ArmAllocated"), &facts));
        cases.push(case);
    }

    // Never drawn again, and no place is used up.
    let before = Recorded::in_database_of(&service).await;
    assert_eq!(draw(&service, &cases[3]).await.problem(), "arm-is-final");
    assert_eq!(Recorded::in_database_of(&service).await, before);
    let evaluator = service.as_role("city", "evaluator");
    let read = evaluator.get(&location).await.expect(200);
    let arms = json!([{"arm": "intervention", "drawn": 5}, {"arm": "control", "drawn": 7}]);
    assert_eq!(
        (&read["arms"], &read["drawn"], &read["status"]),
        (&arms, &json!(12), &json!("open"))
    );
    assert!(read.get("disclosed").is_none());
    let (code, said) = verify(&service, &schedule).await;
    assert_eq!((code, said.contains("not disclosed")), (Some(2), true), "{said}");

    // Closed at its version, once.
    let closure = format!("{location}/closure");
    let stale = client.post_with(&closure, &[("If-Match", "\"3\"")], json!({})).await;
    assert_eq!(stale.problem(), "stale-version");
    client.post_with(&closure, &[("If-Match", "\"13\"")], json!({})).await.expect(201);
    assert_eq!(client.post(&closure, json!({})).await.problem(), "schedule-closed");
    let read = evaluator.get(&location).await.expect(200);
    assert_eq!(read["disclosed"]["seed"], SEED);
    assert_eq!(read["disclosed"]["block_sizes"], json!([4, 6]));
    let draws = read["disclosed"]["draws"].as_array().unwrap();
    let draws: Vec<_> =
        draws.iter().map(|d| (d["sequence"].as_u64(), d["block"].as_u64())).collect();
    assert_eq!((draws.len(), draws[6]), (12, (Some(7), Some(2))));
    let (code, said) = verify(&service, &schedule).await;
    assert_eq!((code, &*said), (Some(0), "holds, 12 draws\n"));

    // Nothing is drawn from it any more.
    let late = a_case_in(client, "essex").await;
    assert_eq!(draw(&service, &late).await.problem(), "no-schedule");
    let named = json!({"schedule_id": schedule});
    let refused = client.post(&format!("/v1/cases/{late}/arm"), named).await;
    assert_eq!(refused.problem(), "schedule-closed");

    // Somebody who owns the tables prefers another arm.
    let spoil = "ALTER TABLE event DISABLE TRIGGER USER; \
                 UPDATE event SET data = replace(data, '\"intervention\"', '\"control\"') \
                 WHERE type = $$ArmDrawn$$ AND data LIKE '%\"sequence\":4,%'";
    service.database.connect().await.batch_execute(spoil).await.unwrap();
    let (code, said) = verify(&service, &schedule).await;
    assert_eq!((code, said.contains("draw 4 ")), (Some(1), true), "{said}");
}

#[tokio::test]
async fn two_at_once_get_different_places_and_one_case_gets_one() {
    let service = Service::start().await;
    let schedule = open(&service, in_essex()).await;
    let mut cases = Vec::new();
    for _ in 0..10 {
        cases.push(a_case_in(manager(&service), "essex").await);
    }
    // Each is drawn twice at once.
    let asked = cases.iter().chain(&cases).map(|case| draw(&service, case));
    let answers = join_all(asked).await;
    let (drawn, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    let places: BTreeSet<u64> =
        drawn.iter().map(|a| a.json()["sequence"].as_u64().unwrap()).collect();
    assert_eq!((drawn.len(), places), (10, (1..=10).collect()));
    assert!(refused.iter().all(|answer| answer.problem() == "arm-is-final"), "{refused:?}");
    let path = format!("{SCHEDULES}/{schedule}");
    let read = manager(&service).get(&path).await.expect(200);
    // Whole blocks: six, then four.
    assert_eq!((&read["arms"][0]["drawn"], &read["arms"][1]["drawn"]), (&json!(5), &json!(5)));
    manager(&service).post(&format!("{path}/closure"), json!({})).await.expect(201);
    assert_eq!(verify(&service, &schedule).await.0, Some(0));
}

#[tokio::test]
async fn a_place_has_one_open_schedule_and_an_area_its_own() {
    let service = Service::start().await;
    let client = manager(&service);
    let opening = || client.post(SCHEDULES, in_essex());
    let answers = join_all((0..8).map(|_| opening())).await;
    let opened: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(opened.len(), 1, "{answers:?}");
    let first = text(&opened[0].json()["schedule_id"]);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((refused.status, &*refused.problem()), (409, "schedule-open"));
        assert_eq!(refused.header("location"), Some(&*format!("{SCHEDULES}/{first}")));
    }
    // For every other area.
    let everywhere = open(&service, json!({"programme": "drive"})).await;
    for (area, schedule) in [("essex", &first), ("west_sussex", &everywhere)] {
        let case = a_case_in(client, area).await;
        assert_eq!(draw(&service, &case).await.expect(201)["schedule_id"], json!(schedule));
    }
    // The next after the end.
    client.post(&format!("{SCHEDULES}/{first}/closure"), json!({})).await.expect(201);
    let second = open(&service, json!({"programme": "drive", "area": "essex"})).await;
    assert_ne!(second, first);
    let listed = client.get(SCHEDULES).await.expect(200);
    let listed: Vec<_> = listed["schedules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (&s["schedule_id"], &s["status"], &s["drawn"]))
        .collect();
    let expected =
        [(json!(second), "open", 0), (json!(everywhere), "open", 1), (json!(first), "closed", 1)];
    assert_eq!(listed.len(), 3);
    for (listed, (id, status, drawn)) in listed.iter().zip(&expected) {
        assert_eq!((listed.0, listed.1, listed.2), (id, &json!(status), &json!(drawn)));
    }
    // Of one tenant alone.
    let other = service.as_role("county", "team_manager");
    assert_eq!(other.get(SCHEDULES).await.expect(200)["schedules"], json!([]));
    assert_eq!(other.get(&format!("{SCHEDULES}/{second}")).await.problem(), "not-found");
    let closure = format!("{SCHEDULES}/{second}/closure");
    assert_eq!(other.post(&closure, json!({})).await.problem(), "not-found");
}

#[tokio::test]
async fn what_cannot_be_drawn_is_refused_and_nothing_recorded() {
    let service = Service::start().await;
    let client = manager(&service);
    let survivor = json!({
        "programme": "drive", "role": "victim_survivor", "area": "essex", "source": "marac",
        "received_at": REFERRED_AT, "person": {"given_name": "Eve"},
    });
    let survivor = text(&client.post("/v1/referrals", survivor).await.expect(201)["case_id"]);
    client.step(&survivor, "acceptance", json!({})).await.expect(201);
    let of_mrp = an_open_case(client).await;
    let case = a_case_in(client, "essex").await;
    let closed = a_case_in(client, "essex").await;
    client.step(&closed, "closure", json!({"reason": "moved_area"})).await.expect(201);
    let elsewhere = open(&service, json!({"programme": "drive", "area": "south_wales"})).await;
    let with = |member: &str, value: Value| {
        let mut body = json!({"programme": "drive"});
        body[member] = value;
        (SCHEDULES.to_owned(), body)
    };
    let arm = |case: &str| format!("/v1/cases/{case}/arm");
    let refusals = [
        (with("programme", json!("canary")), (422, "unknown-programme")),
        (with("programme", json!("mrp")), (422, "no-arms")),
        (with("area", json!("canary")), (422, "invalid")),
        (with("arms", json!(["intervention"])), (422, "invalid-arms")),
        (with("arms", json!(["intervention", "control", "canary"])), (422, "invalid-arms")),
        (with("arms", json!(["intervention", "control", "control"])), (422, "invalid-arms")),
        (with("block_sizes", json!([])), (422, "invalid-blocks")),
        (with("block_sizes", json!([4, 5])), (422, "invalid-blocks")),
        (with("block_sizes", json!([98])), (422, "invalid-blocks")),
        (with("seed", json!("canary")), (422, "invalid")),
        (with("seed", json!(SEED.to_uppercase())), (422, "invalid")),
        (with("canary", json!(1)), (422, "invalid")),
        ((arm(&survivor), json!({})), (409, "not-of-trial")),
        ((arm(&of_mrp), json!({})), (409, "not-of-trial")),
        ((arm(&case), json!({})), (409, "no-schedule")),
        ((arm(&case), json!({"schedule_id": elsewhere})), (409, "no-schedule")),
        ((arm(&case), json!({"schedule_id": absent_id()})), (409, "no-schedule")),
        ((arm(&case), json!({"schedule_id": "canary"})), (422, "invalid")),
        ((arm(&closed), json!({})), (409, "not-in-work")),
        ((arm(&absent_id()), json!({})), (404, "not-found")),
        ((arm("canary"), json!({})), (404, "not-found")),
        ((format!("{SCHEDULES}/{}/closure", absent_id()), json!({})), (404, "not-found")),
        ((format!("{SCHEDULES}/{case}/closure"), json!({})), (404, "not-found")),
    ];
    let before = Recorded::in_database_of(&service).await;
    for ((path, body), (status, problem)) in refusals {
        let answer = client.post(&path, body.clone()).await;
        assert_eq!((answer.status, &*answer.problem()), (status, problem), "{path} {body}");
        assert!(!answer.text.contains("canary"), "{}", answer.text);
    }
    let stale = client.post_with(&arm(&case), &[("If-Match", "\"1\"")], json!({})).await;
    assert_eq!(stale.problem(), "stale-version");
    assert_eq!(Recorded::in_database_of(&service).await, before);
}

#[tokio::test]
async fn what_is_sent_again_with_its_key_is_drawn_once() {
    let service = Service::start().await;
    let client = manager(&service);
    let key = [("Idempotency-Key", "once")];
    let case = a_case_in(client, "essex").await;
    let opened = client.post_with(SCHEDULES, &key, in_essex()).await;
    let location = opened.header("location").unwrap().to_owned();
    let path = format!("/v1/cases/{case}/arm");
    let drawn = client.post_with(&path, &key, json!({})).await;
    let closure = format!("{location}/closure");
    let closed = client.post_with(&closure, &key, json!({})).await;
    let before = Recorded::in_database_of(&service).await;
    for (path, body, first) in
        [(SCHEDULES, in_essex(), opened), (&path, json!({}), drawn), (&closure, json!({}), closed)]
    {
        let again = client.post_with(path, &key, body).await;
        assert_eq!((first.status, again.status), (201, 201), "{first:?}");
        assert_eq!((&again.text, again.header("etag")), (&first.text, first.header("etag")));
        assert_eq!(again.header("location"), first.header("location"));
    }
    let other = client.post_with(SCHEDULES, &key, json!({"programme": "drive"})).await;
    assert_eq!(other.problem(), "idempotency-key-reused");
    assert_eq!(Recorded::in_database_of(&service).await, before);
}

/// Erasing the person and replacing the keys leave the schedule as it is.
#[tokio::test]
async fn a_schedule_outlives_an_erasure_and_a_rotation() {
    let service = Service::start().await;
    let client = manager(&service);
    let schedule = open(&service, in_essex()).await;
    let case = a_case_in(client, "essex").await;
    draw(&service, &case).await.expect(201);
    let person = text(&client.get(&format!("/v1/cases/{case}")).await.expect(200)["person_id"]);
    let officer = service.as_role("city", "data_protection_officer");
    let erasure = format!("/v1/persons/{person}/erasure");
    officer.post(&erasure, json!({"basis": "request"})).await.expect(201);
    let rotated = service.run(&["keys", "rotate-tenant", "--tenant", "city"], &[]).await;
    assert!(rotated.status.success(), "{rotated:?}");
    let next = a_case_in(client, "essex").await;
    let drawn = draw(&service, &next).await.expect(201);
    assert_eq!((&drawn["sequence"], &drawn["arm"]), (&json!(2), &json!("intervention")));
    client.post(&format!("{SCHEDULES}/{schedule}/closure"), json!({})).await.expect(201);
    assert_eq!(verify(&service, &schedule).await.0, Some(0));
}
