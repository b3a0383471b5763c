//! The log that is tampered with, and a way back to what it was.

use std::collections::HashMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use throughline_domain::ids::EventId;
use throughline_domain::time::{Occurred, Precision};
use throughline_log::{
    Append, Checkpoint, CheckpointLine, CommandMeta, NewEvent, Plaintext, SigningKey, StreamId,
    StreamKind, Tenant, Verified, VerifySettings,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{Fixture, at, write};

pub(super) const EVENTS: i64 = 1000;
const STREAMS: u128 = 60;
/// The positions at which the log was signed while it grew.
pub(super) const SIGNED: [i64; 3] = [298, 604, 1000];

/// Everything that keeps an owner from altering the log is taken away, as an owner can.
const UNPROTECT: &str = "
    DO $$ DECLARE each record; BEGIN
        FOR each IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
            WHERE conrelid::regclass::text IN ('event', 'stream', 'log_head', 'tenant')
        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', each.t, each.conname); END LOOP;
        ALTER TABLE tenant ALTER tenant_no DROP IDENTITY;
        FOR each IN SELECT attrelid::regclass AS t, attname FROM pg_attribute
            WHERE attrelid::regclass::text IN ('event', 'stream', 'log_head', 'tenant')
                AND attnum > 0 AND attnotnull
        LOOP EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', each.t, each.attname); END LOOP;
    END $$;
    ALTER TABLE event DISABLE TRIGGER ALL; ALTER TABLE stream DISABLE TRIGGER ALL;
    ALTER TABLE log_head DISABLE TRIGGER ALL; ALTER TABLE tenant DISABLE TRIGGER ALL;
    CREATE SCHEMA kept;
    CREATE TABLE kept.event AS TABLE event; CREATE TABLE kept.stream AS TABLE stream;
    CREATE TABLE kept.log_head AS TABLE log_head; CREATE TABLE kept.tenant AS TABLE tenant;";

const RESTORE: &str = "
    BEGIN; TRUNCATE event, stream, log_head, tenant;
    INSERT INTO event TABLE kept.event; INSERT INTO stream TABLE kept.stream;
    INSERT INTO log_head TABLE kept.log_head; INSERT INTO tenant TABLE kept.tenant; COMMIT;";

/// The chain computed by other means, from the text of `hash.rs`: whoever can alter the database
/// can do so. `rechain` computes it anew from a position on and mends the head.
const RECHAIN: &str = "
    CREATE FUNCTION field(value bytea) RETURNS bytea LANGUAGE sql AS $$
        SELECT CASE WHEN value IS NULL THEN '\\xffffffff'::bytea
            ELSE int4send(octet_length(value)) || value END $$;
    CREATE FUNCTION text_field(value text) RETURNS bytea LANGUAGE sql AS $$
        SELECT field(convert_to(value, 'UTF8')) $$;
    CREATE FUNCTION time_field(value timestamptz) RETURNS bytea LANGUAGE sql AS $$
        SELECT field(int8send((extract(epoch FROM value) * 1000000)::bigint)) $$;
    CREATE FUNCTION link(previous bytea, e event, s stream) RETURNS bytea LANGUAGE sql AS $$
        SELECT sha256(text_field('throughline/event/1') || field(previous)
            || field(int8send(e.position)) || field(int8send(e.stream_no))
            || text_field(s.kind) || field(uuid_send(s.id)) || field(uuid_send(e.event_id))
            || field(int4send(e.version)) || text_field(e.type)
            || field(int2send(e.schema_version)) || time_field(e.occurred_at)
            || text_field(e.occurred_precision) || time_field(e.recorded_at)
            || text_field(e.actor) || text_field(e.actor_role)
            || text_field(e.source_organisation) || field(uuid_send(e.command_id))
            || field(uuid_send(e.correlation_id)) || field(uuid_send(e.causation_id))
            || text_field(e.traceparent) || text_field(e.data) || field(e.sealed)) $$;
    CREATE FUNCTION rechain(tenant integer, first bigint) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE previous bytea; e event; s stream;
    BEGIN
        SELECT hash INTO previous FROM event WHERE tenant_no = tenant AND position = first - 1;
        IF first = 1 THEN
            SELECT sha256(text_field('throughline/genesis/1') || field(int4send(tenant))
                || text_field(name)) INTO previous FROM tenant t WHERE t.tenant_no = tenant;
        END IF;
        FOR e IN SELECT * FROM event x WHERE x.tenant_no = tenant AND x.position >= first
            ORDER BY x.position
        LOOP
            SELECT * INTO s FROM stream x WHERE x.tenant_no = tenant AND x.stream_no = e.stream_no;
            previous := link(previous, e, s);
            UPDATE event x SET hash = previous
                WHERE x.tenant_no = tenant AND x.position = e.position;
        END LOOP;
        DELETE FROM stream x WHERE x.tenant_no = tenant AND NOT EXISTS (SELECT FROM event y
            WHERE y.tenant_no = tenant AND y.stream_no = x.stream_no);
        UPDATE log_head h SET (position, recorded_at, hash) = (SELECT position, recorded_at, hash
                FROM event WHERE tenant_no = tenant ORDER BY position DESC LIMIT 1),
            streams = (SELECT count(*) FROM stream WHERE tenant_no = tenant)
            WHERE h.tenant_no = tenant;
    END $$;";

/// A log of 1,000 events that can be altered.
pub(super) struct Subject {
    pub(super) fixture: Fixture,
    pub(super) client: Client,
    pub(super) key: SigningKey,
    pub(super) checkpoints: Vec<CheckpointLine>,
}

impl Subject {
    pub(super) async fn recorded() -> Self {
        let fixture = Fixture::live().await;
        let key = SigningKey::random().unwrap();
        let mut versions = HashMap::new();
        let mut position = 1;
        let mut checkpoints: Vec<CheckpointLine> = Vec::new();
        while position < EVENTS {
            fixture.append(command(position, &mut versions)).await;
            position += 9;
            if SIGNED.contains(&position) {
                let head = fixture.log.head(fixture.tenant).await.unwrap();
                let now = Timestamp::now();
                let signed = Checkpoint::sign(&key, fixture.tenant, "essex", &head, now);
                let (line, checkpoint) = (checkpoints.len() as u64 + 1, signed.unwrap());
                checkpoints.push(CheckpointLine { line, checkpoint });
            }
        }
        let client = fixture.client().await;
        client.batch_execute("SET synchronous_commit = off").await.unwrap();
        client.batch_execute(UNPROTECT).await.unwrap();
        client.batch_execute(RECHAIN).await.unwrap();
        let subject = Self { fixture, client, key, checkpoints };
        let expected = subject.fixture.log.head(subject.fixture.tenant).await.unwrap();
        assert_eq!((expected.position.0, expected.streams), (EVENTS, 61));
        subject
    }

    pub(super) async fn run(&self, statements: &str) {
        self.client.batch_execute(statements).await.unwrap();
    }

    pub(super) async fn restore(&self) {
        self.run(RESTORE).await;
    }

    /// In several parts at a time, so that what is wrong may lie in any.
    pub(super) async fn verify(&self) -> Verified {
        self.verify_in_parts_of(200).await
    }

    pub(super) async fn verify_in_parts_of(&self, events: u32) -> Verified {
        let settings = VerifySettings {
            workers: NonZeroUsize::new(3).unwrap(),
            part_events: NonZeroU32::new(events).unwrap(),
            ..VerifySettings::default()
        };
        self.fixture.log.verify_range(self.fixture.tenant, &settings).await.unwrap()
    }

    pub(super) async fn number(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The log as a file.
    pub(super) async fn export(&self) -> Vec<u8> {
        let tenant = Tenant {
            tenant_no: self.fixture.tenant,
            name: "essex".to_owned(),
            state: throughline_log::TenantState::Live,
        };
        let (mut out, written) = (Vec::new(), AtomicU64::new(0));
        self.fixture.log.export(&tenant, None, &mut out, &written).await.unwrap();
        out
    }
}

/// The nine events after a position, on two streams. At even positions every column has a value,
/// at odd ones only those that must.
fn command(position: i64, versions: &mut HashMap<StreamId, i32>) -> Append {
    let is_full = position % 2 == 0;
    let n = u128::try_from(position / 9).unwrap();
    let (one, other) = (stream(n % STREAMS), stream((n * 7 + 1) % STREAMS));
    let mut writes = Vec::new();
    let places: &[(StreamId, i64)] =
        if one == other { &[(one, 9)] } else { &[(one, 5), (other, 4)] };
    let mut next = position + 1;
    for (stream, count) in places {
        let version = versions.entry(*stream).or_insert(0);
        let events = (next..next + count).map(event).collect();
        writes.push(write(*stream, *version, events));
        *version += i32::try_from(*count).unwrap();
        next += count;
    }
    let meta = CommandMeta {
        actor: format!("worker-{n}"),
        actor_role: "caseworker".to_owned(),
        source_organisation: is_full.then(|| "police".to_owned()),
        command_id: Uuid::new_v4(),
        correlation_id: Uuid::new_v4(),
        causation_id: is_full.then(Uuid::new_v4),
        traceparent: is_full.then(|| format!("00-{:032x}-{:016x}-01", n + 1, n + 1)),
        idempotency: None,
    };
    Append { meta, writes }
}

fn stream(n: u128) -> StreamId {
    let kind = if n.is_multiple_of(2) { StreamKind::Case } else { StreamKind::Person };
    StreamId { kind, id: Uuid::from_u128(0x5eed_0000_0000_0000_0000_0000_0000_0000 + n) }
}

fn event(position: i64) -> NewEvent {
    let precision = [Precision::Instant, Precision::Day, Precision::Month];
    let precision = precision[usize::try_from(position % 3).unwrap()];
    let is_correction = position % 10 == 7;
    NewEvent {
        event_id: EventId(Uuid::now_v7()),
        event_type: if is_correction { "FactCorrected" } else { "ContactAttempted" },
        schema_version: 1,
        occurred: Occurred { at: at("2014-03-08T10:00:00.000001Z"), precision },
        data: format!(r#"{{"channel":"téléphone","note":"\"{position}\""}}"#),
        plaintext: (position % 4 < 2).then(|| Plaintext::new(format!("what was said, {position}"))),
    }
}
