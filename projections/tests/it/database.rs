//! A database with the read models' tables, and what is in them.

use throughline_test_database::TestDatabase;
use tokio_postgres::Client;

const MIGRATIONS: [&str; 3] = [
    include_str!("../../../migrations/V11__caseload.sql"),
    include_str!("../../../migrations/V12__engagement_timeline.sql"),
    include_str!("../../../migrations/V13__outcome_snapshot.sql"),
];

pub(crate) async fn with_tables() -> (TestDatabase, Client) {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    for migration in MIGRATIONS {
        client.batch_execute(migration).await.unwrap();
    }
    (database, client)
}

/// Every row of every table, as text.
pub(crate) async fn rows(client: &Client) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["caseload", "engagement_timeline", "outcome_case", "outcome_value"] {
        let statement = format!("SELECT t::text FROM {table} AS t ORDER BY 1");
        let rows = client.query(&statement, &[]).await.unwrap();
        all.extend(rows.iter().map(|row| format!("{table}: {}", row.get::<_, &str>(0))));
    }
    all
}
