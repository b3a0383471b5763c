//! Workers and teams: who is given cases, how many, and what a handover settles.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::{
    OPENED_AT, REFERRED_AT, a_full_checklist, a_referral, a_referred_case, an_open_case,
    an_open_case_of, text,
};
use crate::refused::{Bench, CANARY, CANARY_WORDS};
use crate::service::{Answer, Client, Service};

/// Before any case here.
const FORMED_AT: &str = "2024-01-01T09:00:00Z";

/// What is refused: a path, its body, the problem, and where.
type Refusal = (&'static str, Value, (u16, &'static str), &'static [&'static str]);

fn manager(service: &Service) -> Client<'_> {
    service.as_role("city", "team_manager")
}

fn a_team(team: &str) -> Value {
    json!({"team": team, "programme": "mrp", "areas": ["city"], "occurred_at": FORMED_AT})
}

fn a_worker(worker: &str, capacity: &Value) -> Value {
    json!({
        "worker": worker, "role": "mrp_worker", "team": "city-team", "capacity": capacity,
        "occurred_at": FORMED_AT,
    })
}

/// A tenant with one team and these workers.
async fn staff(service: &Service, workers: &[(&str, Value)]) {
    let manager = manager(service);
    manager.post("/v1/teams", a_team("city-team")).await.expect(201);
    for (worker, capacity) in workers {
        manager.post("/v1/workers", a_worker(worker, capacity)).await.expect(201);
    }
}

async fn an_accepted_case(client: Client<'_>, criteria: &[&str]) -> String {
    let mut referral = a_referral();
    referral["criteria"] = json!(criteria);
    let case = text(&client.post("/v1/referrals", referral).await.expect(201)["case_id"]);
    client.step(&case, "acceptance", json!({"occurred_at": OPENED_AT})).await.expect(201);
    case
}

fn places(answer: &Answer) -> Vec<String> {
    let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| text(&error["pointer"])).collect()
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, kind: &str, at: &[&str]) {
    assert_eq!((answer.status, answer.problem().as_str()), (status, kind), "{answer:?}");
    assert_eq!(places(answer), at, "{answer:?}");
}

/// Of the workers' list: each with its open, complex and free, and whether it is too many.
async fn listed(service: &Service, query: &str) -> (Value, Vec<(String, u64, u64, u64, bool)>) {
    let answer = service.worker().get(&format!("/v1/workers?{query}")).await.expect(200);
    let number = |worker: &Value, member: &str| worker[member].as_u64().unwrap();
    let workers = answer["workers"].as_array().unwrap().iter().map(|worker| {
        let over = worker["over_capacity"].as_bool().unwrap();
        let [open, complex, free] =
            ["open_cases", "complex_cases", "free_places"].map(|member| number(worker, member));
        (text(&worker["worker"]), open, complex, free, over)
    });
    let workers = workers.collect();
    (answer, workers)
}

#[tokio::test]
async fn a_case_is_given_to_whoever_is_on_the_list_and_to_anybody_where_there_is_none() {
    let service = Service::start().await;
    let client = service.worker();
    an_open_case_of(client, "w-nobody").await;
    staff(&service, &[("w-ann", json!({"cases": 20}))]).await;
    let case = an_accepted_case(client, &[]).await;
    let unknown = client.step(&case, "allocations", json!({"worker": "w-nobody"})).await;
    assert_refused(&unknown, 409, "unknown-worker", &["/worker"]);
    client.step(&case, "allocations", json!({"worker": "w-ann"})).await.expect(201);
    let mut handover = json!({"worker": "w-nobody", "checklist": a_full_checklist()});
    let unknown = client.step(&case, "handovers", handover.clone()).await;
    assert_refused(&unknown, 409, "unknown-worker", &["/worker"]);
    handover["worker"] = json!("w-ann");
    let same = client.step(&case, "handovers", handover).await;
    assert_refused(&same, 409, "same-worker", &["/worker"]);
    // What the case refuses comes before what the list does.
    let early = json!({"worker": "w-nobody", "occurred_at": REFERRED_AT});
    let early = client.step(&case, "allocations", early).await;
    assert_refused(&early, 409, "before-previous-step", &["/occurred_at"]);
    let path = format!("/v1/cases/{case}/allocations");
    let stale = [("If-Match", "\"1\"")];
    let stale = client.post_with(&path, &stale, json!({"worker": "w-nobody"})).await;
    assert_refused(&stale, 412, "stale-version", &[]);

    let (answer, workers) = listed(&service, "").await;
    assert_eq!(workers, [("w-ann".to_owned(), 1, 0, 19, false)]);
    assert_eq!(answer["totals"]["cases_of_others"], 1);
    // Another tenant keeps no list, and is told of none.
    let other = service.as_role("county", "caseworker");
    an_open_case_of(other, "w-nobody").await;
    for list in ["workers", "teams"] {
        assert_eq!(other.get(&format!("/v1/{list}")).await.expect(200)[list], json!([]));
    }
}

#[tokio::test]
async fn a_worker_takes_as_many_cases_as_there_are_places_and_more_for_a_reason() {
    let service = Service::start().await;
    let client = service.worker();
    staff(&service, &[("w-ann", json!({"cases": 2})), ("w-ben", json!({"cases": 9}))]).await;
    an_open_case_of(client, "w-ann").await;
    let second = an_open_case_of(client, "w-ann").await;
    // Given again, it takes no second place.
    client.step(&second, "allocations", json!({"worker": "w-ann"})).await.expect(201);

    let third = an_open_case_of(client, "w-ben").await;
    for (step, body) in [
        ("allocations", json!({"worker": "w-ann"})),
        ("handovers", json!({"worker": "w-ann", "checklist": a_full_checklist()})),
    ] {
        let over = client.step(&third, step, body.clone()).await;
        assert_refused(&over, 409, "over-capacity", &["/worker"]);
        let mut body = body;
        body["over_capacity"] = json!(true);
        let unreasoned = client.step(&third, step, body).await;
        assert_refused(&unreasoned, 422, "invalid", &["/reason"]);
    }
    let body = json!({"worker": "w-ann", "over_capacity": true, "reason": "knows_the_family"});
    let given = client.step(&third, "allocations", body).await.expect(201);
    let path = format!("/v1/cases/{third}/events/{}", text(&given["event_id"]));
    let event = client.get(&path).await.expect(200);
    assert_eq!(event["data"]["over_capacity"], true, "{event}");

    let (answer, workers) = listed(&service, "").await;
    let expected = [("w-ann".to_owned(), 3, 0, 0, true), ("w-ben".to_owned(), 0, 0, 9, false)];
    assert_eq!(workers, expected);
    let totals = &answer["totals"];
    assert_eq!((&totals["open_cases"], &totals["over_capacity"]), (&json!(3), &json!(1)));

    let more = json!({"cases": 4});
    manager(&service).post("/v1/workers/w-ann/capacity", more).await.expect(201);
    let fourth = an_open_case_of(client, "w-ben").await;
    client.step(&fourth, "allocations", json!({"worker": "w-ann"})).await.expect(201);
    client.step(&third, "closure", json!({"reason": "goals_met"})).await.expect(201);
    assert_eq!(listed(&service, "").await.1[0], ("w-ann".to_owned(), 3, 0, 1, false));
}

#[tokio::test]
async fn complex_cases_have_places_of_their_own() {
    let service = Service::start().await;
    let client = service.worker();
    staff(&service, &[("w-ann", json!({"cases": 5, "complex": 1}))]).await;
    let first = an_accepted_case(client, &["complex_needs"]).await;
    client.step(&first, "allocations", json!({"worker": "w-ann"})).await.expect(201);
    let second = an_accepted_case(client, &["complex_needs"]).await;
    let over = client.step(&second, "allocations", json!({"worker": "w-ann"})).await;
    assert_refused(&over, 409, "over-capacity", &["/worker"]);
    let plain = an_accepted_case(client, &[]).await;
    client.step(&plain, "allocations", json!({"worker": "w-ann"})).await.expect(201);
    assert_eq!(listed(&service, "").await.1, [("w-ann".to_owned(), 2, 1, 3, false)]);

    // It turns out to be complex, and is hers all the same.
    for need in ["housing", "drugs"] {
        let path = format!("/v1/cases/{plain}/needs");
        client.post(&path, json!({"need": need})).await.expect(201);
    }
    assert_eq!(listed(&service, "").await.1, [("w-ann".to_owned(), 2, 2, 3, true)]);
    let rules = client.get(&format!("/v1/cases/{plain}/rules")).await.expect(200);
    let complex =
        rules["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == "complex/1");
    assert_eq!(complex.unwrap()["answer"], true, "{rules}");
}

#[tokio::test]
async fn whoever_leaves_is_told_of_their_cases_and_given_no_more() {
    let service = Service::start().await;
    let client = service.worker();
    let twenty = json!({"cases": 20});
    staff(&service, &[("w-ann", twenty.clone()), ("w-ben", twenty.clone())]).await;
    let first = an_open_case_of(client, "w-ann").await;
    an_open_case_of(client, "w-ann").await;
    let manager = manager(&service);
    let key = [("Idempotency-Key", "leaving-1")];
    let leave = json!({"reason": "new_post"});
    let path = "/v1/workers/w-ann/departure";
    let left = manager.post_with(path, &key, leave.clone()).await;
    assert_eq!(left.expect(201)["cases_to_hand_over"], 2);
    let again = manager.post(path, json!({})).await;
    assert_refused(&again, 409, "worker-left", &[]);
    let third = an_accepted_case(client, &[]).await;
    let refused = client.step(&third, "allocations", json!({"worker": "w-ann"})).await;
    assert_refused(&refused, 409, "worker-left", &["/worker"]);

    let handover = json!({
        "worker": "w-ben", "reason": "worker_left", "checklist": a_full_checklist(),
        "contacts": [{"agency": "school", "role": "safeguarding_lead"}],
    });
    client.step(&first, "handovers", handover).await.expect(201);
    let (answer, workers) = listed(&service, "").await;
    let expected = [("w-ann".to_owned(), 1, 0, 0, false), ("w-ben".to_owned(), 1, 0, 19, false)];
    assert_eq!(workers, expected);
    assert!(
        answer["workers"][0]["left_at"].is_string() && answer["workers"][1]["left_at"].is_null()
    );
    let totals = &answer["totals"];
    assert_eq!((&totals["in_post"], &totals["cases_to_hand_over"]), (&json!(1), &json!(1)));
    // Sent again, it is answered as it was, whatever became of the cases.
    let repeated = manager.post_with(path, &key, leave).await;
    assert_eq!((repeated.status, &repeated.text), (201, &left.text));
    // Whoever joins again takes cases again.
    let mut again = a_worker("w-ann", &twenty);
    again.as_object_mut().unwrap().remove("occurred_at");
    manager.post("/v1/workers", again).await.expect(201);
    client.step(&third, "allocations", json!({"worker": "w-ann"})).await.expect(201);
}

/// However a departure and allocations fall together: nothing is given after it.
#[tokio::test]
async fn nothing_is_given_to_whoever_leaves_at_the_same_time() {
    let service = Service::start().await;
    let client = service.worker();
    staff(&service, &[("w-ann", json!({"cases": 90})), ("w-ben", json!({"cases": 90}))]).await;
    let mut cases = Vec::new();
    for _ in 0..12 {
        cases.push(an_accepted_case(client, &[]).await);
    }
    let give = async |case: &String| {
        let path = format!("/v1/cases/{case}/allocations");
        client.post_with(&path, &[("If-Match", "*")], json!({"worker": "w-ann"})).await
    };
    let manager = manager(&service);
    let leaving = manager.post("/v1/workers/w-ann/departure", json!({}));
    let (before, after) = cases.split_at(4);
    let (given, left, late) =
        tokio::join!(join_all(before.iter().map(give)), leaving, join_all(after.iter().map(give)));
    let left = left.expect(201)["position"].as_u64().unwrap();
    for answer in given.into_iter().chain(late) {
        if answer.status == 201 {
            assert!(answer.json()["position"].as_u64().unwrap() < left, "given after leaving");
        } else {
            assert_refused(&answer, 409, "worker-left", &["/worker"]);
        }
    }
}

#[tokio::test]
async fn a_handover_settles_the_programmes_checklist() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let every = a_full_checklist();
    let items: Vec<String> = every.as_object().unwrap().keys().cloned().collect();
    assert_eq!(items.len(), 6);
    let all: Vec<String> = items.iter().map(|item| format!("/checklist/{item}")).collect();
    let nothing = client.step(&case, "handovers", json!({"worker": "w-ben"})).await;
    assert_eq!((nothing.status, nothing.problem().as_str()), (409, "handover-incomplete"));
    let mut found = places(&nothing);
    found.sort();
    assert_eq!(found, all);

    let mut checklist = every.clone();
    checklist["person_told"] = json!("not_done");
    checklist.as_object_mut().unwrap().remove("introduction_made");
    checklist["keys_returned"] = json!("not_done");
    let handover = |checklist: &Value| json!({"worker": "w-ben", "checklist": checklist});
    let partly = client.step(&case, "handovers", handover(&checklist)).await;
    let open = ["/checklist/person_told", "/checklist/introduction_made"];
    assert_refused(&partly, 409, "handover-incomplete", &open);
    checklist["person_told"] = json!("not_applicable");
    checklist["introduction_made"] = json!("done");
    client.step(&case, "handovers", handover(&checklist)).await.expect(201);
    let read = client.get(&format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!(read["worker"], "w-ben", "{read}");
}

#[tokio::test]
async fn the_list_is_answered_at_any_two_dates() {
    let service = Service::start().await;
    let client = service.worker();
    let manager = manager(&service);
    staff(&service, &[("w-ann", json!({"cases": 20, "complex": 8}))]).await;
    let case = an_open_case_of(client, "w-ann").await;
    for (need, at) in [("housing", "2024-02-01T09:00:00Z"), ("alcohol", "2024-03-01T09:00:00Z")] {
        let need = json!({"need": need, "occurred_at": at});
        client.post(&format!("/v1/cases/{case}/needs"), need).await.expect(201);
    }
    let set = json!({"cases": 16, "occurred_at": "2024-04-01T09:00:00Z"});
    let known = manager.post("/v1/workers/w-ann/capacity", set).await;
    manager.post("/v1/teams", a_team("other-team")).await.expect(201);
    let moved = json!({"team": "other-team", "occurred_at": "2024-05-01T09:00:00Z"});
    manager.post("/v1/workers/w-ann/team", moved).await.expect(201);
    let left = json!({"occurred_at": "2024-06-01T09:00:00Z"});
    let left = manager.post("/v1/workers/w-ann/departure", left).await.expect(201);
    assert_eq!(left["cases_to_hand_over"], 1);

    let at = async |query: &str| {
        let (answer, workers) = listed(&service, query).await;
        let worker = &answer["workers"][0];
        let team = worker["team"].as_str().map(str::to_owned);
        (workers.into_iter().next(), team, worker["capacity"]["cases"].clone())
    };
    let ann = |open, complex, free| Some(("w-ann".to_owned(), open, complex, free, false));
    let (city, other) = (Some("city-team".to_owned()), Some("other-team".to_owned()));
    assert_eq!(at("as_of=2023-12-01T00:00:00Z").await, (None, None, Value::Null));
    assert_eq!(at("as_of=2024-01-05T00:00:00Z").await, (ann(0, 0, 20), city.clone(), json!(20)));
    assert_eq!(at("as_of=2024-02-15T00:00:00Z").await, (ann(1, 0, 19), city.clone(), json!(20)));
    assert_eq!(at("as_of=2024-03-15T00:00:00Z").await, (ann(1, 1, 19), city.clone(), json!(20)));
    assert_eq!(at("as_of=2024-04-15T00:00:00Z").await, (ann(1, 1, 15), city, json!(16)));
    assert_eq!(at("as_of=2024-05-15T00:00:00Z").await, (ann(1, 1, 15), other.clone(), json!(16)));
    assert_eq!(at("").await, (ann(1, 1, 0), other, json!(16)), "left, with a case");
    let position = known.expect(201)["position"].as_i64().unwrap();
    let database = service.database.connect().await;
    let sql = "SELECT to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
               FROM event WHERE position = $1 AND tenant_no = (SELECT tenant_no FROM tenant WHERE name = 'city')";
    let then: String = database.query_one(sql, &[&position]).await.unwrap().get(0);
    let (worker, team, cases) = at(&format!("known_at={then}")).await;
    let expected = (ann(1, 1, 15), Some("city-team".to_owned()), json!(16));
    assert_eq!((worker, team, cases), expected, "as was known before the move");

    let teams = async |query: &str| {
        let answer = client.get(&format!("/v1/teams?{query}")).await.expect(200);
        let teams = answer["teams"].as_array().unwrap().iter();
        teams.map(|team| (text(&team["team"]), team["workers"].clone())).collect::<Vec<_>>()
    };
    let expected = [("city-team".to_owned(), json!(0)), ("other-team".to_owned(), json!(1))];
    assert_eq!(teams("as_of=2024-05-15T00:00:00Z").await, expected);
    assert_eq!(teams("as_of=2023-12-01T00:00:00Z").await, []);
}

#[tokio::test]
async fn the_list_comes_in_pages() {
    let service = Service::start().await;
    let workers = ["w-c", "w-a", "w-d", "w-b"].map(|worker| (worker, json!({"cases": 3})));
    staff(&service, &workers).await;
    for list in ["workers", "teams"] {
        let mut found = Vec::new();
        let mut query = "limit=3".to_owned();
        loop {
            let answer = service.worker().get(&format!("/v1/{list}?{query}")).await;
            let answer = answer.expect(200);
            found.extend(
                answer[list]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| text(one.get("worker").unwrap_or(&one["team"]))),
            );
            match answer["next"].as_str() {
                Some(next) => query = format!("limit=3&cursor={next}"),
                None => break,
            }
        }
        let expected: &[&str] =
            if list == "workers" { &["w-a", "w-b", "w-c", "w-d"] } else { &["city-team"] };
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_of_a_worker_or_a_team_is_refused() {
    let bench = Bench::new().await;
    let leader = manager(&bench.service);
    staff(&bench.service, &[("w-ann", json!({"cases": 20})), ("w-gone", json!({"cases": 3}))])
        .await;
    leader.post("/v1/teams", a_team("old-team")).await.expect(201);
    let end = json!({"occurred_at": "2024-02-01T09:00:00Z", "reason": "merged"});
    leader.post("/v1/teams/old-team/dissolution", end).await.expect(201);
    leader.post("/v1/workers/w-gone/departure", json!({})).await.expect(201);
    let joining = |member: &str, value: Value| {
        let mut body = a_worker("w-new", &json!({"cases": 3}));
        body[member] = value;
        body
    };
    let team = |member: &str, value: Value| {
        let mut body = a_team("new-team");
        body[member] = value;
        body
    };
    let ahead = "2999-01-01T00:00:00Z";
    let capacity = "/v1/workers/w-ann/capacity";
    let refusals: Vec<Refusal> = vec![
        ("/v1/teams", a_team("city-team"), (409, "team-exists"), &[]),
        (
            "/v1/teams",
            team("programme", json!(CANARY)),
            (422, "unknown-programme"),
            &["/programme"],
        ),
        ("/v1/teams", team("areas", json!(["city", CANARY])), (422, "unknown-area"), &["/areas/1"]),
        ("/v1/teams", team("occurred_at", json!(ahead)), (422, "in-future"), &["/occurred_at"]),
        ("/v1/teams", team("team", json!(CANARY_WORDS)), (422, "invalid"), &["/team"]),
        ("/v1/teams", team("name", json!(CANARY)), (422, "invalid"), &[""]),
        ("/v1/teams/old-team/dissolution", json!({}), (409, "team-dissolved"), &[]),
        ("/v1/teams/canary-7f3a/dissolution", json!({}), (404, "not-found"), &[]),
        ("/v1/workers", joining("worker", json!("w-ann")), (409, "already-joined"), &[]),
        ("/v1/workers", joining("team", json!(CANARY)), (422, "unknown-team"), &["/team"]),
        ("/v1/workers", joining("team", json!("old-team")), (409, "team-dissolved"), &["/team"]),
        (
            "/v1/workers",
            joining("capacity", json!({"cases": 3, "complex": 4})),
            (422, "capacity-contradicts"),
            &[],
        ),
        (
            "/v1/workers",
            joining("capacity", json!({"cases": -1})),
            (422, "invalid"),
            &["/capacity/cases"],
        ),
        (
            "/v1/workers",
            joining("occurred_at", json!(ahead)),
            (422, "in-future"),
            &["/occurred_at"],
        ),
        (capacity, json!({"cases": 3, "complex": 4}), (422, "capacity-contradicts"), &[]),
        (
            capacity,
            json!({"cases": 3, "occurred_at": "2023-12-31T00:00:00Z"}),
            (409, "before-previous-step"),
            &["/occurred_at"],
        ),
        ("/v1/workers/w-gone/capacity", json!({"cases": 3}), (409, "worker-left"), &[]),
        ("/v1/workers/canary-7f3a/capacity", json!({"cases": 3}), (404, "not-found"), &[]),
        ("/v1/workers/w-ann/team", json!({"team": "city-team"}), (409, "same-team"), &["/team"]),
        ("/v1/workers/w-ann/team", json!({"team": CANARY}), (422, "unknown-team"), &["/team"]),
        (
            "/v1/workers/w-ann/team",
            json!({"team": "old-team"}),
            (409, "team-dissolved"),
            &["/team"],
        ),
        ("/v1/workers/canary-7f3a/team", json!({"team": "city-team"}), (404, "not-found"), &[]),
        ("/v1/workers/canary-7f3a/departure", json!({}), (404, "not-found"), &[]),
        ("/v1/workers/Canary%207F3A/departure", json!({}), (404, "not-found"), &[]),
    ];
    for (path, body, problem, places) in refusals {
        let request = bench.asking_as("team_manager", Method::POST, path).await.json(&body);
        bench.assert_refused(&format!("{path} {body}"), request, problem, places).await;
    }
    for query in ["limit=0", "cursor=canary-7f3a", "canary-7f3a=1", "as_of=canary-7f3a"] {
        for list in ["workers", "teams"] {
            let answer = bench.service.worker().get(&format!("/v1/{list}?{query}")).await;
            assert_eq!((answer.status, answer.problem().as_str()), (422, "invalid"), "{query}");
            assert!(!answer.text.contains("canary"), "{query}");
        }
    }
}

#[tokio::test]
async fn the_feed_does_not_tell_of_workers_and_teams() {
    let service = Service::start().await;
    staff(&service, &[("w-ann", json!({"cases": 20}))]).await;
    a_referred_case(service.worker()).await;
    let events = service.worker().get("/v1/events?limit=1000").await.expect(200);
    let types: Vec<String> =
        events["events"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect();
    assert!(types.iter().any(|kind| kind.ends_with("ReferralReceived")), "{types:?}");
    assert!(
        !types.iter().any(|kind| kind.contains("Worker") || kind.contains("Team")),
        "{types:?}"
    );
}
