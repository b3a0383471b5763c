//! The feed as it comes.

use serde_json::json;

use super::reader::{Frame, Stream, follow};
use crate::cases::{an_attempt, an_open_case, text};
use crate::service::Service;

const BEAT: &[(&str, &str)] = &[("THROUGHLINE_FEED_HEARTBEAT_S", "1")];

#[tokio::test]
async fn a_stream_begins_where_it_is_asked_to_and_goes_on_as_things_happen() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let mut all = follow(&service, "/v1/events/stream?after=0", None).await;
    let mut some = follow(&service, "/v1/events/stream?after=4", None).await;
    let mut new = follow(&service, "/v1/events/stream", None).await;
    // Each begins with its position, so that it can be resumed before anything happened.
    for (stream, position) in [(&mut all, 0), (&mut some, 4), (&mut new, 5)] {
        assert_eq!(stream.frame().await, Some(Frame::Position(position, vec![])));
        assert_eq!(stream.parser.retry_ms, Some(2000));
    }
    let before: Vec<i64> = all.events(3).await.iter().map(|event| event.position).collect();
    assert_eq!(before, [3, 4, 5]);
    assert_eq!(some.event().await.unwrap().position, 5);
    let attempt = an_attempt(service.worker(), &case).await;
    for stream in [&mut all, &mut some, &mut new] {
        let event = stream.event().await.unwrap();
        assert_eq!((event.position, text(&event.data["id"])), (6, attempt.clone()));
        assert_eq!(event.kind, "org.throughline.case.ContactAttempted");
    }
}

#[tokio::test]
async fn the_last_event_id_goes_before_the_address() {
    let service = Service::start().await;
    an_open_case(service.worker()).await;
    let mut stream = follow(&service, "/v1/events/stream?after=0", Some("4")).await;
    assert_eq!(stream.event().await.unwrap().position, 5);
    let token = service.token("city", "caseworker").await;
    for (id, status) in [("x", 400), ("", 400), ("-1", 400), ("5.0", 400), ("6", 422)] {
        let refused = Stream::open(&service, &token, "/v1/events/stream", Some(id)).await;
        assert_eq!(refused.err().map(|answer| answer.status), Some(status), "{id}");
    }
}

#[tokio::test]
async fn a_silent_stream_shows_life_and_moves_past_what_was_not_asked_for() {
    let service = Service::start_with(BEAT).await;
    let case = an_open_case(service.worker()).await;
    let path = "/v1/events/stream?type=org.throughline.case.CaseClosed";
    let mut stream = follow(&service, path, None).await;
    assert_eq!(stream.frame().await, Some(Frame::Position(5, vec![])));
    let beat = |position| Some(Frame::Position(position, vec!["heartbeat".to_owned()]));
    assert_eq!(stream.frame().await, beat(5));
    an_attempt(service.worker(), &case).await;
    let mut frame = stream.frame().await;
    while frame == beat(5) {
        frame = stream.frame().await;
    }
    assert_eq!(frame, beat(6));
    let closed = json!({"occurred_at": "2024-06-01T09:00:00Z", "reason": "goals_met"});
    service.worker().step(&case, "closure", closed).await.expect(201);
    assert_eq!(stream.event().await.unwrap().position, 7);
}

#[tokio::test]
async fn what_another_process_records_comes_too() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    let read = service.worker().get(&format!("/v1/cases/{case}")).await.expect(200);
    let person = text(&read["person_id"]);
    let mut stream = follow(&service, "/v1/events/stream", None).await;
    let erase = ["person", "erase", &person, "--tenant", "city", "--basis", "request", "--yes"];
    let output = service.run(&erase, &[]).await;
    assert!(output.status.success(), "{output:?}");
    let event = stream.event().await.unwrap();
    assert_eq!(event.kind, "org.throughline.person.SubjectErased");
    assert_eq!(event.data["subject"], json!(format!("person/{person}")));
    assert_eq!(event.data["data"], json!({"cases": [case]}));
}

#[tokio::test]
async fn a_stream_outlives_an_outage_of_the_database() {
    let service = Service::start_with(BEAT).await;
    let case = an_open_case(service.worker()).await;
    let mut stream = follow(&service, "/v1/events/stream?after=0", None).await;
    stream.events(3).await;
    service.database.close().await;
    // While nothing can be read, the stream still shows life.
    for _ in 0..3 {
        assert_eq!(stream.frame().await, Some(Frame::Position(5, vec!["heartbeat".to_owned()])));
    }
    service.database.reopen().await;
    an_attempt(service.worker(), &case).await;
    assert_eq!(stream.event().await.unwrap().position, 6);
}
