//! Loading a history: in order, in the past, all or nothing, and never into a live tenant.

use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use throughline_domain::ids::Position;
use throughline_log::{
    AppendSettings, LoadError, LoadedEvent, StreamId, StreamKind, Unsealed, Verified,
};
use uuid::Uuid;

use crate::support::{Fixture, an_event, at, meta, sealing};

const EPOCH: &str = "2014-01-01T00:00:00Z";

/// The n-th event of a history over seven cases, a minute after the one before.
fn loaded(n: u32) -> LoadedEvent {
    LoadedEvent {
        meta: meta(),
        recorded_at: at(EPOCH) + SignedDuration::from_mins(i64::from(n)),
        stream: StreamId { kind: StreamKind::Case, id: Uuid::from_u128(u128::from(n % 7) + 1) },
        event: if n.is_multiple_of(10) { sealing("a visit") } else { an_event() },
    }
}

async fn load(
    fixture: &Fixture,
    events: impl IntoIterator<Item = Result<LoadedEvent, std::io::Error>, IntoIter: Send>,
) -> Result<throughline_log::Loaded, LoadError> {
    fixture.log.load(fixture.tenant, stream::iter(events)).await
}

async fn is_empty(fixture: &Fixture) -> bool {
    let head = fixture.log.head(fixture.tenant).await.unwrap();
    head.position == Position(0) && head.streams == 0
}

#[tokio::test]
async fn a_history_keeps_its_times_and_is_sealed_and_hashed() {
    let fixture = Fixture::loading(AppendSettings::default()).await;
    // More than one part, and a second load that goes on where the first ended.
    let first = load(&fixture, (0..4500).map(loaded).map(Ok)).await.unwrap();
    assert_eq!((first.events, first.position, first.streams), (4500, Position(4500), 7));
    let second = load(&fixture, (4500..4600).map(loaded).map(Ok)).await.unwrap();
    assert_eq!((second.events, second.position, second.streams), (100, Position(4600), 7));

    let case = loaded(0).stream;
    let events = fixture.log.read_stream(fixture.tenant, case).await.unwrap();
    assert_eq!(events.len(), 658);
    assert_eq!(events[1].recorded_at, loaded(7).recorded_at);
    assert!(events.iter().zip(1..).all(|(event, version)| event.version.0 == version));
    let Unsealed::Text(text) = fixture.log.unseal(fixture.tenant, &events[0]).await.unwrap() else {
        panic!("the first event has a text");
    };
    assert_eq!(text.expose(), "a visit");
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    let head_hash = second.hash;
    assert_eq!(verified, Verified::Holds { events: 4600, head_hash });

    assert_eq!(fixture.log.go_live(fixture.tenant).await.unwrap(), Position(4601));
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    assert!(matches!(verified, Verified::Holds { events: 4601, .. }), "{verified:?}");
}

#[tokio::test]
async fn times_that_do_not_rise_or_are_to_come_are_refused() {
    let fixture = Fixture::loading(AppendSettings::default()).await;
    let twice = load(&fixture, [0, 1, 1].map(loaded).map(Ok)).await;
    assert!(matches!(twice, Err(LoadError::NotRising { place: 3, .. })), "{twice:?}");
    let mut to_come = loaded(1);
    to_come.recorded_at = Timestamp::now() + SignedDuration::from_mins(1);
    let future = load(&fixture, [Ok(loaded(0)), Ok(to_come)]).await;
    assert!(matches!(future, Err(LoadError::InFuture { place: 2, .. })), "{future:?}");
    assert!(is_empty(&fixture).await);

    load(&fixture, [Ok(loaded(5))]).await.unwrap();
    let before_the_head = load(&fixture, [Ok(loaded(5))]).await;
    assert!(matches!(before_the_head, Err(LoadError::NotRising { place: 1, .. })));
}

#[tokio::test]
async fn an_error_among_the_events_undoes_the_whole_load() {
    let fixture = Fixture::loading(AppendSettings::default()).await;
    let unreadable = || Err(std::io::Error::other("line 4501 is not JSON"));
    let events = (0..4500).map(loaded).map(Ok).chain([unreadable()]);
    let Err(LoadError::Given { place, source }) = load(&fixture, events).await else {
        panic!("the load goes through");
    };
    assert_eq!((place, source.to_string().as_str()), (4501, "line 4501 is not JSON"));
    assert!(is_empty(&fixture).await);

    // So does going away in the middle.
    let endless = stream::iter((0..2500).map(loaded).map(Ok::<_, std::io::Error>));
    let endless = futures_util::StreamExt::chain(endless, stream::pending());
    let loading = fixture.log.load(fixture.tenant, endless);
    let left = tokio::time::timeout(std::time::Duration::from_millis(1500), loading).await;
    assert!(left.is_err());
    assert!(is_empty(&fixture).await);
    load(&fixture, [Ok(loaded(0))]).await.unwrap();
}

#[tokio::test]
async fn a_live_tenant_takes_no_history() {
    let fixture = Fixture::live().await;
    let refused = load(&fixture, [Ok(loaded(0))]).await;
    assert!(matches!(refused, Err(LoadError::AlreadyLive { .. })), "{refused:?}");
}
