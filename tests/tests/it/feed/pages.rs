//! The feed in pages.

use serde_json::{Value, json};

use super::reader::{every_event, position};
use crate::cases::{a_closed_case, an_attempt, an_open_case, text};
use crate::service::Service;

fn types(events: &[Value]) -> Vec<String> {
    let last = |event: &Value| text(&event["type"]).rsplit('.').next().unwrap().to_owned();
    events.iter().map(last).collect()
}

/// The events that a page has.
fn events(page: &Value) -> Vec<Value> {
    page["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_was_recorded_is_told_in_the_order_of_recording() {
    let service = Service::start().await;
    let case = a_closed_case(service.worker()).await;
    let answer = service.worker().get("/v1/events").await;
    let page = answer.expect(200);
    let told = events(&page);
    let expected = ["ReferralReceived", "ReferralAccepted", "CaseAllocated", "CaseClosed"];
    assert_eq!(types(&told), expected);
    // The tenant's beginning and the person's registration are not told of, and have positions.
    assert_eq!(told.iter().map(position).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert!(told.iter().all(|event| event["subject"] == json!(format!("case/{case}"))));
    assert_eq!((&page["next_after"], &page["head"]), (&json!(6), &json!(6)));
    assert_eq!(answer.header("throughline-position"), Some("6"));
}

#[tokio::test]
async fn small_pages_make_the_same_whole() {
    let service = Service::start().await;
    for _ in 0..3 {
        let case = an_open_case(service.worker()).await;
        an_attempt(service.worker(), &case).await;
    }
    let whole = every_event(service.worker()).await;
    assert_eq!(whole.len(), 12);
    for limit in [1, 2, 5] {
        let (mut after, mut pages) = (0, Vec::new());
        loop {
            let path = format!("/v1/events?after={after}&limit={limit}");
            let page = service.worker().get(&path).await.expect(200);
            assert!(events(&page).len() <= limit);
            assert!(page["next_after"].as_i64().unwrap() > after || events(&page).is_empty());
            after = page["next_after"].as_i64().unwrap();
            pages.extend(events(&page));
            if page["next_after"] == page["head"] {
                break;
            }
        }
        assert_eq!(pages, whole, "pages of {limit}");
    }
}

#[tokio::test]
async fn some_types_alone_can_be_asked_for() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    an_attempt(service.worker(), &case).await;
    let of = |name: &str| format!("org.throughline.case.{name}");
    let path = format!("/v1/events?type={}", of("ContactAttempted"));
    let page = service.worker().get(&path).await.expect(200);
    assert_eq!(types(&events(&page)), ["ContactAttempted"]);
    let both = format!("/v1/events?type={},{}", of("ContactAttempted"), of("CaseAllocated"));
    let page = service.worker().get(&both).await.expect(200);
    assert_eq!(types(&events(&page)), ["CaseAllocated", "ContactAttempted"]);
    // What was not asked for is behind the client all the same.
    let none = format!("/v1/events?type={}", of("CaseClosed"));
    let page = service.worker().get(&none).await.expect(200);
    assert_eq!((events(&page).len(), &page["next_after"]), (0, &page["head"]));
}

#[tokio::test]
async fn what_cannot_be_right_is_refused() {
    let service = Service::start().await;
    an_open_case(service.worker()).await;
    for query in [
        "after=-1",
        "after=x",
        "after=6",
        "after=9223372036854775807",
        "limit=0",
        "limit=1001",
        "type=",
        "type=ContactAttempted",
        "type=org.throughline.person.LegalHoldPlaced",
        "type=org.throughline.case.CaseClosed,",
        "known_at=2024-01-01T00:00:00Z",
    ] {
        let answer = service.worker().get(&format!("/v1/events?{query}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "invalid"), "{query}");
        if !query.starts_with("limit") {
            let stream = service.worker().get(&format!("/v1/events/stream?{query}")).await;
            assert_eq!((stream.status, stream.problem().as_str()), (422, "invalid"), "{query}");
        }
    }
    let at_the_end = service.worker().get("/v1/events?after=5").await.expect(200);
    assert_eq!(events(&at_the_end).len(), 0);
}

#[tokio::test]
async fn a_page_can_wait_for_a_position() {
    let service = Service::start().await;
    an_open_case(service.worker()).await;
    let far = service.worker().get_with("/v1/events", &[("Throughline-After", "6")]).await;
    assert_eq!(far.problem(), "not-yet");
    let there = service.worker().get_with("/v1/events", &[("Throughline-After", "5")]).await;
    there.expect(200);
}
