//! Workloads over time, over HTTP: now, at two dates in the past, by late facts and corrections.

use serde_json::{Value, json};

use crate::cases::{an_open_case, an_open_case_of, text};
use crate::service::{Client, Service};

/// January to June 2024, month by month: the cases here are opened on the 12th of January.
const MONTHS: &str = "/v1/workload?step=month&from=2024-01-01T00:00:00Z&to=2024-06-30T00:00:00Z";

/// The answer now, out of the tables; and the very same out of the log at the dates it names.
async fn ask(client: Client<'_>, path: &str) -> Value {
    let now = client.get(path).await.expect(200);
    let dates = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let then = client.get(&format!("{path}&{dates}")).await.expect(200);
    assert_eq!(now, then, "the tables and the log give one answer");
    now
}

/// One figure of a worker, or of the totals, step by step.
fn series(answer: &Value, worker: Option<&str>, figure: &str) -> Vec<u64> {
    let steps = match worker {
        None => &answer["totals"],
        Some(worker) => {
            let all = answer["workers"].as_array().unwrap();
            &all.iter().find(|row| row["worker"] == worker).unwrap()["loads"]
        }
    };
    steps.as_array().unwrap().iter().map(|step| step[figure].as_u64().unwrap()).collect()
}

async fn attempt(client: Client<'_>, case: &str, at: &str, outcome: &str) -> String {
    let body = json!({"occurred_at": at, "channel": "phone", "outcome": outcome});
    let path = format!("/v1/cases/{case}/contact-attempts");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

#[tokio::test]
async fn a_manager_sees_how_the_work_was_shared() {
    let service = Service::start().await;
    let (client, manager) = (service.worker(), service.as_role("city", "team_manager"));
    let handed_over = an_open_case(client).await;
    let closed = an_open_case(client).await;
    an_open_case_of(client, "w-bea").await;
    attempt(client, &handed_over, "2024-02-10T09:00:00Z", "no_answer").await;
    let reached = attempt(client, &handed_over, "2024-03-31T23:59:59Z", "reached").await;
    let to_bea = json!({"occurred_at": "2024-04-10T09:00:00Z", "worker": "w-bea", "team": "t2"});
    client.step(&handed_over, "allocations", to_bea).await.expect(201);
    attempt(client, &handed_over, "2024-04-11T09:00:00Z", "reached").await;
    let end = json!({"occurred_at": "2024-05-31T09:00:00Z", "reason": "goals_met"});
    client.step(&closed, "closure", end).await.expect(201);

    let now = ask(manager, MONTHS).await;
    assert_eq!(
        now["steps"][1],
        json!({
            "from": "2024-02-01T00:00:00Z", "until": "2024-03-01T00:00:00Z",
            "at": "2024-02-29T23:59:59.999999Z",
        })
    );
    assert_eq!(series(&now, Some("w-ann"), "cases"), [2, 2, 2, 1, 0, 0]);
    assert_eq!(series(&now, Some("w-bea"), "cases"), [1, 1, 1, 2, 2, 2]);
    // Never reached since the 10th of January, and closed in May; the other goes on.
    assert_eq!(series(&now, Some("w-ann"), "dormant"), [0, 0, 0, 1, 0, 0]);
    assert_eq!(series(&now, Some("w-bea"), "dormant"), [0, 0, 0, 1, 1, 1]);
    assert_eq!(series(&now, Some("w-bea"), "active"), [1, 1, 1, 1, 1, 1]);
    assert_eq!(series(&now, Some("w-ann"), "attempts"), [0, 1, 1, 0, 0, 0]);
    assert_eq!(series(&now, Some("w-ann"), "reached"), [0, 0, 1, 0, 0, 0]);
    assert_eq!(series(&now, Some("w-bea"), "reached"), [0, 0, 0, 1, 0, 0]);
    assert_eq!(series(&now, None, "workers"), [2, 2, 2, 2, 1, 1]);
    let of_team = ask(manager, &format!("{MONTHS}&team=t2")).await;
    assert_eq!(series(&of_team, None, "cases"), [0, 0, 0, 1, 1, 1]);
    let of_bea = ask(manager, &format!("{MONTHS}&worker=w-bea&programme=mrp")).await;
    assert_eq!(
        (of_bea["workers"].as_array().unwrap().len(), &of_bea["workers"][0]),
        (1, &now["workers"][1])
    );

    // What is dated before is told late, and moves the figures of then.
    attempt(client, &closed, "2024-02-20T09:00:00Z", "reached").await;
    let later = ask(manager, MONTHS).await;
    assert_eq!(series(&later, Some("w-ann"), "dormant"), [0, 0, 0, 0, 0, 0]);
    assert_eq!(series(&later, Some("w-ann"), "attempts"), [0, 2, 1, 0, 0, 0]);
    let path = format!("/v1/cases/{handed_over}/events/{reached}/correction");
    let replacement = json!({
        "occurred_at": "2024-04-01T00:00:00Z", "channel": "phone", "outcome": "no_answer",
    });
    let correction = json!({"reason": "the next day", "replacement": replacement});
    manager.post(&path, correction).await.expect(201);
    let corrected = ask(manager, MONTHS).await;
    assert_eq!(series(&corrected, Some("w-ann"), "attempts"), [0, 2, 0, 1, 0, 0]);
    assert_eq!(series(&corrected, Some("w-ann"), "reached"), [0, 1, 0, 0, 0, 0]);
    let recorded = manager.get(&format!("{MONTHS}&reading=recorded")).await.expect(200);
    assert_eq!(series(&recorded, Some("w-ann"), "reached"), [0, 1, 1, 0, 0, 0]);

    let dates = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let as_known = manager.get(&format!("{MONTHS}&{dates}")).await.expect(200);
    assert_eq!(as_known, now, "what was known then stays as it was");
    let half_way = manager.get(&format!("{MONTHS}&as_of=2024-03-15T00:00:00Z")).await.expect(200);
    assert_eq!(half_way["steps"].as_array().unwrap().len(), 3);
    assert_eq!(half_way["steps"][2]["at"], "2024-03-15T00:00:00Z");
    assert_eq!(series(&half_way, None, "cases"), [3, 3, 3]);
}

#[tokio::test]
async fn each_step_is_the_caseload_of_its_moment() {
    let service = Service::start().await;
    let (client, manager) = (service.worker(), service.as_role("city", "team_manager"));
    let case = an_open_case(client).await;
    attempt(client, &case, "2024-02-10T09:00:00Z", "reached").await;
    let weeks = "/v1/workload?from=2024-01-08T00:00:00Z&to=2024-06-30T00:00:00Z";
    let answer = manager.get(weeks).await.expect(200);
    let steps = answer["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 25);
    for (step, total) in steps.iter().zip(answer["totals"].as_array().unwrap()) {
        let path = format!("/v1/caseloads?as_of={}", text(&step["at"]));
        let then = manager.get(&path).await.expect(200);
        assert_eq!(total["cases"], then["totals"]["open"], "{step}");
        assert_eq!(total["dormant"], then["totals"]["dormant"], "{step}");
    }
}

#[tokio::test]
async fn an_evaluator_is_told_of_no_single_worker() {
    let service = Service::start().await;
    an_open_case(service.worker()).await;
    let evaluator = service.as_role("city", "evaluator");
    let answer = ask(evaluator, MONTHS).await;
    assert_eq!(series(&answer, None, "cases"), [1; 6]);
    assert_eq!(answer.get("workers"), None);
    assert!(!answer.to_string().contains("w-ann"));
    // Nor by asking about one, known or not.
    for worker in ["w-ann", "w-nobody"] {
        let refused = evaluator.get(&format!("{MONTHS}&worker={worker}")).await;
        assert_eq!((refused.status, refused.problem().as_str()), (403, "forbidden"));
    }
}
