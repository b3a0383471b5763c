//! New keys for a tenant and for the whole database: no event changes, and everything opens.

use throughline_log::{
    AppendSettings, EventLog, LogError, MasterKey, SealError, StreamId, TenantState, Unsealed, pool,
};
use tokio_postgres::Client;

use crate::support::{Fixture, a_case, command, sealing, write};

fn log_with(fixture: &Fixture, key: MasterKey) -> EventLog {
    EventLog::new(pool(fixture.database.config(), 4).unwrap(), key, AppendSettings::default())
}

/// Cases with a narrative, more than are wrapped at a time.
async fn cases(fixture: &Fixture, count: usize) -> Vec<StreamId> {
    let cases: Vec<_> = (0..count).map(|_| a_case()).collect();
    for part in cases.chunks(50) {
        let writes = part.iter().map(|case| write(*case, 0, vec![sealing("She moved.")]));
        fixture.append(command(writes.collect::<Vec<_>>())).await;
    }
    cases
}

/// Every row of the log, in one number.
async fn fingerprint(client: &Client) -> String {
    let sql = "SELECT encode(sha256(string_agg(e::text, '|' ORDER BY tenant_no, position)::bytea), \
               'hex') FROM event e";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn wrapped(client: &Client, table: &str) -> Vec<Vec<u8>> {
    let sql = format!("SELECT wrapped FROM {table} ORDER BY tenant_no");
    client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn opens(log: &EventLog, fixture: &Fixture, case: StreamId) -> Result<Unsealed, LogError> {
    let events = log.read_stream(fixture.tenant, case).await.unwrap();
    log.unseal(fixture.tenant, &events[0]).await
}

fn is_broken<T>(opened: &Result<T, LogError>) -> bool {
    matches!(opened, Err(LogError::Seal(SealError::Broken)))
}

#[tokio::test]
async fn a_tenant_gets_a_new_key_and_every_text_still_opens() {
    let fixture = Fixture::live().await;
    let cases = cases(&fixture, 2100).await;
    let client = fixture.client().await;
    let before = fingerprint(&client).await;
    let old_keys = wrapped(&client, "stream_key").await;
    let old_tenant_keys = wrapped(&client, "tenant_key").await;
    let elsewhere = log_with(&fixture, fixture.master_key.clone());
    opens(&elsewhere, &fixture, cases[0]).await.unwrap();

    assert_eq!(fixture.log.rotate_tenant_key(fixture.tenant).await.unwrap(), 2100);
    assert_eq!(fingerprint(&client).await, before);
    let new_keys = wrapped(&client, "stream_key").await;
    assert!(new_keys.iter().all(|key| !old_keys.contains(key)));
    // A process that ran all the while, which has the old key in memory.
    for log in [&fixture.log, &elsewhere] {
        for case in [cases[0], cases[2099]] {
            assert!(matches!(opens(log, &fixture, case).await, Ok(Unsealed::Text(_))));
        }
    }
    let more = command([write(cases[0], 1, vec![sealing("She moved again.")])]);
    elsewhere.append(fixture.tenant, more).await.unwrap();
    // Nor does an appender wrap a new stream's key with the one it remembers.
    assert_eq!(fixture.log.rotate_tenant_key(fixture.tenant).await.unwrap(), 2100);
    for log in [&fixture.log, &elsewhere] {
        let case = a_case();
        let new = command([write(case, 0, vec![sealing("She came.")])]);
        log.append(fixture.tenant, new).await.unwrap();
        assert!(matches!(opens(&fixture.log, &fixture, case).await, Ok(Unsealed::Text(_))));
    }

    // The old tenant key opens nothing any more.
    let restore = "UPDATE tenant_key SET wrapped = $2 WHERE tenant_no = $1";
    let old = old_tenant_keys.last().unwrap();
    client.execute(restore, &[&fixture.tenant.0, old]).await.unwrap();
    assert!(is_broken(&opens(&elsewhere, &fixture, cases[7]).await));
}

#[tokio::test]
async fn the_master_key_is_replaced_under_services_that_know_both() {
    let fixture = Fixture::live().await;
    let case = cases(&fixture, 1).await[0];
    let client = fixture.client().await;
    let before = fingerprint(&client).await;
    let stream_keys = wrapped(&client, "stream_key").await;
    let new = MasterKey::random().unwrap();
    let running = log_with(&fixture, new.clone().after(&fixture.master_key));
    // Nothing is rotated yet: it opens what the old key wrapped, and wraps with the new one.
    opens(&running, &fixture, case).await.unwrap();
    running.create_tenant("kent", TenantState::Live).await.unwrap();

    let operator = log_with(&fixture, fixture.master_key.clone());
    for _ in 0..2 {
        // Done again after an interruption, it does no harm.
        assert_eq!(operator.rotate_master_key(&new).await.unwrap(), 3);
        assert_eq!(fingerprint(&client).await, before_and_kent(&client, &before).await);
    }
    assert_eq!(wrapped(&client, "stream_key").await, stream_keys);
    assert!(matches!(opens(&running, &fixture, case).await, Ok(Unsealed::Text(_))));
    let alone = log_with(&fixture, new);
    assert!(matches!(opens(&alone, &fixture, case).await, Ok(Unsealed::Text(_))));
    alone.append(fixture.tenant, command([write(case, 1, vec![sealing("more")])])).await.unwrap();
    // The old one opens nothing any more, in a process that begins now.
    let old = log_with(&fixture, fixture.master_key.clone());
    assert!(is_broken(&opens(&old, &fixture, case).await));
    let refused = old.append(fixture.tenant, command([write(case, 2, vec![sealing("")])])).await;
    assert!(refused.is_err(), "{refused:?}");
}

/// The event with which the second tenant went live came after the first look.
async fn before_and_kent(client: &Client, before: &str) -> String {
    let sql = "SELECT encode(sha256(string_agg(e::text, '|' ORDER BY tenant_no, position)::bytea), \
               'hex') FROM event e WHERE tenant_no < 3";
    let without: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(without, before);
    fingerprint(client).await
}

#[tokio::test]
async fn a_key_that_does_not_open_stops_a_rotation_before_anything_changed() {
    let fixture = Fixture::live().await;
    let cases = cases(&fixture, 3).await;
    let client = fixture.client().await;
    let stranger = log_with(&fixture, MasterKey::random().unwrap());
    assert!(is_broken(&stranger.rotate_master_key(&MasterKey::random().unwrap()).await));
    assert!(is_broken(&stranger.rotate_tenant_key(fixture.tenant).await));
    let keys = wrapped(&client, "tenant_key").await;
    let damage = "UPDATE stream_key SET wrapped = wrapped || '\\x00' WHERE stream_no = 4";
    assert_eq!(client.execute(damage, &[]).await.unwrap(), 1);
    assert!(is_broken(&fixture.log.rotate_tenant_key(fixture.tenant).await));
    assert_eq!(wrapped(&client, "tenant_key").await, keys);
    assert!(matches!(opens(&fixture.log, &fixture, cases[0]).await, Ok(Unsealed::Text(_))));
}

#[tokio::test]
async fn the_services_role_rotates_nothing() {
    let fixture = Fixture::live().await;
    let case = cases(&fixture, 1).await[0];
    let client = fixture.client().await;
    client.batch_execute("SET ROLE throughline_service").await.unwrap();
    for table in ["stream_key", "tenant_key"] {
        let update = format!("UPDATE {table} SET wrapped = ''");
        assert_eq!(client.execute(&update, &[]).await.unwrap_err().code().unwrap().code(), "42501");
    }
    // A connection that was given the role by its options goes back to who connected.
    let mut config = fixture.database.config();
    config.options("-c role=throughline_service");
    let key = fixture.master_key.clone();
    let log = EventLog::new(pool(config, 4).unwrap(), key, AppendSettings::default());
    assert_eq!(log.rotate_tenant_key(fixture.tenant).await.unwrap(), 1);
    assert!(matches!(opens(&log, &fixture, case).await, Ok(Unsealed::Text(_))));
}
