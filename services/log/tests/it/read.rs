//! Reading: by stream, by position, and whole.

use std::collections::HashMap;

use futures_util::{StreamExt as _, TryStreamExt as _};
use throughline_domain::ids::Position;
use throughline_log::{StreamHistory, StreamId, StreamKind};
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

#[tokio::test]
async fn a_replay_gives_every_stream_of_the_kind_whole_and_unsealed_nothing() {
    let (fixture, cases) = many_streams().await;
    let head = fixture.log.head(fixture.tenant).await.unwrap();
    let replay = fixture.log.replay(fixture.tenant, StreamKind::Case, head.position);
    let histories: Vec<StreamHistory> = replay.try_collect().await.unwrap();
    let order: Vec<StreamId> = histories.iter().map(|history| history.stream).collect();
    assert_eq!(order, cases);
    for history in &histories {
        let mut stored = fixture.log.read_stream(fixture.tenant, history.stream).await.unwrap();
        for event in &mut stored {
            event.sealed = None;
        }
        assert_eq!(history.events, stored);
    }
}

#[tokio::test]
async fn a_replay_ends_at_its_position_and_can_be_cut_into_ranges() {
    let (fixture, cases) = many_streams().await;
    let upto = Position(600);
    let whole: Vec<StreamHistory> =
        fixture.log.replay(fixture.tenant, StreamKind::Case, upto).try_collect().await.unwrap();
    let streams = fixture.log.head(fixture.tenant).await.unwrap().streams;
    let mut parts = Vec::new();
    for numbers in [1..=streams / 3, streams / 3 + 1..=streams] {
        let part = fixture.log.replay_streams(fixture.tenant, StreamKind::Case, upto, numbers);
        parts.extend(part.try_collect::<Vec<_>>().await.unwrap());
    }
    assert_eq!(parts, whole);
    let after = fixture.log.read_after(fixture.tenant, Position(0), 600).await.unwrap();
    let mut counts: HashMap<StreamId, usize> = HashMap::new();
    for event in after.iter().filter(|event| event.stream.kind == StreamKind::Case) {
        *counts.entry(event.stream).or_default() += 1;
    }
    assert_eq!(whole.len(), cases.len());
    assert!(whole.iter().all(|history| history.events.len() == counts[&history.stream]));
}

#[tokio::test]
async fn a_replay_that_is_dropped_leaves_the_log_usable() {
    let (fixture, _) = many_streams().await;
    for _ in 0..20 {
        let mut replay =
            Box::pin(fixture.log.replay(fixture.tenant, StreamKind::Case, Position(2000)));
        assert!(replay.next().await.unwrap().is_ok());
    }
    fixture.append(one(a_case(), 0)).await;
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
