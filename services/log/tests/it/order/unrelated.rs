//! A transaction that has nothing to do with the log, and stays open.
//!
//! A reader that trusted the order of transaction numbers would have to wait for it, or to forget
//! about what began after it.

use throughline_test_database::TestDatabase;
use tokio_postgres::Client;

/// The transaction, by its number.
pub(super) struct Unrelated {
    client: Client,
    watcher: Client,
    xid: String,
    /// Kept, if it is one of its own: it goes with this value.
    _elsewhere: Option<TestDatabase>,
}

impl Unrelated {
    /// Begins one in a database, which has written and so has a number.
    pub(super) async fn begin(database: &TestDatabase) -> Self {
        let client = database.connect().await;
        let sql = "CREATE TABLE unrelated (n int); BEGIN; INSERT INTO unrelated VALUES (1)";
        client.batch_execute(sql).await.unwrap();
        let row = client.query_one("SELECT pg_current_xact_id()::xid::text", &[]).await.unwrap();
        let watcher = database.connect().await;
        Self { client, watcher, xid: row.get(0), _elsewhere: None }
    }

    /// Begins one in another database of the same cluster.
    pub(super) async fn begin_elsewhere(database: TestDatabase) -> Self {
        let begun = Self::begin(&database).await;
        Self { _elsewhere: Some(database), ..begun }
    }

    /// It was open all the while, as the server sees it, and is good for a commit.
    pub(super) async fn assert_open_and_commit(self) {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE backend_xid::text = $1 AND state = 'idle in transaction'";
        let row = self.watcher.query_one(sql, &[&self.xid]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 1, "the transaction had ended");
        self.client.batch_execute("COMMIT").await.unwrap();
        let row = self.watcher.query_one("SELECT n FROM unrelated", &[]).await.unwrap();
        assert_eq!(row.get::<_, i32>(0), 1);
    }
}
