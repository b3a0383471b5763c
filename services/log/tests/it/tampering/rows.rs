//! Rows deleted, inserted, swapped, cut off, and whole ends replaced.

use throughline_domain::ids::Position;
use throughline_log::{Agreement, Difference, Flaw, Verified};

use super::subject::{EVENTS, Subject};

/// Moves everything from a position on by one, and mends the head.
const SHIFT: &str =
    "UPDATE event SET position = position + 1 WHERE tenant_no = 2 AND position >= 500;
    UPDATE log_head SET position = 1001 WHERE tenant_no = 2;";

const COLUMNS: &str = "stream_no, event_id, version, schema_version, type, occurred_at, \
    occurred_precision, recorded_at, actor, actor_role, source_organisation, command_id, \
    correlation_id, causation_id, traceparent, data, sealed, hash";

fn copy(from: i64, to: i64) -> String {
    format!(
        "INSERT INTO event (tenant_no, position, {COLUMNS}) SELECT 2, {to}, {COLUMNS} FROM event \
         WHERE tenant_no = 2 AND position = {from};"
    )
}

fn swap(one: i64, other: i64) -> String {
    format!(
        "UPDATE event SET position = {one} + {other} - position \
         WHERE tenant_no = 2 AND position IN ({one}, {other})"
    )
}

/// What is done, and where and as what it is to be found.
type Tampering = (String, i64, Flaw);

fn deletions() -> Vec<Tampering> {
    let delete = |rows: &str, first| {
        (format!("DELETE FROM event WHERE position {rows}"), first, Flaw::Missing)
    };
    vec![
        delete("= 1", 1),
        delete("= 200", 200),
        delete("= 201", 201),
        delete("= 555", 555),
        delete("= 1000", 1000),
        delete("BETWEEN 150 AND 650", 150),
        delete("> 900", 901),
        delete("> 0", 1),
    ]
}

fn insertions() -> Vec<Tampering> {
    vec![
        (copy(1000, 1001), 1001, Flaw::OutsideTheLog),
        (copy(1, 0), 0, Flaw::OutsideTheLog),
        (copy(500, 500), 500, Flaw::Repeated),
        (format!("{SHIFT}{}", copy(300, 500)), 500, Flaw::RecordedAtNotRising),
        (format!("{SHIFT}{}", copy(700, 500)), 500, Flaw::HashMismatch),
        // The row that was there comes twice: the second time it is wrong.
        (format!("{SHIFT}{}", copy(501, 500)), 501, Flaw::RecordedAtNotRising),
    ]
}

fn exchanges() -> Vec<Tampering> {
    let columns = |one: &str, other: &str, reason| {
        let statement = format!("UPDATE event SET {one} = {other}, {other} = {one}");
        (format!("{statement} WHERE position = 410"), 410, reason)
    };
    let data = "UPDATE event e SET data = o.data FROM event o \
                WHERE e.position + o.position = 819 AND e.position IN (409, 410)";
    let ids = "UPDATE stream s SET id = o.id FROM stream o WHERE s.tenant_no = 2 \
               AND o.tenant_no = 2 AND s.stream_no + o.stream_no = 5 AND s.stream_no IN (2, 3)";
    vec![
        (swap(300, 700), 300, Flaw::HashMismatch),
        (swap(400, 401), 400, Flaw::HashMismatch),
        columns("actor", "actor_role", Flaw::HashMismatch),
        columns("command_id", "correlation_id", Flaw::HashMismatch),
        columns("source_organisation", "traceparent", Flaw::HashMismatch),
        columns("occurred_at", "recorded_at", Flaw::RecordedAtNotRising),
        (data.to_owned(), 409, Flaw::HashMismatch),
        (ids.to_owned(), 2, Flaw::HashMismatch),
    ]
}

fn around() -> Vec<Tampering> {
    let stream = "INSERT INTO stream VALUES (2, 62, 'case', gen_random_uuid())".to_owned();
    let known = format!("{stream}; UPDATE log_head SET streams = 62 WHERE tenant_no = 2");
    vec![
        (stream, 1000, Flaw::HeadMismatch),
        (known, 1000, Flaw::EmptyStream { stream_no: 62 }),
        ("DELETE FROM log_head WHERE tenant_no = 2".to_owned(), 0, Flaw::HeadMissing),
        ("DELETE FROM tenant WHERE tenant_no = 2".to_owned(), 0, Flaw::TenantMissing),
    ]
}

#[tokio::test]
async fn a_row_that_comes_goes_or_moves_is_found_at_its_position() {
    let subject = Subject::recorded().await;
    assert_eq!(subject.fixture.tenant.0, 2);
    let tampering = [deletions(), insertions(), exchanges(), around()].concat();
    for (statements, position, reason) in tampering {
        subject.run(&statements).await;
        let expected = Verified::Broken { position: Position(position), reason };
        for part_events in [10_000, 100] {
            let found = subject.verify_in_parts_of(part_events).await;
            assert_eq!(found, expected, "{statements} in parts of {part_events}");
        }
        subject.restore().await;
    }
}

/// A part need not begin with the log: the row before it is believed, and what is outside of the
/// part is not looked at.
#[tokio::test]
async fn a_part_of_a_log_is_verified_alone() {
    let subject = Subject::recorded().await;
    subject.run("UPDATE event SET actor = 'someone' WHERE position = 500").await;
    let verify = async |from: i64, to: Option<i64>| {
        let settings = throughline_log::VerifySettings {
            from: Position(from),
            to: to.map(Position),
            part_events: std::num::NonZeroU32::new(90).unwrap(),
            ..throughline_log::VerifySettings::default()
        };
        subject.fixture.log.verify_range(subject.fixture.tenant, &settings).await.unwrap()
    };
    let broken = |position, reason| Verified::Broken { position: Position(position), reason };
    for (from, to, events) in
        [(1, Some(499), 499), (501, None, 500), (700, Some(700), 1), (1001, None, 0)]
    {
        let found = verify(from, to).await;
        assert!(
            matches!(found, Verified::Holds { events: n, .. } if n == events),
            "{from}: {found:?}"
        );
    }
    assert_eq!(verify(300, Some(600)).await, broken(500, Flaw::HashMismatch));
    assert_eq!(verify(500, Some(500)).await, broken(500, Flaw::HashMismatch));
    assert_eq!(verify(600, Some(1001)).await, broken(1001, Flaw::Missing));
    assert_eq!(verify(1002, None).await, broken(1001, Flaw::Missing));
    subject.run("DELETE FROM event WHERE position = 800").await;
    assert_eq!(verify(801, None).await, broken(800, Flaw::Missing));
}

/// The chain is recomputed by other means first, so that a forger is known to be able to.
#[tokio::test]
async fn what_a_chain_cannot_show_a_checkpoint_does() {
    let subject = Subject::recorded().await;
    let whole = subject.verify().await;
    subject.run("SELECT rechain(2, 1)").await;
    assert_eq!(subject.verify().await, whole, "computed from the description alone");
    let agreement = compare(&subject).await;
    assert_eq!((agreement.agreeing, agreement.differing), (3, None));

    let alter = |position: i64| {
        let update = "UPDATE event SET actor = 'someone' WHERE position";
        format!("{update} = {position}; SELECT rechain(2, {position})")
    };
    let cut =
        |last: i64| format!("DELETE FROM event WHERE position > {last}; SELECT rechain(2, {last})");
    let stream = "UPDATE stream SET id = gen_random_uuid() WHERE stream_no = 2; \
                  SELECT rechain(2, 1)";
    // What is done, how many events there are then, the last checkpoint that agrees, and the first
    // that does not.
    let forgeries = [
        (cut(700), 700, 604, (1000, Difference::EndsBefore)),
        (cut(1), 1, 0, (298, Difference::EndsBefore)),
        (alter(1), EVENTS, 0, (298, Difference::OtherEvent)),
        (alter(500), EVENTS, 298, (604, Difference::OtherEvent)),
        (alter(604), EVENTS, 298, (604, Difference::OtherEvent)),
        (alter(605), EVENTS, 604, (1000, Difference::OtherEvent)),
        (alter(1000), EVENTS, 604, (1000, Difference::OtherEvent)),
        (stream.to_owned(), EVENTS, 0, (298, Difference::OtherEvent)),
    ];
    for (statements, events, last, differing) in forgeries {
        subject.run(&statements).await;
        let found = subject.verify().await;
        let holds = matches!(found, Verified::Holds { events: n, .. } if n == events);
        assert!(holds, "{statements}: {found:?}");
        let agreement = compare(&subject).await;
        assert_eq!(agreement.last.map_or(0, |place| place.position.0), last, "{statements}");
        let (place, difference) = agreement.differing.unwrap();
        assert_eq!((place.position.0, difference), differing, "{statements}");
        subject.restore().await;
    }
}

/// Versions that do not follow each other cannot come from an altered row, whose hash would show
/// it first; they can from a forger who computes the hashes anew.
#[tokio::test]
async fn versions_are_dense_within_parts_and_from_one_to_the_next() {
    let subject = Subject::recorded().await;
    for position in [2, 200, 201, 640] {
        let update = "UPDATE event SET version = version + 1 WHERE position";
        subject.run(&format!("{update} = {position}; SELECT rechain(2, {position})")).await;
        for part_events in [10_000, 100, 20] {
            let found = subject.verify_in_parts_of(part_events).await;
            let (position, reason) = (Position(position), Flaw::VersionGap);
            assert_eq!(found, Verified::Broken { position, reason }, "in parts of {part_events}");
        }
        subject.restore().await;
    }
}

/// What is altered in the files of the database, the server itself may refuse to read. Here it does
/// so in the words that it has for that.
#[tokio::test]
async fn what_the_database_cannot_read_is_found_at_its_position() {
    let subject = Subject::recorded().await;
    let columns = COLUMNS.replace("data,", "unreadable(position, data) AS data,");
    let corrupt = format!(
        "CREATE FUNCTION unreadable(at bigint, data text) RETURNS text STABLE LANGUAGE plpgsql AS $$ \
         BEGIN IF at = 555 THEN RAISE 'corrupt' USING ERRCODE = 'data_corrupted'; END IF; \
         RETURN data; END $$; \
         CREATE UNIQUE INDEX ON event (tenant_no, position); \
         ALTER TABLE event RENAME TO event_stored; \
         CREATE VIEW event AS SELECT tenant_no, position, {columns} FROM event_stored; \
         GRANT SELECT ON event TO throughline_service"
    );
    subject.run(&corrupt).await;
    for part_events in [10_000, 100, 20] {
        let found = subject.verify_in_parts_of(part_events).await;
        let (position, reason) = (Position(555), Flaw::Corrupt);
        assert_eq!(found, Verified::Broken { position, reason }, "in parts of {part_events}");
    }
}

async fn compare(subject: &Subject) -> Agreement {
    let tenant = subject.fixture.tenant;
    subject.fixture.log.compare(tenant, "essex", &subject.checkpoints).await.unwrap()
}
