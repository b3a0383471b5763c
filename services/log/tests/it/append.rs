//! What an append promises: dense positions, rising times, all or nothing, nobody else's trouble.

use futures_util::future::join_all;
use throughline_domain::ids::{Position, Version};
use throughline_log::{AppendError, StreamId, TenantState, Verified};

use crate::support::{Fixture, a_case, an_event, command, one, write};

/// 32 callers append to streams of their own and to shared ones, in two tenants at once.
#[tokio::test(flavor = "multi_thread")]
async fn positions_are_dense_and_times_rise_under_concurrent_callers() {
    let fixture = Fixture::live().await;
    let other = fixture.log.create_tenant("kent", TenantState::Live).await.unwrap();
    let tenants = [fixture.tenant, other.tenant_no];
    let shared = [a_case(), a_case()];
    let callers = (0..32).map(|n| {
        let log = fixture.log.clone();
        tokio::spawn(async move {
            let tenant = tenants[n % 2];
            let own = a_case();
            for version in 0..10 {
                log.append(tenant, one(own, version)).await.unwrap();
                append_at_any_version(&log, tenant, shared[n % 2]).await;
            }
        })
    });
    for caller in join_all(callers).await {
        caller.unwrap();
    }
    for tenant in tenants {
        let events = fixture.log.read_after(tenant, Position(0), 1000).await.unwrap();
        assert_eq!(events.len(), 1 + 16 * 20);
        for (event, position) in events.iter().zip(1..) {
            assert_eq!(event.position, Position(position));
        }
        assert!(events.windows(2).all(|pair| pair[0].recorded_at < pair[1].recorded_at));
        let head = fixture.log.head(tenant).await.unwrap();
        assert_eq!((head.position, head.streams), (Position(321), 18));
        let verified = fixture.log.verify(tenant).await.unwrap();
        assert!(matches!(verified, Verified::Holds { events: 321, .. }), "{verified:?}");
    }
}

async fn append_at_any_version(
    log: &throughline_log::EventLog,
    tenant: throughline_log::TenantNo,
    stream: StreamId,
) {
    let mut version = 0;
    loop {
        match log.append(tenant, one(stream, version)).await {
            Ok(_) => return,
            Err(AppendError::Conflict { current, .. }) => version = current.0,
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_conflicting_command_spoils_nobody_elses() {
    let fixture = Fixture::live().await;
    let known = a_case();
    fixture.append(one(known, 0)).await;

    let commands = vec![one(a_case(), 0), one(known, 7), one(a_case(), 3), one(known, 1)];
    let mut answers =
        join_all(commands.into_iter().map(|c| fixture.log.append(fixture.tenant, c))).await;
    let last = answers.pop().unwrap().unwrap();
    assert_eq!((last.first, last.versions), (Position(4), vec![Version(2)]));
    let absent = answers.pop().unwrap();
    assert!(matches!(absent, Err(AppendError::Conflict { current: Version(0), .. })), "{absent:?}");
    let behind = answers.pop().unwrap();
    // The last command may have been recorded before this one is refused.
    assert!(
        matches!(behind, Err(AppendError::Conflict { current: Version(1 | 2), stream }) if stream == known)
    );
    assert_eq!(answers.pop().unwrap().unwrap().first, Position(3));
    assert_eq!(fixture.log.head(fixture.tenant).await.unwrap().position, Position(4));
}

#[tokio::test]
async fn events_for_two_streams_land_all_or_none() {
    let fixture = Fixture::live().await;
    let (first, second) = (a_case(), a_case());
    let both = |expected| {
        command([
            write(first, 0, vec![an_event(), an_event()]),
            write(second, expected, vec![an_event()]),
        ])
    };
    let refused = fixture.log.append(fixture.tenant, both(1)).await;
    assert!(matches!(refused, Err(AppendError::Conflict { stream, .. }) if stream == second));
    assert_eq!(fixture.log.read_stream(fixture.tenant, first).await.unwrap(), []);

    let appended = fixture.append(both(0)).await;
    assert_eq!((appended.first, appended.last), (Position(2), Position(4)));
    assert_eq!(appended.versions, [Version(2), Version(1)]);
    let events = fixture.log.read_stream(fixture.tenant, first).await.unwrap();
    assert_eq!(events.iter().map(|e| e.version.0).collect::<Vec<_>>(), [1, 2]);
    let last = fixture.log.read_stream(fixture.tenant, second).await.unwrap();
    assert_eq!(last[0].recorded_at, appended.recorded_at);
}

#[tokio::test]
async fn of_two_commands_in_a_batch_the_second_sees_the_first() {
    let fixture = Fixture::live().await;
    let case = a_case();
    let commands = [one(case, 0), one(case, 1), one(case, 1)];
    let answers = join_all(commands.map(|c| fixture.log.append(fixture.tenant, c))).await;
    assert_eq!(answers[0].as_ref().unwrap().versions, [Version(1)]);
    assert_eq!(answers[1].as_ref().unwrap().versions, [Version(2)]);
    assert!(matches!(answers[2], Err(AppendError::Conflict { current: Version(2), .. })));
}

#[tokio::test]
async fn one_command_may_write_twice_to_a_stream_and_assert_a_version() {
    let fixture = Fixture::live().await;
    let (case, other) = (a_case(), a_case());
    let appended = fixture
        .append(command([
            write(case, 0, vec![an_event()]),
            write(other, 0, vec![]),
            write(case, 1, vec![an_event()]),
        ]))
        .await;
    assert_eq!(appended.versions, [Version(1), Version(0), Version(2)]);
    assert_eq!(fixture.log.head(fixture.tenant).await.unwrap().streams, 2);

    let asserted = command([write(other, 4, vec![]), write(case, 2, vec![an_event()])]);
    let refused = fixture.log.append(fixture.tenant, asserted).await;
    assert!(matches!(refused, Err(AppendError::Conflict { stream, .. }) if stream == other));
}

#[tokio::test]
async fn the_facts_come_back_byte_for_byte() {
    let fixture = Fixture::live().await;
    let texts = [
        "{ \"b\" : 1,\t\"a\":1, \"a\":2 }",
        "{\"n\":123456789012345678901234567890.10, \"e\":1E+2}",
        "{\"text\":\"caf\u{e9} \\u00e9 \u{1f9e1} \\/ \u{feff}\"}",
        "\r\n[ ]\n ",
    ];
    let events =
        texts.map(|text| throughline_log::NewEvent { data: text.to_owned(), ..an_event() });
    let case = a_case();
    fixture.append(command([write(case, 0, events.to_vec())])).await;
    let stored = fixture.log.read_stream(fixture.tenant, case).await.unwrap();
    for (stored, (given, text)) in stored.iter().zip(events.iter().zip(texts)) {
        assert_eq!(stored.data, text);
        assert_eq!((stored.event_id, stored.occurred), (given.event_id, given.occurred));
    }
}

#[tokio::test]
async fn a_command_without_events_or_too_large_is_refused() {
    let fixture = Fixture::live().await;
    let large = throughline_log::NewEvent { data: "x".repeat(2 << 20), ..an_event() };
    for events in [vec![], vec![large], (0..2000).map(|_| an_event()).collect()] {
        let refused =
            fixture.log.append(fixture.tenant, command([write(a_case(), 0, events)])).await;
        let size = matches!(refused, Err(AppendError::Log(throughline_log::LogError::Size { .. })));
        assert!(size, "{refused:?}");
    }
}
