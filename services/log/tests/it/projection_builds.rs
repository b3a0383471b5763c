//! The tables of builds: made, indexed and dropped on behalf of the service, and only those.

use tokio_postgres::Client;

use crate::support::Fixture;

async fn call(client: &Client, function: &str, build: i32) -> Result<(), String> {
    let statement =
        format!("SELECT projection_{function}_tables('outcome_snapshot', 1, 1, {build})");
    let answer = client.batch_execute(&statement).await;
    answer.map_err(|error| error.code().map_or(String::new(), |code| code.code().to_owned()))
}

async fn indexes(client: &Client, table: &str) -> Vec<String> {
    let sql = "SELECT replace(replace(pg_get_indexdef(indexrelid), '_t1_b1', ''), 'public.', '')
               FROM pg_index WHERE indrelid = to_regclass($1) ORDER BY 1";
    client.query(sql, &[&table]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn columns(client: &Client, table: &str) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', attname, atttypid::regtype, attnotnull) FROM pg_attribute
               WHERE attrelid = to_regclass($1) AND attnum > 0 ORDER BY attnum";
    client.query(sql, &[&table]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_builds_tables_are_like_the_migrations_and_go_again() {
    let fixture = Fixture::live().await;
    let service = fixture.log.pool().get().await.unwrap();
    // Twice each: whoever was killed after one of them repeats it.
    for function in ["make", "make", "index", "index"] {
        assert_eq!(call(&service, function, 1).await, Ok(()), "{function}");
    }
    let owner = fixture.client().await;
    for table in ["outcome_case", "outcome_value"] {
        let made = format!("{table}_t1_b1");
        assert_eq!(columns(&owner, &made).await, columns(&owner, table).await);
        assert_eq!(indexes(&owner, &made).await, indexes(&owner, table).await);
        assert!(!indexes(&owner, table).await.is_empty());
        let both_refused = format!(
            "INSERT INTO {made} SELECT * FROM {table} WHERE false; DELETE FROM {made}; TRUNCATE {made}"
        );
        let refused = service.batch_execute(&both_refused).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "the service may write, not truncate");
    }
    let checks = "SELECT count(*) FROM pg_constraint
                  WHERE conrelid = 'outcome_value_t1_b1'::regclass AND contype IN ('c', 'p')";
    assert_eq!(owner.query_one(checks, &[]).await.unwrap().get::<_, i64>(0), 2);

    assert_eq!(call(&service, "drop", 1).await, Ok(()));
    assert_eq!(call(&service, "drop", 1).await, Ok(()));
    assert!(columns(&owner, "outcome_value_t1_b1").await.is_empty());
}

#[tokio::test]
async fn a_build_that_readers_are_answered_from_is_left_alone() {
    let fixture = Fixture::live().await;
    let service = fixture.log.pool().get().await.unwrap();
    call(&service, "make", 1).await.unwrap();
    let switch =
        "INSERT INTO projection_live (tenant_no, projection, version, build, previous_build)
                  VALUES (1, 'outcome_snapshot', 1, 1, 0)";
    service.batch_execute(switch).await.unwrap();
    for (function, build) in [("make", 1), ("index", 1), ("drop", 1), ("drop", 0), ("make", 0)] {
        assert_eq!(call(&service, function, build).await, Err("TL006".to_owned()), "{function}");
    }
}

#[tokio::test]
async fn nothing_but_a_projections_table_is_made_or_dropped() {
    let fixture = Fixture::live().await;
    let service = fixture.log.pool().get().await.unwrap();
    for function in ["make", "index", "drop"] {
        let statement = format!("SELECT projection_{function}_tables('event', 1, 1, 1)");
        service.batch_execute(&statement).await.unwrap();
    }
    let owner = fixture.client().await;
    assert!(columns(&owner, "event_t1_b1").await.is_empty());
    assert!(!columns(&owner, "event").await.is_empty());
}
