//! What the feed does not tell: words, identities, who recorded, and anything of another tenant.

use reqwest::Method;
use serde_json::{Value, json};

use super::reader::{every_event, follow};
use crate::cases::{an_attempt, an_open_case, text};
use crate::service::Service;
use crate::telemetry::commands::{Description, give};

/// Part of what the description's bodies have wherever words go, names among them.
const WORDS: [&str; 2] = ["she moved", "\u{1f426}"];

#[tokio::test]
async fn no_words_and_no_identity_are_in_the_feed() {
    let service = Service::start().await;
    let client = service.worker();
    let description = Description::read(client).await;
    let officer = service.as_role("city", "data_protection_officer");
    for operation in description.operations() {
        if operation.is_casework() {
            give(&service, &description, &operation).await.expect(201);
        } else if operation.is_about_a_person() {
            let body = description.body(&operation);
            let case = an_open_case(client).await;
            let case = client.get(&format!("/v1/cases/{case}")).await.expect(200);
            let path = operation.path.replace("{person_id}", &text(&case["person_id"]));
            if !path.contains("{hold_id}") {
                officer.post(&path, body).await.expect(201);
            }
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
        // What only the data protection officer is told, and how a person can be contacted safely.
        for kind in ["SafeContactPlan", "ContactH", "third_party", "may_be_told", "hours"] {
            assert!(!text.contains(kind), "{kind}");
        }
        for kind in ["LegalHold", "PersonRegistered", "\"basis\""] {
            assert!(!text.contains(kind), "{kind}");
        }
    }
}

/// A copy of the feed that leaks must not lead anybody to her door, nor say that there is something
/// to look for: not even which events were corrected or taken back.
#[tokio::test]
async fn how_a_person_can_be_contacted_safely_is_not_in_the_feed() {
    let service = Service::start().await;
    let client = service.worker();
    let case = an_open_case(client).await;
    let path = |below: &str| format!("/v1/cases/{case}/{below}");
    let phone = |from: &str| {
        json!({"phone": {
            "safety": "conditions", "third_party": "canary_sister",
            "hours": [{"days": ["monday"], "from": from, "until": "20:17"}],
        }})
    };
    let plan = json!({
        "channels": phone("18:13"), "otherwise": "unsafe", "may_be_told": ["canary_gp"],
        "narrative": "canary: never call on Sundays",
    });
    let plan = client.send(Method::PUT, &path("safe-contact-plan"), &[], Some(plan)).await;
    let plan = text(&plan.expect(201)["event_id"]);
    let reason = json!({"reason": "planned_or_pending"});
    let hold = client.post(&path("contact-holds"), reason).await.expect(201);
    let hold = text(&hold["event_id"]);
    let lifting = format!("contact-holds/{hold}/lifting");
    let lifting = client.post(&path(&lifting), json!({})).await.expect(201);
    let lifting = text(&lifting["event_id"]);
    for (event, changes) in [
        (&plan, json!({"channels": phone("18:14"), "may_be_told": ["canary_aunt"]})),
        (&hold, json!({"reason": "not_safe"})),
        (&lifting, json!({"narrative": "canary"})),
    ] {
        let body = json!({"reason": "canary", "replacement": changes});
        client.post(&path(&format!("events/{event}/correction")), body).await.expect(201);
    }
    for event in [&lifting, &hold, &plan] {
        let body = json!({"reason": "canary"});
        client.post(&path(&format!("events/{event}/retraction")), body).await.expect(201);
    }
    // What comes after is told, and what is taken back of it too.
    let attempt = an_attempt(client, &case).await;
    let body = json!({"reason": "canary"});
    client.post(&path(&format!("events/{attempt}/retraction")), body).await.expect(201);

    let events = every_event(client).await;
    let kinds: Vec<String> = events.iter().map(|event| text(&event["type"])).collect();
    let told = [
        "ReferralReceived",
        "ReferralAccepted",
        "CaseAllocated",
        "ContactAttempted",
        "FactRetracted",
    ];
    assert_eq!(kinds, told.map(|kind| format!("org.throughline.case.{kind}")));
    let page = client.get("/v1/events?limit=1000").await.text;
    let mut stream = follow(&service, "/v1/events/stream?after=0", None).await;
    let streamed = stream.events(events.len()).await;
    let streamed: String = streamed.iter().map(|event| event.data.to_string()).collect();
    for text in [page, streamed] {
        for secret in
            ["canary", "18:1", "20:17", "monday", "unsafe", "not_safe", &plan, &hold, &lifting]
        {
            assert!(!text.contains(secret), "{secret}");
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
