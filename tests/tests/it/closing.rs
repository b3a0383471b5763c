//! Closing a case on the terms of its programme, coming back to it, and moving it between areas.

use serde_json::{Value, json};

use crate::cases::{CLOSED_AT, OPENED_AT, a_closed_case, a_referral, an_open_case, text};
use crate::service::{Client, Service};

/// A second version of the MRP, by which closing for `goals_met` is approved.
const IN_FORCE: &str = "2023-01-01";

pub(crate) async fn with_approval(service: &Service) {
    let mut mrp = service.worker().get("/v1/programmes/mrp/versions/1").await.expect(200);
    mrp["version"] = json!(2);
    mrp["in_force_from"] = json!(IN_FORCE);
    mrp["closure"]["approval_for"] = json!(["goals_met"]);
    mrp["closure"]["reasons"].as_array_mut().unwrap().retain(|reason| *reason != "duplicate");
    let manager = service.as_role("city", "team_manager");
    manager.post("/v1/programmes", mrp).await.expect(201);
}

pub(crate) async fn a_proposal(client: Client<'_>, case: &str) -> String {
    let path = format!("/v1/cases/{case}/closure-proposals");
    let body = json!({"occurred_at": "2024-05-01T09:00:00Z", "reason": "goals_met"});
    text(&client.post(&path, body).await.expect(201)["event_id"])
}

fn approved(proposal: &str) -> Value {
    json!({"occurred_at": CLOSED_AT, "reason": "goals_met", "proposal": proposal})
}

#[tokio::test]
async fn a_manager_approves_what_a_caseworker_proposes_and_is_told_of_as_the_approver() {
    let service = Service::start().await;
    // Whoever was referred before keeps the terms of then.
    let before = an_open_case(service.worker()).await;
    with_approval(&service).await;
    let case = an_open_case(service.worker()).await;
    let proposal = a_proposal(service.worker(), &case).await;
    let manager = service.as_role("city", "team_manager");
    let closed = manager.step(&case, "closure", approved(&proposal)).await.expect(201);
    let event = format!("/v1/cases/{case}/events/{}", text(&closed["event_id"]));
    let event = manager.get(&event).await.expect(200);
    assert_eq!(event["data"]["proposal"], json!(proposal));
    assert_eq!(event["data"]["approver"], json!("team-manager"), "{event}");
    let state = manager.get(&format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!((&state["status"], state.get("closure_proposal")), (&json!("closed"), None));

    let free = json!({"reason": "goals_met"});
    service.worker().step(&before, "closure", free).await.expect(201);
}

#[tokio::test]
async fn whoever_corrected_a_proposal_does_not_approve_it_and_another_manager_does() {
    let service = Service::start().await;
    with_approval(&service).await;
    let case = an_open_case(service.worker()).await;
    let proposal = a_proposal(service.worker(), &case).await;
    let manager = service.as_role("city", "team_manager");
    let correction =
        json!({"reason": "Wrong day.", "replacement": {"occurred_at": "2024-05-02T09:00:00Z"}});
    let path = format!("/v1/cases/{case}/events/{proposal}/correction");
    manager.post(&path, correction).await.expect(201);
    let refused = manager.step(&case, "closure", approved(&proposal)).await;
    assert_eq!((refused.status, refused.problem()), (409, "self-approval".to_owned()));

    let arguments = ["--tenant", "city", "--role", "team_manager", "--subject", "m-other"];
    let other = service.issue(&arguments).await;
    let path = format!("/v1/cases/{case}/closure");
    let request = service.request(reqwest::Method::POST, &path).bearer_auth(other);
    let request = request.header("If-Match", "*").json(&approved(&proposal));
    crate::service::read(request).await.expect(201);
}

#[tokio::test]
async fn a_reason_that_needs_evidence_is_closed_on_its_proposals() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let attempt = crate::cases::an_attempt(client, &case).await;
    let path = format!("/v1/cases/{case}/closure-proposals");
    let body = json!({"occurred_at": "2024-05-01T09:00:00Z", "reason": "disengaged", "evidence": [attempt]});
    let proposal = client.post(&path, body).await.expect(201);
    let body = json!({"reason": "disengaged", "proposal": proposal["event_id"]});
    client.step(&case, "closure", body).await.expect(201);
}

#[tokio::test]
async fn a_person_comes_back_to_a_closed_case_and_both_cases_say_so() {
    let service = Service::start().await;
    let client = service.worker();
    let case = a_closed_case(client).await;
    let read =
        async |case: &str, at: &str| client.get(&format!("/v1/cases/{case}{at}")).await.expect(200);
    let person = read(&case, "").await["person_id"].clone();
    let mut referral = a_referral();
    referral["person"] = json!({"person_id": person});
    referral["received_at"] = json!("2024-09-01T09:00:00Z");
    referral["returns_from"] = json!(case);
    let back = client.post("/v1/referrals", referral.clone()).await.expect(201);
    let back_case = text(&back["case_id"]);
    assert_eq!(read(&back_case, "").await["returns_from"], json!(case));
    assert_eq!(read(&case, "").await["returned_as"], json!([back_case]));
    // Before they came back, nobody knew.
    let then = read(&case, "?as_of=2024-08-01T09:00:00Z").await;
    assert_eq!(then.get("returned_as"), None);
    // A second return stands beside the first, and a correction is seen at both ends.
    let again = client.post("/v1/referrals", referral).await.expect(201);
    let again = text(&again["case_id"]);
    assert_eq!(read(&case, "").await["returned_as"], json!([back_case, again]));
    let path = format!("/v1/cases/{back_case}/events/{}/correction", text(&back["event_id"]));
    let correction = json!({"reason": "Not the same.", "replacement": {"returns_from": null}});
    client.post(&path, correction).await.expect(201);
    assert_eq!(read(&case, "").await["returned_as"], json!([again]));
    assert_eq!(read(&back_case, "").await.get("returns_from"), None);
    let correction = json!({"reason": "The same.", "replacement": {"returns_from": case}});
    client.post(&path, correction).await.expect(201);
    assert_eq!(read(&case, "").await["returned_as"], json!([back_case, again]));

    // It can still be reopened: the next episode of the same case.
    client.step(&case, "reopening", json!({"reason": "asked"})).await.expect(201);
    let state = read(&case, "").await;
    assert_eq!((&state["status"], &state["episode"]), (&json!("open"), &json!(2)));
}

#[tokio::test]
async fn a_case_moves_between_the_areas_of_its_programme() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let path = format!("/v1/cases/{case}/transfers");
    let body = |area: &str| json!({"occurred_at": OPENED_AT, "area": area});
    let moved = client.post(&path, body("south")).await.expect(201);
    let read = client.get(&format!("/v1/cases/{case}")).await.expect(200);
    assert_eq!(read["area"], json!("south"));
    let refused = client.post(&path, body("essex")).await;
    assert_eq!((refused.status, refused.problem()), (422, "unknown-area".to_owned()));
    // Nor is it corrected to have moved elsewhere.
    let path = format!("/v1/cases/{case}/events/{}/correction", text(&moved["event_id"]));
    let correction = json!({"reason": "Elsewhere.", "replacement": {"area": "essex"}});
    let refused = client.post(&path, correction).await;
    assert_eq!((refused.status, refused.problem()), (422, "unknown-area".to_owned()));
    assert_eq!(refused.json()["errors"][0]["pointer"], json!("/replacement/area"));
}
