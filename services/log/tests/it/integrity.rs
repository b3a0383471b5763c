//! Nothing recorded is altered: the database refuses, and what was forced is found.

use throughline_domain::ids::Position;
use throughline_log::{Flaw, Verified};

use crate::support::{Fixture, a_case, an_event, command, sealing, write};

/// A tenant with positions 1 to 6 on three streams.
async fn six_events() -> Fixture {
    let fixture = Fixture::live().await;
    fixture.append(command([write(a_case(), 0, vec![an_event(), sealing("text")])])).await;
    fixture.append(command([write(a_case(), 0, vec![an_event(), an_event(), an_event()])])).await;
    fixture
}

#[tokio::test]
async fn update_delete_and_truncate_of_events_are_refused() {
    let fixture = six_events().await;
    let client = fixture.client().await;
    let statements = [
        "UPDATE event SET actor = 'someone' WHERE position = 2",
        "DELETE FROM event WHERE position = 2",
        "TRUNCATE event",
        "UPDATE stream SET kind = 'person' WHERE stream_no = 2",
        "DELETE FROM stream WHERE stream_no = 2",
        "SET session_replication_role = replica; DELETE FROM event WHERE position = 2",
    ];
    for statement in statements {
        let refused = client.batch_execute(statement).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "TL002", "{statement}");
    }
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    assert!(matches!(verified, Verified::Holds { events: 6, .. }), "{verified:?}");
}

#[tokio::test]
async fn what_was_tampered_with_is_found_and_located() {
    let tampering = [
        (
            "UPDATE event SET data = replace(data, 'phone', 'phonf') WHERE position = 3",
            3,
            Flaw::HashMismatch,
        ),
        (
            "UPDATE event SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) \
             WHERE position = 3",
            3,
            Flaw::HashMismatch,
        ),
        ("UPDATE event SET source_organisation = NULL WHERE position = 4", 4, Flaw::HashMismatch),
        ("UPDATE event SET hash = sha256(hash) WHERE position = 6", 6, Flaw::HashMismatch),
        (
            "UPDATE event SET position = 100 WHERE position = 4; \
             UPDATE event SET position = 4 WHERE position = 5; \
             UPDATE event SET position = 5 WHERE position = 100",
            4,
            Flaw::HashMismatch,
        ),
        ("DELETE FROM event WHERE position = 4", 4, Flaw::Missing),
        ("DELETE FROM event WHERE position = 6", 6, Flaw::Missing),
        (
            "UPDATE event SET recorded_at = recorded_at - interval '1 day' WHERE position = 5",
            5,
            Flaw::RecordedAtNotRising,
        ),
        ("UPDATE log_head SET hash = sha256(hash) WHERE position = 6", 6, Flaw::HeadMismatch),
        ("UPDATE log_head SET position = 7 WHERE position = 6", 7, Flaw::Missing),
        ("UPDATE log_head SET streams = 9 WHERE position = 6", 6, Flaw::HeadMismatch),
        ("UPDATE stream SET id = gen_random_uuid() WHERE stream_no = 3", 4, Flaw::HashMismatch),
        ("DELETE FROM stream WHERE stream_no = 3", 4, Flaw::Missing),
    ];
    for (statement, position, reason) in tampering {
        let fixture = six_events().await;
        let client = fixture.client().await;
        client
            .batch_execute(
                "ALTER TABLE event DISABLE TRIGGER ALL; ALTER TABLE stream DISABLE TRIGGER ALL; \
                 ALTER TABLE log_head DISABLE TRIGGER ALL",
            )
            .await
            .unwrap();
        client.batch_execute(statement).await.unwrap();
        let verified = fixture.log.verify(fixture.tenant).await.unwrap();
        let position = Position(position);
        assert_eq!(verified, Verified::Broken { position, reason }, "{statement}");
    }
}

/// Whoever cuts off the end and mends the head is found by a copy of the last hash.
#[tokio::test]
async fn the_end_of_the_chain_is_known_by_its_hash() {
    let fixture = six_events().await;
    let before = fixture.log.verify(fixture.tenant).await.unwrap();
    let head = fixture.log.head(fixture.tenant).await.unwrap();
    assert_eq!(before, Verified::Holds { events: 6, head_hash: head.hash });
    fixture.append(command([write(a_case(), 0, vec![an_event()])])).await;
    let after = fixture.log.read_after(fixture.tenant, Position(5), 2).await.unwrap();
    assert_eq!(after[0].hash, head.hash);
    assert_ne!(after[1].hash, head.hash);
}
