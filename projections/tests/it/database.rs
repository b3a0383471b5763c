//! A database with the read models' tables, and what is in them.

use std::path::Path;

use throughline_projections::Projection;
use throughline_test_database::TestDatabase;
use tokio_postgres::Client;

/// What the program that migrates keeps for itself, and a later migration speaks of.
const BEFORE: &str = "CREATE TABLE refinery_schema_history (version integer)";

/// A database with all migrations, in their order.
pub(crate) async fn with_tables() -> (TestDatabase, Client) {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    client.batch_execute(BEFORE).await.unwrap();
    for migration in migrations() {
        client.batch_execute(&migration).await.unwrap();
    }
    (database, client)
}

fn migrations() -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut files: Vec<(u32, _)> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let number = name.strip_prefix('V').and_then(|name| name.split_once("__")).unwrap().0;
            (number.parse().unwrap(), path)
        })
        .collect();
    files.sort();
    files.into_iter().map(|(_, path)| std::fs::read_to_string(path).unwrap()).collect()
}

/// Every row of every table, as text.
pub(crate) async fn rows(client: &Client) -> Vec<String> {
    let mut all = Vec::new();
    for table in Projection::ALL.iter().flat_map(|projection| projection.tables()) {
        let statement = format!("SELECT t::text FROM {} AS t ORDER BY 1", table.name);
        let rows = client.query(&statement, &[]).await.unwrap();
        all.extend(rows.iter().map(|row| format!("{}: {}", table.name, row.get::<_, &str>(0))));
    }
    all
}
