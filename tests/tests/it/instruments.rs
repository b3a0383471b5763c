//! The instruments over HTTP, and what a service with them records.

use serde_json::{Value, json};

use crate::cases::{an_open_case, text};
use crate::service::Service;

#[tokio::test]
async fn every_instrument_is_listed_and_described() {
    let service = Service::start().await;
    let client = service.as_role("city", "operator");
    let listed = client.get("/v1/instruments").await.expect(200);
    let ids: Vec<String> =
        listed["instruments"].as_array().unwrap().iter().map(|one| text(&one["id"])).collect();
    for id in ["dash-safelives/2009", "police-dash/2009", "dara/1", "abuse-severity/1"] {
        assert!(ids.iter().any(|listed| listed == id), "{id}");
    }
    for id in &ids {
        let one = client.get(&format!("/v1/instruments/{id}")).await.expect(200);
        assert_eq!(one["id"], **id);
        assert_eq!(one["kind"] == "risk", one.get("questions").is_some(), "{id}");
        assert_eq!(one["kind"] == "measure", one.get("dimensions").is_some(), "{id}");
    }

    let dash = client.get("/v1/instruments/dash-safelives/2009").await.expect(200);
    assert_eq!(dash["questions"].as_array().unwrap().len(), 24);
    let rule = &dash["level_rule"];
    let thresholds: Vec<(&Value, &Value)> = rule["thresholds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|threshold| (&threshold["level"], &threshold["from"]))
        .collect();
    assert_eq!(thresholds, [(&json!("high"), &json!(14)), (&json!("medium"), &json!(10))]);
    assert_eq!(
        (&rule["counted"], &rule["could_count"], &rule["judgement"]),
        (&json!(["yes"]), &json!(["dont_know"]), &json!("raises_only"))
    );
    let police = client.get("/v1/instruments/police-dash/2009").await.expect(200);
    assert_eq!(police["questions"].as_array().unwrap().len(), 27);
    assert_eq!(police.get("level_rule"), None);

    for path in ["dash-safelives/2010", "dash/2009", "canary/7f3a"] {
        let absent = client.get(&format!("/v1/instruments/{path}")).await;
        assert_eq!((absent.status, absent.problem().as_str()), (404, "not-found"), "{path}");
    }
    let asked = client.get("/v1/instruments?kind=risk").await;
    assert_eq!((asked.status, asked.problem().as_str()), (422, "invalid"));
}

#[tokio::test]
async fn the_police_record_their_own_level_beside_their_answers() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let path = format!("/v1/cases/{case}/risk-assessments");
    let assessed = |answers: Value, level: Value| {
        json!({
            "occurred_at": "2024-02-01T09:00:00Z", "instrument": "police-dash/2009",
            "assessor_role": "officer", "source_organisation": "police", "answers": answers,
            "level": level,
        })
    };
    let answers: Value = (1..=27).map(|n| (format!("q{n}"), json!("yes"))).collect();
    let recorded = client.post(&path, assessed(answers.clone(), json!("medium"))).await;
    let event = text(&recorded.expect(201)["event_id"]);
    let event = client.get(&format!("/v1/cases/{case}/events/{event}")).await.expect(200);
    assert_eq!(
        (&event["data"]["yes_count"], &event["data"]["level"]),
        (&json!(27), &json!("medium"))
    );
    let without = client.post(&path, assessed(answers, Value::Null)).await;
    assert_eq!((without.status, without.problem().as_str()), (422, "no-risk-result"));
    let other = client.post(&path, assessed(json!({"q28": "yes"}), json!("high"))).await;
    assert_eq!((other.status, other.problem().as_str()), (422, "unknown-question"));
}
