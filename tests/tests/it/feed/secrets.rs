//! What the feed does not tell: words, identities, who recorded, and anything of another tenant.

use serde_json::{Value, json};

use super::reader::{every_event, follow};
use crate::cases::{an_attempt, an_open_case, text};
use crate::service::Service;
use crate::telemetry::commands::{Description, path_for};

/// Part of what the description's bodies have wherever words go, names among them.
const WORDS: [&str; 2] = ["she moved", "\u{1f426}"];

#[tokio::test]
async fn no_words_and_no_identity_are_in_the_feed() {
    let service = Service::start().await;
    let client = service.worker();
    let description = Description::read(client).await;
    let officer = service.as_role("city", "data_protection_officer");
    for operation in description.operations() {
        if operation.method != "POST" || operation.is_operators() {
            continue;
        }
        let body = description.body(&operation);
        if operation.is_about_a_person() {
            let case = an_open_case(client).await;
            let case = client.get(&format!("/v1/cases/{case}")).await.expect(200);
            let path = operation.path.replace("{person_id}", &text(&case["person_id"]));
            if !path.contains("{hold_id}") {
                officer.post(&path, body).await.expect(201);
            }
        } else {
            let path = path_for(client, &operation).await;
            client.post_with(&path, &[("If-Match", "*")], body).await.expect(201);
        }
    }
    // The words are there, for those who may read them.
    let events = every_event(client).await;
    let mut readable = 0;
    for event in &events {
        let subject = text(&event["subject"]);
        if let Some(case) = subject.strip_prefix("case/") {
            let timeline = client.get(&format!("/v1/cases/{case}/timeline")).await.text;
            readable += usize::from(timeline.contains(WORDS[0]));
        }
    }
    assert!(readable > 20, "{readable}");

    let page = client.get("/v1/events?limit=1000").await.text;
    let mut stream = follow(&service, "/v1/events/stream?after=0", None).await;
    let streamed = stream.events(events.len()).await;
    let streamed: String = streamed.iter().map(|event| event.data.to_string()).collect();
    for text in [page, streamed] {
        assert!(text.contains("canary9f3a"), "codes are told");
        for words in WORDS {
            assert!(!text.contains(words), "{words}");
        }
        for name in ["narrative", "given_name", "family_name", "actor", "sealed", "traceparent"] {
            assert!(!text.contains(name), "{name}");
        }
        // What only the data protection officer is told.
        for kind in ["LegalHold", "PersonRegistered", "\"basis\""] {
            assert!(!text.contains(kind), "{kind}");
        }
    }
}

#[tokio::test]
async fn a_tenants_feed_has_nothing_of_another() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let token = service.token("county", "caseworker").await;
    let county = service.as_role("county", "caseworker");
    let path = "/v1/events/stream?after=0";
    let mut stream = super::reader::Stream::open(&service, &token, path, None).await.unwrap();
    let own = an_open_case(county).await;
    an_attempt(service.worker(), &case).await;
    let attempt = an_attempt(county, &own).await;
    let mut told: Vec<Value> = Vec::new();
    while told.last().is_none_or(|event| event["id"] != json!(attempt)) {
        told.push(stream.event().await.unwrap().data);
    }
    assert_eq!(told.len(), 4);
    assert_eq!(told, every_event(county).await);
    assert!(told.iter().all(|event| event["subject"] == json!(format!("case/{own}"))));
    let ours = every_event(service.worker()).await;
    assert_ne!(ours[0]["source"], told[0]["source"]);
    for event in told.iter().chain(&ours) {
        let source = text(&event["source"]);
        assert!(!source.contains("city") && !source.contains("county"), "{source}");
    }
    // A position of a longer log is none of this one.
    for _ in 0..6 {
        an_attempt(service.worker(), &case).await;
    }
    county.get("/v1/events?after=12").await.expect(422);
}
