//! Linked cases: what passes from one to the other, once, and who learns of the link.

mod commands;
mod passing;
mod secrets;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cases::text;
use crate::demo_data::{DRIVE_CASE_MANAGER, DRIVE_IDVA};
use crate::journeys;
use crate::service::{Client, Service};

/// The longest wait for something to pass.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A case of Drive in work, without an assessment or a plan.
pub(crate) async fn a_case(client: Client<'_>, role: &str) -> String {
    let case = a_referral(client, role).await;
    client.step(&case, "acceptance", json!({})).await.expect(201);
    client.step(&case, "allocations", json!({"worker": "w-ann"})).await.expect(201);
    case
}

async fn a_referral(client: Client<'_>, role: &str) -> String {
    let referral = json!({
        "programme": "drive", "role": role, "area": "essex", "source": "marac",
        "received_at": "2024-01-10T09:00:00Z", "criteria": ["high_risk"],
        "person": {"given_name": "Sam"},
    });
    text(&client.post("/v1/referrals", referral).await.expect(201)["case_id"])
}

/// His case and hers, in work.
async fn a_pair(client: Client<'_>) -> (String, String) {
    (a_case(client, "perpetrator").await, a_case(client, "victim_survivor").await)
}

/// The Drive pair of the demonstration, before either case is closed: his case and hers.
async fn the_drive_pair(service: &Service) -> (String, String) {
    let mut cases = Vec::new();
    for journey in [DRIVE_CASE_MANAGER, DRIVE_IDVA] {
        let mut journey: Value = serde_json::from_str(journey).unwrap();
        let facts = journey["facts"].as_array_mut().unwrap();
        facts.retain(|fact| {
            !["ClosureProposed", "CaseClosed"].contains(&text(&fact["type"]).as_str())
        });
        cases.push(journeys::post(service, &journey).await);
    }
    (cases[0].clone(), cases[1].clone())
}

/// Links two cases and returns the link.
pub(crate) async fn link(service: &Service, one: &str, other: &str) -> String {
    let manager = service.as_role("city", "team_manager");
    let body = json!({"cases": [one, other], "reason": "perpetrator_and_victim_survivor"});
    text(&manager.post("/v1/case-links", body).await.expect(201)["link_id"])
}

async fn end(service: &Service, link: &str) {
    let manager = service.as_role("city", "team_manager");
    let path = format!("/v1/case-links/{link}/ending");
    manager.post(&path, json!({"reason": "no_longer_connected"})).await.expect(201);
}

/// Records a level of risk, now, and returns the event.
pub(crate) async fn assess(client: Client<'_>, case: &str, level: &str) -> String {
    assess_at(client, case, level, None).await
}

async fn assess_at(client: Client<'_>, case: &str, level: &str, at: Option<&str>) -> String {
    let mut body = json!({
        "instrument": "dara/1", "level": level, "assessor_role": "idva",
    });
    if let Some(at) = at {
        body["occurred_at"] = json!(at);
    }
    let path = format!("/v1/cases/{case}/risk-assessments");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

async fn timeline(client: Client<'_>, case: &str) -> Vec<Value> {
    let path = format!("/v1/cases/{case}/timeline?limit=100");
    client.get(&path).await.expect(200)["entries"].as_array().unwrap().clone()
}

/// What a case has been told, oldest first.
pub(crate) async fn told(client: Client<'_>, case: &str) -> Vec<Value> {
    let entries = timeline(client, case).await.into_iter();
    entries.filter(|entry| entry["type"] == "LinkedInformationReceived").collect()
}

/// What a case was told, once it is so much.
pub(crate) async fn told_of(client: Client<'_>, case: &str, most: usize) -> Vec<Value> {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        let told = told(client, case).await;
        if told.len() >= most {
            assert_eq!(told.len(), most, "told too much: {told:?}");
            return told.into_iter().map(|entry| entry["data"].clone()).collect();
        }
        assert!(Instant::now() < deadline, "told of {} things, not {most}", told.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until everything recorded so far has been looked at: what another pair is told comes after.
async fn everything_is_looked_at(service: &Service) {
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    assess(client, &his, "high").await;
    link(service, &his, &hers).await;
    told_of(client, &hers, 1).await;
}

/// A change of level as it is told, without the day.
fn change(told: &Value) -> (Value, Value) {
    assert_eq!(told["kind"], "risk_change", "{told}");
    (told["level"].clone(), told["previous_level"].clone())
}
