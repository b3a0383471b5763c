//! An arm is drawn once, and comes from a schedule alone: no command sets it, and what was drawn is
//! neither corrected nor taken back, nor drawn anew when the process dies in between.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{SCHEDULES, a_case_in, draw, in_essex, manager, open, verify};
use crate::cases::{Recorded, text};
use crate::service::{Service, read, signal};
use crate::telemetry::commands::Description;

const CASES: i64 = 60;

/// Every name of a member within a value.
fn names(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                into.insert(name.clone());
                names(value, into);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn no_command_names_an_arm() {
    let service = Service::start().await;
    let client = manager(&service);
    let description = Description::read(client).await;
    let (mut commands, mut drawing) = (0, 0);
    for operation in description.operations() {
        // A programme's definition says which arms there are, and is about no case.
        let is_about_a_case = !operation.is_operators() && operation.id != "DefineProgramme";
        if operation.method == "GET" || !is_about_a_case {
            continue;
        }
        let mut given = BTreeSet::new();
        names(&description.body(&operation), &mut given);
        for name in ["arm", "sequence", "block"] {
            assert!(!given.contains(name), "{} takes {name}", operation.id);
        }
        commands += 1;
        drawing += usize::from(operation.id == "DrawArm");
    }
    assert!(commands > 40 && drawing == 1, "{commands} commands");
}

#[tokio::test]
async fn no_hand_sets_an_arm_or_changes_one() {
    let service = Service::start().await;
    let client = manager(&service);
    open(&service, in_essex()).await;
    let drawn = a_case_in(client, "essex").await;
    let arm = text(&draw(&service, &drawn).await.expect(201)["event_id"]);
    let case = a_case_in(client, "essex").await;
    let entries = client.get(&format!("/v1/cases/{case}/timeline")).await.expect(200);
    let acceptance = text(&entries["entries"][1]["event_id"]);
    let to_control = json!({"reason": "preferred", "replacement": {"arm": "control"}});
    let back = json!({"reason": "preferred"});
    let fact = format!("/v1/cases/{drawn}/events/{arm}");
    let before = Recorded::in_database_of(&service).await;
    for (path, body, problem) in [
        (format!("/v1/cases/{case}/arm"), json!({"arm": "control"}), "invalid"),
        (format!("/v1/cases/{case}/arm"), json!({"seed": super::SEED}), "invalid"),
        (format!("/v1/cases/{case}/arm"), json!({"sequence": 4}), "invalid"),
        (format!("/v1/cases/{case}/acceptance"), json!({"arm": "control"}), "invalid"),
        (format!("/v1/cases/{case}/events/{acceptance}/correction"), to_control.clone(), "invalid"),
        (format!("{fact}/correction"), to_control, "arm-is-final"),
        (format!("{fact}/retraction"), back, "arm-is-final"),
        (format!("/v1/cases/{drawn}/arm"), json!({}), "arm-is-final"),
    ] {
        let answer = client.post_with(&path, &[("If-Match", "*")], body.clone()).await;
        assert_eq!(answer.problem(), problem, "{path} {body}");
    }
    // A history brings arms that were drawn elsewhere, and is loaded before anybody works.
    let history = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/sample-history.jsonl");
    let loaded = service.run(&["log", "load", history, "--tenant", "city"], &[]).await;
    assert!(!loaded.status.success(), "{loaded:?}");
    assert_eq!(Recorded::in_database_of(&service).await, before);
}

/// Nobody knows which draws were made; sent again, each case has one arm, and no place is lost.
#[tokio::test]
async fn a_draw_that_was_on_its_way_when_the_process_died_is_made_once() {
    let mut service = Service::start().await;
    let schedule = open(&service, in_essex()).await;
    let mut cases = Vec::new();
    for _ in 0..CASES {
        cases.push(a_case_in(manager(&service), "essex").await);
    }
    let token = service.token("city", "team_manager").await;
    let request = |service: &Service, case: &str| {
        let request = service.request(reqwest::Method::POST, &format!("/v1/cases/{case}/arm"));
        request.bearer_auth(&token).header("Idempotency-Key", case).json(&json!({}))
    };
    let sent: Vec<_> =
        cases.iter().map(|case| tokio::spawn(request(&service, case).send())).collect();
    let database = service.database.connect().await;
    let some = "SELECT count(*) >= 5 FROM event WHERE type = 'ArmDrawn'";
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
    assert!(answered.iter().any(Option::is_none), "the process died too late to tell");
    service.kill_and_restart().await;
    // Half a draw was never there: the place without the case, or the case without the place.
    let whole = "SELECT count(*) FILTER (WHERE type = 'ArmDrawn'), \
                 count(*) FILTER (WHERE type = 'ArmAllocated') FROM event";
    let row = database.query_one(whole, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), row.get::<_, i64>(1));

    let again = join_all(cases.iter().map(|case| read(request(&service, case)))).await;
    let mut places = BTreeSet::new();
    for (again, first) in again.iter().zip(&answered) {
        places.insert(again.expect(201)["sequence"].as_i64().unwrap());
        assert!(first.as_ref().is_none_or(|first| *first == again.text), "{first:?} {again:?}");
    }
    assert_eq!(places, (1..=CASES).collect());
    let row = database.query_one(whole, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (CASES, CASES));
    let closure = format!("{SCHEDULES}/{schedule}/closure");
    manager(&service).post(&closure, json!({})).await.expect(201);
    assert_eq!(verify(&service, &schedule).await, (Some(0), format!("holds, {CASES} draws\n")));
}
