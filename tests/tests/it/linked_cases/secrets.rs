//! Who learns of a link, and from what: nobody but those who may know of both sides, and from nothing
//! but the links themselves.

use serde_json::{Value, json};

use super::{a_pair, assess, end, link, told, told_of};
use crate::cases::text;
use crate::feed::reader::every_event;
use crate::service::{Answer, Service, log_text};
use crate::telemetry::otlp_receiver::OtlpReceiver;

/// A problem without what differs from request to request.
fn bytes(answer: &Answer) -> (u16, Value) {
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("trace_id");
    (answer.status, problem)
}

#[tokio::test]
async fn whoever_may_not_know_is_answered_the_same_with_and_without_a_link() {
    let service = Service::start().await;
    let (his, hers) = a_pair(service.worker()).await;
    let linked = link(&service, &his, &hers).await;
    let (alone, other) = a_pair(service.worker()).await;
    let nothing = uuid::Uuid::new_v4().to_string();
    for role in ["caseworker", "evaluator", "operator", "partner"] {
        let client = service.as_role("city", role);
        let answers = [
            client.get(&format!("/v1/case-links/{linked}")).await,
            client.get(&format!("/v1/case-links/{nothing}")).await,
            client.get("/v1/case-links/no-id").await,
            client.get(&format!("/v1/case-links?case_id={his}")).await,
            client.get(&format!("/v1/case-links?case_id={alone}")).await,
            client.post("/v1/case-links", json!({"cases": [his, hers], "reason": "family"})).await,
            client
                .post("/v1/case-links", json!({"cases": [alone, other], "reason": "family"}))
                .await,
            client.post(&format!("/v1/case-links/{linked}/ending"), json!({})).await,
            client.post(&format!("/v1/case-links/{nothing}/ending"), json!({})).await,
        ];
        let first = bytes(&answers[0]);
        assert_eq!(first.0, 403);
        assert!(answers.iter().all(|answer| bytes(answer) == first), "{role} {answers:?}");
    }
    // To whoever does not know of links, a link is no case either.
    for below in ["", "/timeline", "/rules", "/safe-contact-plan"] {
        let of = |id: &str| format!("/v1/cases/{id}{below}");
        let (of_link, of_nothing) =
            (service.worker().get(&of(&linked)).await, service.worker().get(&of(&nothing)).await);
        assert_eq!(bytes(&of_link), bytes(&of_nothing), "{below}");
    }
}

#[tokio::test]
async fn neither_case_tells_of_the_other() {
    let service = Service::start().await;
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    let person = async |case: &str| {
        text(&client.get(&format!("/v1/cases/{case}")).await.expect(200)["person_id"])
    };
    let (his_person, her_person) = (person(&his).await, person(&hers).await);
    let before = client.get(&format!("/v1/cases/{hers}")).await.expect(200);
    let linked = link(&service, &his, &hers).await;
    let source = assess(client, &his, "high").await;
    told_of(client, &hers, 1).await;
    let told = told(client, &hers).await;

    let below = [
        "",
        "/timeline",
        "/timeline?reading=recorded",
        "/rules",
        "/risk-trajectory",
        "/risk-assessments",
        "/safe-contact-plan",
    ];
    for (case, strange) in [
        (&hers, [&his, &his_person, &source, &linked]),
        (&his, [&hers, &her_person, &text(&told[0]["event_id"]), &linked]),
    ] {
        for below in below {
            let answer = client.get(&format!("/v1/cases/{case}{below}")).await;
            answer.expect(200);
            for id in strange {
                assert!(!answer.text.contains(id.as_str()), "{below}: {}", answer.text);
            }
            assert!(!answer.text.to_lowercase().contains("caselink"), "{}", answer.text);
        }
    }
    // All that is new of her case is that something was told.
    let mut after = client.get(&format!("/v1/cases/{hers}")).await.expect(200);
    assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
    for echoed in ["version", "position", "as_of", "known_at"] {
        after[echoed] = before[echoed].clone();
    }
    assert_eq!(after, before);
    // It happened when it was told, and says of its source no more than the day.
    let entry = &told[0];
    let of_source = client.get(&format!("/v1/cases/{his}/events/{source}")).await.expect(200);
    assert_ne!(entry["occurred_at"], of_source["occurred_at"]);
    assert_eq!(entry["data"]["assessed"]["precision"], "day");
}

#[tokio::test]
async fn the_feed_tells_neither_of_links_nor_of_what_passed() {
    let service = Service::start().await;
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    let linked = link(&service, &his, &hers).await;
    let source = assess(client, &his, "high").await;
    told_of(client, &hers, 1).await;
    let event = text(&told(client, &hers).await[0]["event_id"]);
    let last = assess(client, &hers, "medium").await;
    let events = every_event(client).await;
    assert_eq!(events.last().unwrap()["id"], json!(last));
    let told: String = events.iter().map(ToString::to_string).collect();
    assert!(told.contains(&source));
    for secret in ["Link", "link", &linked, &event] {
        assert!(!told.contains(secret), "{secret}");
    }
}

/// The id of a link follows from the two cases, and those who run the service know of cases.
#[tokio::test]
async fn telemetry_tells_of_no_link() {
    let receiver = OtlpReceiver::start();
    let rust_log = "info,throughline=trace,throughline_api=trace,throughline_log=trace,\
        throughline_projector=trace";
    let variables: Vec<_> =
        receiver.variables().into_iter().chain([("RUST_LOG", rust_log)]).collect();
    let mut service = Service::start_with(&variables).await;
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    let linked = link(&service, &his, &hers).await;
    let manager = service.as_role("city", "team_manager");
    manager.get(&format!("/v1/case-links/{linked}")).await.expect(200);
    assess(client, &his, "high").await;
    told_of(client, &hers, 1).await;
    end(&service, &linked).await;
    let metrics = client.get("/metrics").await.text;
    assert!(service.terminate().await.success());
    let spans = receiver.transcript();
    assert!(spans.contains(&his), "cases are told");
    for text in [spans, log_text(&service.data_dir), metrics] {
        assert!(!text.contains(&linked), "the link");
    }
}

/// Nothing stored beside the event leads to another.
#[tokio::test]
async fn what_passed_is_recorded_by_the_service_with_ids_of_its_own() {
    let service = Service::start().await;
    let client = service.worker();
    let (his, hers) = a_pair(client).await;
    link(&service, &his, &hers).await;
    assess(client, &his, "high").await;
    told_of(client, &hers, 1).await;
    let database = service.database.connect().await;
    let rows = database
        .query(
            "SELECT p.actor, p.actor_role, p.causation_id IS NULL, p.traceparent IS NULL, \
                 p.sealed IS NULL, \
                 (SELECT count(*) FROM event e WHERE e.position <> p.position \
                     AND (e.command_id IN (p.command_id, p.correlation_id) \
                         OR e.correlation_id IN (p.command_id, p.correlation_id) \
                         OR position(e.event_id::text IN p.data) > 0)) \
             FROM event p WHERE p.type = 'LinkedInformationReceived'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    let (actor, role): (&str, &str) = (rows[0].get(0), rows[0].get(1));
    assert_eq!((actor, role), ("throughline", "service"));
    assert!((2..5).all(|column| rows[0].get::<_, bool>(column)));
    assert_eq!(rows[0].get::<_, i64>(5), 0);
}
