//! What became of referrals that were posted over HTTP, now and at two dates.

use serde_json::{Value, json};

use crate::cases::text;
use crate::service::{Client, Service};

const PIPELINE: &str = "/v1/referral-pipeline?programme=mrp";

async fn refer(client: Client<'_>, area: &str, source: &str) -> String {
    let referral = json!({
        "programme": "mrp", "role": "victim_survivor", "area": area, "source": source,
        "received_at": "2024-01-10T00:00:00Z", "latest_incident_at": "2024-01-01T00:00:00Z",
        "person": {"given_name": "Ada"},
    });
    text(&client.post("/v1/referrals", referral).await.expect(201)["case_id"])
}

async fn attempt(client: Client<'_>, case: &str, outcome: &str, at: &str) -> String {
    let body = json!({"occurred_at": at, "channel": "phone", "outcome": outcome});
    let path = format!("/v1/cases/{case}/contact-attempts");
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

/// The answer now, out of the table; and the very same out of the log at the dates it names.
async fn pipeline(client: Client<'_>, filters: &str) -> Value {
    let question = format!("{PIPELINE}{filters}");
    let now = client.get(&question).await.expect(200);
    let dates = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let then = client.get(&format!("{question}&{dates}")).await.expect(200);
    assert_eq!(now, then, "the table and the log give one answer");
    now
}

fn groups(answer: &Value, by: &str, name: &str) -> Value {
    let groups = answer[by].as_array().unwrap().iter();
    json!(groups.map(|g| json!([g[name], g["referrals"], g["percent"]])).collect::<Vec<_>>())
}

/// Source: MRP report, section 4.1.
#[tokio::test]
async fn the_published_referrals_come_back_by_area() {
    let service = Service::start().await;
    for (area, count) in [("city", 40), ("north", 34), ("south", 37)] {
        for _ in 0..count {
            refer(service.worker(), area, "police").await;
        }
    }
    let evaluator = service.as_role("city", "evaluator");
    let answer = pipeline(evaluator, "").await;
    assert_eq!(answer["referrals"], 111);
    let published = json!([["city", 40, 36.0], ["north", 34, 30.6], ["south", 37, 33.3]]);
    assert_eq!(groups(&answer, "by_area", "area"), published);
    assert_eq!(groups(&answer, "by_source", "source"), json!([["police", 111, 100.0]]));
    let waits = &answer["waits"];
    assert_eq!(waits["incident_to_referral"]["days"]["p90"], 9.0);
    assert_eq!(waits["referral_to_first_reach"]["not_yet"], 111);
    assert_eq!(waits["referral_to_first_reach"]["days"], Value::Null);
    assert_eq!(pipeline(evaluator, "&area=north").await["referrals"], 34);
    assert_eq!(pipeline(evaluator, "&source=health").await["referrals"], 0);
    assert_eq!(pipeline(evaluator, "&role=perpetrator").await["referrals"], 0);
    assert_eq!(pipeline(evaluator, "&from=2024-01-10T00:00:00Z").await["referrals"], 111);
    assert_eq!(pipeline(evaluator, "&to=2024-01-10T00:00:00Z").await["referrals"], 0);
}

#[tokio::test]
async fn decisions_and_waits_are_of_the_dates_asked_about() {
    let service = Service::start().await;
    let client = service.worker();
    let [accepted, declined] =
        [refer(client, "city", "self").await, refer(client, "south", "police").await];
    let at = json!({"occurred_at": "2024-01-12T00:00:00Z"});
    client.step(&accepted, "acceptance", at).await.expect(201);
    let no = json!({"occurred_at": "2024-01-20T00:00:00Z", "reason": "out_of_area"});
    client.step(&declined, "decline", no).await.expect(201);
    let event = attempt(client, &accepted, "reached", "2024-01-15T00:00:00Z").await;

    let now = pipeline(client, "").await;
    let decisions = json!({"pending": 0, "waiting": 0, "accepted": 1, "declined": 1});
    assert_eq!(now["decisions"], decisions);
    assert_eq!(now["by_decision"][1]["decline_reason"], "out_of_area");
    let wait = json!({
        "known": 1, "not_yet": 1, "not_yet_declined": 1, "beginning_unknown": 0,
        "days": {"mean": 5.0, "min": 5.0, "p25": 5.0, "median": 5.0, "p75": 5.0, "p90": 5.0,
            "max": 5.0},
    });
    assert_eq!(now["waits"]["referral_to_first_reach"], wait);
    // Two days and ten.
    let decided = &now["waits"]["referral_to_decision"]["days"];
    assert_eq!((&decided["median"], &decided["p90"]), (&json!(6.0), &json!(9.2)));

    // What had happened by the fifteenth of January: one was still undecided, one just reached.
    let then = client.get(&format!("{PIPELINE}&as_of=2024-01-15T00:00:00Z")).await.expect(200);
    let decisions = json!({"pending": 1, "waiting": 0, "accepted": 1, "declined": 0});
    assert_eq!(then["decisions"], decisions);
    assert_eq!(then["waits"]["referral_to_first_reach"]["known"], 1);
    let then = client.get(&format!("{PIPELINE}&as_of=2024-01-14T00:00:00Z")).await.expect(200);
    assert_eq!(then["waits"]["referral_to_first_attempt"]["not_yet"], 2);
    let then = client.get(&format!("{PIPELINE}&as_of=2024-01-09T00:00:00Z")).await.expect(200);
    assert_eq!((&then["referrals"], &then["by_area"]), (&json!(0), &json!([])));

    // An attempt that is told late was the first, and a correction says it reached nobody.
    let known = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    attempt(client, &accepted, "no_answer", "2024-01-13T00:00:00Z").await;
    let path = format!("/v1/cases/{accepted}/events/{event}/correction");
    let correction = json!({"reason": "a slip", "replacement": {"outcome": "left_message"}});
    client.post(&path, correction).await.expect(201);
    let waits = pipeline(client, "").await["waits"].clone();
    assert_eq!(waits["referral_to_first_attempt"]["days"]["median"], 3.0);
    assert_eq!(waits["incident_to_first_attempt"]["days"]["median"], 12.0);
    assert_eq!(waits["referral_to_first_reach"]["known"], 0);
    let as_known = client.get(&format!("{PIPELINE}&{known}")).await.expect(200);
    assert_eq!(as_known, now, "what was known then stays as it was");
    let recorded = client.get(&format!("{PIPELINE}&reading=recorded")).await.expect(200);
    assert_eq!(recorded["waits"]["referral_to_first_reach"]["known"], 1, "not looked through");
}
