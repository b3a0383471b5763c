//! The journeys of the MRP report, posted as a client would, and every value that the report
//! states asked for again.

use serde_json::{Map, Value, json};

use crate::demo_data::{MEGAN, SUE};
use crate::service::{Client, Service};

/// Where each kind of fact is posted, and whether it is a step of the lifecycle.
fn endpoint(kind: &str) -> (&'static str, bool) {
    match kind {
        "ReferralAccepted" => ("acceptance", true),
        "CaseAllocated" => ("allocations", true),
        "ContactAttempted" => ("contact-attempts", false),
        "RiskAssessed" => ("risk-assessments", false),
        "IncidentReported" => ("incidents", false),
        "ProtectiveOrderRecorded" => ("orders", false),
        "MultiAgencyReferralMade" => ("multi-agency-referrals", false),
        "ChildProtectionStatusChanged" => ("child-protection-statuses", false),
        "AgencyActionRecorded" => ("agency-actions", false),
        "SupportProvided" => ("support", false),
        "NeedIdentified" => ("needs", false),
        other => panic!("no endpoint for {other}"),
    }
}

/// Posts a journey fact by fact and returns its case.
async fn post(client: Client<'_>, journey: &Value) -> String {
    let mut case = String::new();
    for fact in journey["facts"].as_array().unwrap() {
        let mut body = fact.as_object().unwrap().clone();
        let kind = body.remove("type").unwrap().as_str().unwrap().to_owned();
        if let Some(note) = body.remove("note") {
            body.insert("narrative".to_owned(), note);
        }
        if kind == "ReferralReceived" {
            case = refer(client, journey, body).await;
            continue;
        }
        let (path, is_step) = endpoint(&kind);
        let answer = if is_step {
            client.step(&case, path, Value::Object(body)).await
        } else {
            client.post(&format!("/v1/cases/{case}/{path}"), Value::Object(body)).await
        };
        answer.expect(201);
    }
    case
}

async fn refer(client: Client<'_>, journey: &Value, mut body: Map<String, Value>) -> String {
    let received = body.remove("occurred_at").unwrap();
    body.insert("received_at".to_owned(), received);
    for member in ["programme", "role", "area", "person"] {
        body.insert(member.to_owned(), journey[member].clone());
    }
    let referred = client.post("/v1/referrals", Value::Object(body)).await.expect(201);
    referred["case_id"].as_str().unwrap().to_owned()
}

async fn assert_expectations(client: Client<'_>, case: &str, journey: &Value) {
    let expectations = journey["expect"].as_array().unwrap();
    assert!(!expectations.is_empty());
    for expected in expectations {
        let as_of = expected["as_of"].as_str().unwrap();
        let answer = client.get(&format!("/v1/cases/{case}?as_of={as_of}")).await.expect(200);
        assert_eq!(answer["risk"]["level"], expected["risk_level"], "{as_of}");
        if let Some(status) = expected.get("status") {
            assert_eq!(&answer["status"], status, "{as_of}");
        }
        if let Some(before) = expected.get("last_reached_before") {
            let reached = answer["contacts"]["last_reached_at"].as_str().unwrap();
            assert!(reached < before.as_str().unwrap(), "{reached}");
        }
    }
}

#[tokio::test]
async fn megan_and_sue_come_back_as_the_report_tells_them() {
    let service = Service::start().await;
    let client = service.worker();
    for journey in [MEGAN, SUE] {
        let journey: Value = serde_json::from_str(journey).unwrap();
        let case = post(client, &journey).await;
        assert_expectations(client, &case, &journey).await;

        let timeline = client.get(&format!("/v1/cases/{case}/timeline")).await.expect(200);
        let entries = timeline["entries"].as_array().unwrap();
        assert_eq!(entries.len(), journey["facts"].as_array().unwrap().len());
        let notes: Vec<&Value> =
            journey["facts"].as_array().unwrap().iter().filter_map(|f| f.get("note")).collect();
        let narratives: Vec<&Value> = entries.iter().filter_map(|e| e.get("narrative")).collect();
        assert_eq!(narratives, notes, "the words come back in order");
    }
}

/// DOMAIN golden fact 1: medium, high, medium, high, standard, and still so at the end of July 2015.
#[tokio::test]
async fn megans_risk_went_as_the_report_tells_it() {
    let service = Service::start().await;
    let client = service.worker();
    let case = post(client, &serde_json::from_str(MEGAN).unwrap()).await;
    let path = format!("/v1/cases/{case}/risk-trajectory?as_of=2015-07-31T00:00:00Z");
    let trajectory = client.get(&path).await.expect(200);
    let spells: Vec<Value> = trajectory["spells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|spell| json!([spell["level"], spell["from"], spell["days"]]))
        .collect();
    let expected = json!([
        ["medium", "2014-03-01T00:00:00Z", 31.0],
        ["high", "2014-04-01T00:00:00Z", 91.0],
        ["medium", "2014-07-01T00:00:00Z", 153.0],
        ["high", "2014-12-01T00:00:00Z", 31.0],
        ["standard", "2015-01-01T00:00:00Z", 211.0],
    ]);
    assert_eq!(json!(spells), expected);
    assert_eq!(trajectory["current"]["level"], "standard");
    let moves = ["rises", "falls", "unchanged", "not_assessed_days"].map(|of| &trajectory[of]);
    assert_eq!(json!(moves), json!([2, 2, 0, 0.0]));
    let then = format!("/v1/cases/{case}/risk-trajectory?as_of=2014-05-31T00:00:00Z");
    assert_eq!(client.get(&then).await.expect(200)["current"]["level"], "high");
}

#[tokio::test]
async fn what_was_known_before_it_was_recorded_is_nothing() {
    let service = Service::start().await;
    let client = service.worker();
    let journey: Value = serde_json::from_str(MEGAN).unwrap();
    let case = post(client, &journey).await;
    // She was at high risk in May 2014, and nobody here knew of her.
    let answer = client
        .get(&format!("/v1/cases/{case}?as_of=2014-05-31T00:00:00Z&known_at=2014-05-31T00:00:00Z"))
        .await;
    assert_eq!((answer.status, answer.problem().as_str()), (404, "not-found"));
    let caseload = client.get("/v1/caseloads?as_of=2014-05-31T00:00:00Z").await.expect(200);
    assert_eq!(
        caseload["totals"],
        json!({"open": 1, "dormant": 1, "high_risk": 1, "reviews_overdue": 0})
    );
}
