//! The hot statements find their rows by an index, with the settings they run under; and those that
//! write do nothing without the lock.

use postgres_types::ToSql;
use throughline_test_database::TestDatabase;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::allocation_schedules::READ_SCHEDULES;
use crate::append::columns::{INSERT_EVENTS, INSERT_STREAM_KEYS, INSERT_STREAMS, UPDATE_HEAD};
use crate::append::idempotency::{DELETE_KEYS, INSERT_KEYS, PURGE_EXPIRED, READ_KEYS};
use crate::append::stream_reads::READ_STREAMS;
use crate::append::transaction::{locked, take_lock};
use crate::case_links::{LINKS_OF, SOURCES};
use crate::database::begin;
use crate::erase::READ_CASES;
use crate::micros::Micros;
use crate::migrate::migrate;
use crate::programmes::COUNT_DEFINITIONS;
use crate::read::{READ_AFTER, READ_STREAM};
use crate::staff_streams::list_sql;
use crate::stream::StreamKind;
use crate::tenant::TenantNo;

const FILL: &str = "\
    INSERT INTO stream (tenant_no, stream_no, kind, id) \
    SELECT 1, n, 'case', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid \
    FROM generate_series(1, 1000) n; \
    INSERT INTO event \
    SELECT 1, n, 1 + n % 1000, gen_random_uuid(), 1 + n / 1000, 1, 'ContactAttempted', now(), \
        'instant', now(), 'worker', 'caseworker', null, gen_random_uuid(), gen_random_uuid(), \
        null, null, '{}', null, sha256(n::text::bytea) \
    FROM generate_series(1, 20000) n; \
    INSERT INTO event \
    SELECT 1, 20000 + n, n, gen_random_uuid(), 100 + n, 1, 'ReferralReceived', now(), \
        'instant', now(), 'worker', 'caseworker', null, gen_random_uuid(), gen_random_uuid(), \
        null, null, json_build_object('person_id', gen_random_uuid()), null, \
        sha256(n::text::bytea) \
    FROM generate_series(1, 1000) n; \
    INSERT INTO idempotency_key \
    SELECT 1, sha256(n::text::bytea), sha256(n::text::bytea), '', n, n, '{1}', \
        now() - make_interval(mins => n) \
    FROM generate_series(1, 20000) n;";

const STREAM: [&str; 2] = ["stream_tenant_no_id_key", "event_tenant_no_stream_no_version_key"];

async fn plan(client: &Client, sql: &str, params: &[&(dyn ToSql + Sync)]) -> String {
    let begin = begin("READ ONLY", std::time::Duration::from_secs(10));
    client.batch_execute(&begin).await.unwrap();
    let rows = client.query(&format!("EXPLAIN {sql}"), params).await;
    client.batch_execute("COMMIT").await.unwrap();
    let lines = rows.unwrap().iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>();
    lines.join("\n")
}

/// While the tables are empty, when they have grown since the planner last saw them small, and when
/// it knows them.
#[tokio::test]
async fn the_hot_reads_use_their_indexes() {
    let database = TestDatabase::create().await;
    let mut client = database.connect().await;
    migrate(&mut client).await.unwrap();
    for fill in ["ANALYZE", FILL, "ANALYZE"] {
        client.batch_execute(fill).await.unwrap();
        let id = Uuid::nil();
        let stream = plan(&client, READ_STREAM, &[&1, &id, &"case"]).await;
        let after = plan(&client, READ_AFTER, &[&1, &10_000_i64, &10_100_i64]).await;
        let heads = plan(&client, READ_STREAMS, &[&1, &vec![id; 64]]).await;
        let person = id.to_string();
        let cases = plan(&client, READ_CASES, &[&1, &person, &1001_i64]).await;
        let scopes = vec![[7_u8; 32].as_slice(); 64];
        let keys = plan(&client, READ_KEYS, &[&1, &scopes]).await;
        let delete = plan(&client, DELETE_KEYS, &[&1, &scopes]).await;
        let purge = plan(&client, PURGE_EXPIRED, &[&1, &512_i64]).await;
        let workers = plan(&client, &list_sql(StreamKind::Worker), &[&1, &100_i64]).await;
        let schedules = plan(&client, READ_SCHEDULES, &[&1]).await;
        let programmes = plan(&client, COUNT_DEFINITIONS, &[&1]).await;
        let links = plan(&client, LINKS_OF, &[&1, &vec![person.as_str(); 64]]).await;
        let types = vec!["CasesLinked", "RiskAssessed"];
        let params: [&(dyn ToSql + Sync); 5] = [&1, &10_000_i64, &10_100_i64, &types, &500_i64];
        let sources = plan(&client, SOURCES, &params).await;
        for (plan, indexes) in [
            (links.clone(), ["event_linked_lower", "event_linked_higher"]),
            (links, ["event_linked_lower", "stream_pkey"]),
            (sources, ["event_pkey", "stream_pkey"]),
            (stream, STREAM),
            (after, ["event_pkey", "stream_pkey"]),
            (heads, STREAM),
            (cases, ["event_referral_person", "stream_pkey"]),
            (keys, ["idempotency_key_pkey"; 2]),
            (delete, ["idempotency_key_pkey", "Tid Scan"]),
            (purge, ["idempotency_key_created_at", "Tid Scan"]),
            (workers, ["stream_kind"; 2]),
            (schedules, ["stream_kind", "event_tenant_no_stream_no_version_key"]),
            (programmes, ["stream_kind", "event_tenant_no_stream_no_version_key"]),
        ] {
            assert!(!plan.contains("Seq Scan"), "{plan}");
            // Every scan goes by the whole key, not by the tenant alone.
            let conditions = plan.lines().filter(|line| line.contains("Index Cond"));
            let mut conditions = conditions.peekable();
            assert!(conditions.peek().is_some(), "{plan}");
            assert!(conditions.all(|line| line.contains(" AND ")), "{plan}");
            assert!(indexes.iter().all(|index| plan.contains(index)), "{plan}");
        }
    }
}

/// Nor after a transaction that had it.
#[tokio::test]
async fn nothing_is_written_without_the_lock() {
    let database = TestDatabase::create().await;
    let mut client = database.connect().await;
    migrate(&mut client).await.unwrap();
    client.batch_execute("INSERT INTO log_head VALUES (1, 0, NULL, sha256(''), 0)").await.unwrap();
    let (nos, ids, key) = (vec![1_i64], vec![Uuid::nil()], vec![[7_u8; 3].as_slice()]);
    let hash = [7_u8; 32];
    let head: [&(dyn ToSql + Sync); 6] = [&1, &1_i64, &Micros(1), &hash.as_slice(), &1_i64, &0_i64];
    let written = async || {
        let streams = client.execute(INSERT_STREAMS, &[&1, &nos, &vec!["case"], &ids]).await;
        let keys = client.execute(INSERT_STREAM_KEYS, &[&1, &nos, &key]).await;
        let head = client.execute(UPDATE_HEAD, &head).await;
        [streams.unwrap(), keys.unwrap(), head.unwrap()]
    };
    assert_eq!(written().await, [0; 3]);
    let lock = format!("BEGIN; {}", take_lock(TenantNo(1)));
    client.batch_execute(&lock).await.unwrap();
    assert_eq!(written().await, [1; 3]);
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(written().await, [0; 3]);
    for statement in [INSERT_EVENTS, INSERT_KEYS] {
        assert!(statement.ends_with(concat!("WHERE ", locked!())), "{statement}");
    }
}
