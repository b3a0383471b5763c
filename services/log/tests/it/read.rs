//! Reading: by stream, by position, and whole.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use throughline_domain::case::event::UnreadableEvent;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::time::Occurred;
use throughline_log::{
    EVERY_STREAM, Replayed, ReplayedEvent, StoredEvent, StreamHistory, StreamId, StreamKind,
};
use uuid::Uuid;

use crate::support::{Fixture, a_case, an_event, command, one, sealing, write};

fn a_person() -> StreamId {
    StreamId { kind: StreamKind::Person, id: Uuid::new_v4() }
}

/// 2,400 events: 120 cases of 20, written in turns, each beside a person of one.
async fn many_streams() -> (Fixture, Vec<StreamId>) {
    let fixture = Fixture::live().await;
    let cases: Vec<StreamId> = (0..120).map(|_| a_case()).collect();
    for case in &cases {
        let person = write(a_person(), 0, vec![sealing("a name")]);
        fixture.append(command([person, write(*case, 0, vec![sealing("text")])])).await;
    }
    for version in 1..20 {
        for part in cases.chunks(40) {
            let writes = part.iter().map(|case| write(*case, version, vec![an_event()]));
            fixture.append(command(writes.collect::<Vec<_>>())).await;
        }
    }
    (fixture, cases)
}

/// Everything that a replay gives of an event.
type Seen = (Position, Version, EventId, Occurred, Timestamp, String, i16, String);

#[expect(clippy::unnecessary_wraps, reason = "it stands where a decoding may fail")]
fn see(event: &ReplayedEvent<'_>) -> Result<Seen, UnreadableEvent> {
    Ok((
        event.position,
        event.version,
        event.event_id,
        event.occurred,
        event.recorded_at,
        event.event_type.to_owned(),
        event.schema_version,
        event.data.to_owned(),
    ))
}

async fn replay(
    fixture: &Fixture,
    upto: Position,
    numbers: RangeInclusive<i64>,
) -> Vec<Replayed<Seen>> {
    let replay = fixture.log.replay(fixture.tenant, StreamKind::Case, upto, numbers, see);
    replay.try_collect().await.unwrap()
}

#[tokio::test]
async fn a_replay_gives_every_stream_of_the_kind_whole() {
    let (fixture, cases) = many_streams().await;
    let head = fixture.log.head(fixture.tenant).await.unwrap();
    let histories = replay(&fixture, head.position, EVERY_STREAM).await;
    let order: Vec<StreamId> = histories.iter().map(|history| history.stream).collect();
    assert_eq!(order, cases);
    for history in &histories {
        let stored = fixture.log.read_stream(fixture.tenant, history.stream).await.unwrap();
        let stored = stored.into_iter().map(|event| {
            let event_type = event.event_type.into_owned();
            let StoredEvent { position, version, event_id, occurred, recorded_at, .. } = event;
            let id = (position, version, event_id, occurred, recorded_at);
            (id.0, id.1, id.2, id.3, id.4, event_type, event.schema_version, event.data)
        });
        assert_eq!(history.events, Ok(stored.collect()));
    }
}

#[tokio::test]
async fn a_replay_ends_at_its_position_and_can_be_cut_into_ranges() {
    let (fixture, cases) = many_streams().await;
    let upto = Position(600);
    let whole = replay(&fixture, upto, EVERY_STREAM).await;
    let streams = fixture.log.head(fixture.tenant).await.unwrap().streams;
    let mut parts = replay(&fixture, upto, 1..=streams / 3).await;
    parts.extend(replay(&fixture, upto, streams / 3 + 1..=streams).await);
    assert_eq!(parts, whole);
    let after = fixture.log.read_after(fixture.tenant, Position(0), 600).await.unwrap();
    let mut counts: HashMap<StreamId, usize> = HashMap::new();
    for event in after.iter().filter(|event| event.stream.kind == StreamKind::Case) {
        *counts.entry(event.stream).or_default() += 1;
    }
    assert_eq!(whole.len(), cases.len());
    for Replayed { stream, events, .. } in &whole {
        assert_eq!(events.as_ref().unwrap().len(), counts[stream]);
    }
}

#[tokio::test]
async fn a_replay_that_is_dropped_leaves_the_log_usable() {
    let (fixture, _) = many_streams().await;
    for _ in 0..20 {
        let kind = StreamKind::Case;
        let replay = fixture.log.replay(fixture.tenant, kind, Position(2000), EVERY_STREAM, see);
        assert!(Box::pin(replay).next().await.unwrap().is_ok());
    }
    fixture.append(one(a_case(), 0)).await;
}

/// The third event of one case is of a type that nobody knows.
#[tokio::test]
async fn a_stream_that_cannot_be_read_says_so_and_the_others_come() {
    fn third_is_unknown(event: &ReplayedEvent<'_>) -> Result<Version, UnreadableEvent> {
        if event.event_type != "Unheard" {
            return Ok(event.version);
        }
        let event_type = event.event_type.to_owned();
        Err(UnreadableEvent::UnknownType { event_type, version: event.schema_version })
    }
    let fixture = Fixture::live().await;
    let cases = [a_case(), a_case(), a_case()];
    for case in cases {
        let mut events = vec![an_event(), an_event(), an_event(), an_event()];
        if case == cases[1] {
            events[2].event_type = "Unheard";
        }
        fixture.append(command([write(case, 0, events)])).await;
    }
    let (kind, upto) = (StreamKind::Case, Position(100));
    let replay = fixture.log.replay(fixture.tenant, kind, upto, EVERY_STREAM, third_is_unknown);
    let replayed: Vec<Replayed<Version>> = replay.try_collect().await.unwrap();
    let whole = Ok((1..=4).map(Version).collect());
    assert_eq!((&replayed[0].events, &replayed[2].events), (&whole, &whole));
    let unreadable = replayed[1].events.as_ref().unwrap_err();
    // Going live is the first event, and four are of the case before.
    assert_eq!((unreadable.stream, unreadable.position), (cases[1], Position(1 + 4 + 3)));
}

#[tokio::test]
async fn reading_after_a_position_gives_what_lies_behind_it_up_to_the_limit() {
    let (fixture, _) = many_streams().await;
    let positions = async |after, limit| {
        let events = fixture.log.read_after(fixture.tenant, Position(after), limit).await.unwrap();
        events.iter().map(|event| event.position.0).collect::<Vec<_>>()
    };
    assert_eq!(positions(0, 3).await, [1, 2, 3]);
    assert_eq!(positions(100, 2).await, [101, 102]);
    assert_eq!(positions(2520, 5).await, [2521]);
    assert_eq!(positions(2521, 5).await, [0; 0]);
    assert_eq!(positions(0, 0).await, [0; 0]);
}

#[tokio::test]
async fn readers_are_notified_of_appends() {
    let fixture = Fixture::live().await;
    let (client, mut connection) =
        fixture.database.config().connect(tokio_postgres::NoTls).await.unwrap();
    let (sender, mut notifications) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if let Ok(tokio_postgres::AsyncMessage::Notification(notification)) = message {
                let _ = sender.send(notification.payload().to_owned());
            }
        }
    });
    client.batch_execute(&format!("LISTEN {}", throughline_log::APPENDED_CHANNEL)).await.unwrap();
    fixture.append(one(a_case(), 0)).await;
    let expected = format!("{} 2", fixture.tenant);
    while notifications.recv().await.unwrap() != expected {}
}

#[tokio::test]
async fn a_follower_is_given_no_more_bytes_than_it_asks_for_and_one_event_at_least() {
    let (fixture, _) = many_streams().await;
    let all = fixture.log.follow(fixture.tenant, Position(0), 500).await.unwrap();
    assert_eq!(all.len(), 500);
    for bytes_max in [0, 1, 40, 1_000, 5_000, usize::MAX] {
        let (mut followed, mut position): (Vec<StoredEvent>, _) = (Vec::new(), Position(0));
        while followed.len() < 500 {
            let (tenant, limit) = (fixture.tenant, 500 - u32::try_from(followed.len()).unwrap());
            let few = fixture.log.follow_within(tenant, position, limit, bytes_max).await.unwrap();
            let (last, before) = few.split_last().unwrap();
            let bytes: usize = before.iter().map(|event| event.data.len()).sum();
            assert!(before.is_empty() || bytes < bytes_max, "{bytes} of {bytes_max}");
            position = last.position;
            followed.extend(few);
        }
        assert_eq!(followed, all, "{bytes_max} bytes at a time");
    }
}

#[tokio::test]
async fn streams_are_read_whole_and_no_more_bytes_of_them_than_asked_for() {
    let (fixture, mut asked) = many_streams().await;
    asked.insert(7, a_case()); // One that has no events.
    let (tenant, upto) = (fixture.tenant, Position(2_000));
    let all = fixture.log.read_streams(tenant, &asked, upto, usize::MAX).await.unwrap();
    assert_eq!((all.histories.len(), all.left.len()), (120, 0));
    for bytes_max in [0, 1, 500, 10_000] {
        let (mut histories, mut left) = (Vec::new(), asked.clone());
        while !left.is_empty() {
            let read = fixture.log.read_streams(tenant, &left, upto, bytes_max).await.unwrap();
            let bytes = |history: &StreamHistory| -> usize {
                history.events.iter().map(|event| event.data.len()).sum()
            };
            if let Some((_, before)) = read.histories.split_last() {
                let before: usize = before.iter().map(bytes).sum();
                assert!(before == 0 || before < bytes_max, "{before} of {bytes_max}");
            }
            assert!(read.left.len() < left.len(), "something was read");
            histories.extend(read.histories);
            left = read.left;
        }
        assert_eq!(histories, all.histories, "{bytes_max} bytes at a time");
    }
}
