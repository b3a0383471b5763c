//! Linking, ending and looking at links.

use serde_json::{Value, json};

use super::{a_pair, end, link};
use crate::cases::{absent_id, an_open_case, text};
use crate::service::{Answer, Service};

fn body(one: &str, other: &str) -> Value {
    json!({"cases": [one, other], "reason": "family"})
}

fn refused(answer: &Answer) -> (u16, String, Value) {
    (answer.status, answer.problem(), answer.json()["errors"][0]["pointer"].clone())
}

#[tokio::test]
async fn what_cannot_be_linked_is_refused() {
    let service = Service::start().await;
    let manager = service.as_role("city", "team_manager");
    let (his, hers) = a_pair(service.worker()).await;
    let elsewhere = an_open_case(service.as_role("county", "caseworker")).await;
    let known = |status: u16, kind: &str, pointer: Value| (status, kind.to_owned(), pointer);
    let try_to_link = async |one: &str, other: &str| {
        refused(&manager.post("/v1/case-links", body(one, other)).await)
    };
    assert_eq!(try_to_link(&his, &his).await, known(422, "same-case", json!("/cases/1")));
    for nobodys in [absent_id(), elsewhere] {
        let unknown = known(422, "unknown-case", json!("/cases/1"));
        assert_eq!(try_to_link(&his, &nobodys).await, unknown);
        let unknown = known(422, "unknown-case", json!("/cases/0"));
        assert_eq!(try_to_link(&nobodys, &his).await, unknown);
    }
    let linked = link(&service, &his, &hers).await;
    for (one, other) in [(&his, &hers), (&hers, &his)] {
        assert_eq!(try_to_link(one, other).await, known(409, "already-linked", Value::Null));
    }
    for wrong in [
        json!({"cases": [his], "reason": "family"}),
        json!({"cases": [his, hers, his], "reason": "family"}),
        json!({"cases": [his, "canary"], "reason": "family"}),
        json!({"cases": [his, hers], "reason": "canary"}),
        json!({"cases": [his, hers]}),
        json!({"cases": [his, hers], "reason": "family", "canary": 1}),
    ] {
        let answer = manager.post("/v1/case-links", wrong).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "invalid"));
        assert!(!answer.text.contains("canary"), "{answer:?}");
    }
    let ending = |link: &str| format!("/v1/case-links/{link}/ending");
    let reason = || json!({"reason": "work_ended"});
    let late = json!({"reason": "work_ended", "occurred_at": "2999-01-01T00:00:00Z"});
    let answer = manager.post(&ending(&linked), late).await;
    assert_eq!(refused(&answer), known(422, "in-future", json!("/occurred_at")));
    let early = json!({"reason": "work_ended", "occurred_at": "2001-01-01T00:00:00Z"});
    let answer = manager.post(&ending(&linked), early).await;
    assert_eq!(refused(&answer), known(409, "before-previous-step", json!("/occurred_at")));
    end(&service, &linked).await;
    let answer = manager.post(&ending(&linked), reason()).await;
    assert_eq!(refused(&answer), known(409, "link-ended", Value::Null));
    for nothing in [absent_id(), his.clone(), "canary".to_owned()] {
        let answer = manager.post(&ending(&nothing), reason()).await;
        assert_eq!(refused(&answer), known(404, "not-found", Value::Null), "{nothing}");
        let answer = manager.get(&format!("/v1/case-links/{nothing}")).await;
        assert_eq!(refused(&answer), known(404, "not-found", Value::Null), "{nothing}");
    }
    let county = service.as_role("county", "team_manager");
    assert_eq!(county.get(&format!("/v1/case-links/{linked}")).await.status, 404);
    assert_eq!(county.get("/v1/case-links").await.expect(200)["links"], json!([]));
}

#[tokio::test]
async fn a_case_of_an_erased_person_is_not_linked() {
    let service = Service::start().await;
    let (his, hers) = a_pair(service.worker()).await;
    let read = service.worker().get(&format!("/v1/cases/{hers}")).await.expect(200);
    let path = format!("/v1/persons/{}/erasure", text(&read["person_id"]));
    let officer = service.as_role("city", "data_protection_officer");
    officer.post(&path, json!({"basis": "request"})).await.expect(201);
    let manager = service.as_role("city", "team_manager");
    let answer = manager.post("/v1/case-links", body(&his, &hers)).await;
    assert_eq!(refused(&answer), (409, "subject-erased".to_owned(), json!("/cases/1")));
}

#[tokio::test]
async fn two_who_link_the_same_cases_at_once_link_them_once() {
    let service = Service::start().await;
    let (his, hers) = a_pair(service.worker()).await;
    let manager = service.as_role("city", "team_manager");
    let posts = (0..8).map(|n| {
        let body = if n % 2 == 0 { body(&his, &hers) } else { body(&hers, &his) };
        async move { manager.post("/v1/case-links", body).await.status }
    });
    let mut statuses = futures_util::future::join_all(posts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_repeated_command_is_answered_the_same() {
    let service = Service::start().await;
    let (his, hers) = a_pair(service.worker()).await;
    let manager = service.as_role("city", "team_manager");
    let key = [("Idempotency-Key", "link-1")];
    let first = manager.post_with("/v1/case-links", &key, body(&his, &hers)).await;
    let again = manager.post_with("/v1/case-links", &key, body(&his, &hers)).await;
    assert_eq!(first.expect(201), again.expect(201));
    let place = first.header("location").unwrap().to_owned();
    assert_eq!(again.header("location"), Some(place.as_str()));
    let link = manager.get(&place).await.expect(200);
    assert_eq!(link["linkings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn links_are_told_at_two_dates_and_in_pages() {
    let service = Service::start().await;
    let manager = service.as_role("city", "team_manager");
    let worker = service.worker();
    let (his, hers) = a_pair(worker).await;
    let other = an_open_case(worker).await;
    let linked = json!({
        "cases": [his, hers], "reason": "household", "occurred_at": "2024-03-01T09:00:00Z",
    });
    let first = manager.post("/v1/case-links", linked).await.expect(201);
    let second = manager.post("/v1/case-links", body(&his, &other)).await.expect(201);
    let ended = json!({"reason": "not_safe", "occurred_at": "2024-05-01T09:00:00Z"});
    let path = format!("/v1/case-links/{}", text(&first["link_id"]));
    manager.post(&format!("{path}/ending"), ended).await.expect(201);

    let at = |as_of: &str| format!("{path}?as_of={as_of}");
    manager.get(&at("2024-02-01T00:00:00Z")).await.expect(404);
    let then = manager.get(&at("2024-04-01T00:00:00Z")).await.expect(200);
    assert_eq!(then["linked"], true);
    let now = manager.get(&path).await.expect(200);
    assert_eq!(now["linked"], false);
    let mut cases = [his.clone(), hers];
    cases.sort_unstable();
    assert_eq!(now["cases"], json!(cases));
    let linking = json!([{
        "reason": "household", "linked_at": "2024-03-01T09:00:00Z",
        "ended_at": "2024-05-01T09:00:00Z", "end_reason": "not_safe",
    }]);
    assert_eq!(now["linkings"], linking);

    let mut listed = Vec::new();
    let mut page = "/v1/case-links?limit=1".to_owned();
    loop {
        let answer = manager.get(&page).await.expect(200);
        listed.extend(answer["links"].as_array().unwrap().iter().map(|l| text(&l["link_id"])));
        let Some(next) = answer.get("next") else { break };
        page = format!("/v1/case-links?limit=1&cursor={}", text(next));
    }
    let mut links = [text(&first["link_id"]), text(&second["link_id"])];
    links.sort_unstable();
    assert_eq!(listed, links);
    let officer = service.as_role("city", "data_protection_officer");
    for (case, count) in [(&his, 2), (&other, 1), (&absent_id(), 0)] {
        let of_case = officer.get(&format!("/v1/case-links?case_id={case}")).await.expect(200);
        assert_eq!(of_case["links"].as_array().unwrap().len(), count, "{case}");
    }
    manager.get("/v1/case-links?case_id=canary").await.expect(422);
}
