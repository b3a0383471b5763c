//! The journeys of the demonstration, posted as a client would, and every value that is stated of
//! them asked for again.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::cases::text;
use crate::demo_data::{CHELSEA, DRIVE_CASE_MANAGER, DRIVE_IDVA, MEGAN, SUE};
use crate::service::{Client, Service, read};

const JOURNEYS: [(&str, &str); 5] = [
    ("megan", MEGAN),
    ("sue", SUE),
    ("chelsea", CHELSEA),
    ("drive-case-manager", DRIVE_CASE_MANAGER),
    ("drive-idva", DRIVE_IDVA),
];

/// Where each kind of fact is posted, and the member that names the fact it follows, which the path
/// has.
fn endpoint(kind: &str) -> (&'static str, Option<&'static str>) {
    match kind {
        "ReferralAccepted" => ("acceptance", None),
        "CaseAllocated" => ("allocations", None),
        "ContactAttempted" => ("contact-attempts", None),
        "RiskAssessed" => ("risk-assessments", None),
        "IncidentReported" => ("incidents", None),
        "ProtectiveOrderRecorded" => ("orders", None),
        "MultiAgencyReferralMade" => ("multi-agency-referrals", None),
        "ChildProtectionStatusChanged" => ("child-protection-statuses", None),
        "AgencyActionRecorded" => ("agency-actions", None),
        "SupportProvided" => ("support", None),
        "MeasureRecorded" => ("measures", None),
        "NeedIdentified" => ("needs", None),
        "NeedResolved" => ("needs/{}/resolution", Some("need")),
        "SafeContactPlanSet" => ("safe-contact-plan", None),
        "ContactHeld" => ("contact-holds", None),
        "ContactHoldLifted" => ("contact-holds/{}/lifting", Some("hold")),
        "InformationRequested" => ("information-requests", None),
        "InformationChased" => ("information-requests/{}/chases", Some("request")),
        "InformationEscalated" => ("information-requests/{}/escalations", Some("request")),
        "InformationReceived" => ("information-requests/{}/response", Some("request")),
        "ReviewCompleted" => ("reviews", None),
        "ClosureProposed" => ("closure-proposals", None),
        "CaseClosed" => ("closure", None),
        other => panic!("no endpoint for {other}"),
    }
}

/// Posts a journey fact by fact and returns its case. An arm is drawn and not posted.
///
/// A closure that somebody approved is posted as that manager: who closes approves.
pub(crate) async fn post(service: &Service, journey: &Value) -> String {
    let client = service.worker();
    let mut case = String::new();
    let mut labels: BTreeMap<String, Value> = BTreeMap::new();
    for fact in posted(journey) {
        let mut body = fact.as_object().unwrap().clone();
        let kind = text(&body.remove("type").unwrap());
        let label = body.remove("label");
        if let Some(note) = body.remove("note") {
            body.insert("narrative".to_owned(), note);
        }
        if kind == "ReferralReceived" {
            case = refer(client, journey, body).await;
            continue;
        }
        for value in body.values_mut() {
            if let Some(label) = value.get("fact") {
                *value = labels[label.as_str().unwrap()].clone();
            }
        }
        let (path, named) = endpoint(&kind);
        let about = named.map(|member| text(&body.remove(member).unwrap())).unwrap_or_default();
        let path = format!("/v1/cases/{case}/{}", path.replace("{}", &about));
        let method = if kind == "SafeContactPlanSet" { Method::PUT } else { Method::POST };
        let headers = [("If-Match", "*")];
        let answer = match body.get("approver") {
            Some(approver) => {
                let manager = ["--role", "team_manager", "--subject", approver.as_str().unwrap()];
                let token = service.issue(&[&["--tenant", "city"], &manager[..]].concat()).await;
                let request = service.request(method, &path).bearer_auth(token);
                read(request.header("If-Match", "*").json(&body)).await
            }
            None => client.send(method, &path, &headers, Some(Value::Object(body))).await,
        };
        let event = answer.expect(201)["event_id"].clone();
        labels.extend(label.map(|label| (text(&label), event)));
    }
    case
}

/// The facts that a client can post.
fn posted(journey: &Value) -> impl Iterator<Item = &Value> {
    journey["facts"].as_array().unwrap().iter().filter(|fact| fact["type"] != "ArmAllocated")
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
        let answer = client.get(&format!("/v1/cases/{case}?as_of={as_of}")).await;
        if expected["absent"] == true {
            answer.expect(404);
            continue;
        }
        let answer = answer.expect(200);
        assert_eq!(answer["risk"]["level"], expected["risk_level"], "{as_of}");
        if let Some(needs) = expected.get("open_needs") {
            let open = answer["open_needs"].as_array().unwrap().iter();
            assert_eq!(&json!(open.map(|open| &open["need"]).collect::<Vec<_>>()), needs);
        }
        if let Some(held) = expected.get("contact_held") {
            assert_eq!(&json!(!answer["contact_holds"].as_array().unwrap().is_empty()), held);
        }
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
async fn every_journey_comes_back_as_it_is_told() {
    let service = Service::start().await;
    let client = service.worker();
    for (name, journey) in JOURNEYS {
        let journey: Value = serde_json::from_str(journey).unwrap();
        let case = post(&service, &journey).await;
        assert_expectations(client, &case, &journey).await;

        let timeline = client.get(&format!("/v1/cases/{case}/timeline")).await.expect(200);
        let entries = timeline["entries"].as_array().unwrap();
        assert_eq!(entries.len(), posted(&journey).count());
        let notes: Vec<&Value> = posted(&journey).filter_map(|f| f.get("note")).collect();
        let narratives: Vec<&Value> = entries.iter().filter_map(|e| e.get("narrative")).collect();
        assert_eq!(narratives, notes, "the words come back in order");
        insta::assert_snapshot!(name, story(entries));
    }
}

/// A timeline as somebody reads it: the day, the fact in a sentence, the words beneath.
fn story(entries: &[Value]) -> String {
    let tell = |entry: &Value| {
        let day = if entry["precision"] == "month" { 7 } else { 10 };
        let day = &text(&entry["occurred_at"])[..day];
        let words = entry.get("narrative").map(|words| format!("\n            {}", text(words)));
        format!("{day:10}  {}{}", text(&entry["summary"]), words.unwrap_or_default())
    };
    entries.iter().map(tell).collect::<Vec<_>>().join("\n")
}

/// DOMAIN golden fact 1: medium, high, medium, high, standard, and still so at the end of July 2015.
#[tokio::test]
async fn megans_risk_went_as_the_report_tells_it() {
    let service = Service::start().await;
    let client = service.worker();
    let case = post(&service, &serde_json::from_str(MEGAN).unwrap()).await;
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
    let case = post(&service, &journey).await;
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
