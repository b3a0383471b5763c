//! A PostgreSQL database of its own for each test.
//!
//! The server is the one that `DATABASE_URL` names. Tests neither start nor stop it: `ops/test`
//! does. The database is empty; a test that needs the schema runs the migrations.

use std::env;
use std::process;
use std::thread;

use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

/// A fresh, empty database, which is dropped with this value.
///
/// Connections that are still open then are cut, so that a test need not wind down its pools.
#[derive(Debug)]
pub struct TestDatabase {
    server_url: String,
    name: String,
}

impl TestDatabase {
    /// Creates a database with a name that no other has.
    ///
    /// # Panics
    /// When `DATABASE_URL` is not set, or its server refuses.
    pub async fn create() -> Self {
        let server_url = env::var("DATABASE_URL").unwrap_or_default();
        assert!(
            !server_url.is_empty(),
            "tests need a PostgreSQL: run them by `ops/test`, or set DATABASE_URL"
        );
        let name = format!("throughline_test_{}_{}", process::id(), Uuid::new_v4().simple());
        // From `template0`, to which nobody connects: `template1` cannot be copied while anyone is
        // connected to it.
        run(&parse(&server_url), &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        Self { server_url, name }
    }

    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect, for the driver.
    #[must_use]
    pub fn config(&self) -> Config {
        parse(&self.url())
    }

    /// How to connect, as a string for the program's `--database-url`.
    ///
    /// In the form that `DATABASE_URL` has: a URL, or `key=value` pairs.
    #[must_use]
    pub fn url(&self) -> String {
        naming(&self.server_url, &self.name)
    }

    /// Cuts every connection to the database and lets nobody in: an outage.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn close(&self) {
        let server = connect(&parse(&self.server_url)).await;
        let name = &self.name;
        let shut = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        for statement in [shut, cut] {
            server.batch_execute(&statement).await.expect("the statement succeeds");
        }
    }

    /// Ends the outage.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn reopen(&self) {
        let statement = format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name);
        run(&parse(&self.server_url), &statement).await;
    }

    /// Connects.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn connect(&self) -> Client {
        connect(&self.config()).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let config = parse(&self.server_url);
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A thread of its own: a drop may happen inside a runtime, which must not be blocked on.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(run(&config, &statement));
        });
        let dropped = dropping.join();
        // A test that fails already keeps its own message.
        assert!(dropped.is_ok() || thread::panicking(), "could not drop {}", self.name);
    }
}

/// The connection string for another database on the same server.
///
/// It is appended, since the later of two settings wins and a URL's parameters come last.
fn naming(server_url: &str, database: &str) -> String {
    let is_url = ["postgres://", "postgresql://"].iter().any(|s| server_url.starts_with(s));
    let separator = match (is_url, server_url.contains('?')) {
        (true, false) => "?",
        (true, true) => "&",
        (false, _) => " ",
    };
    format!("{server_url}{separator}dbname={database}")
}

fn parse(url: &str) -> Config {
    // The error names a key and never the value, which may be a password.
    url.parse().unwrap_or_else(|error| panic!("DATABASE_URL cannot be read: {error}"))
}

async fn run(config: &Config, statement: &str) {
    connect(config).await.batch_execute(statement).await.expect("the statement succeeds");
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("the server accepts us");
    // It ends when the client is dropped. What breaks it fails the client's call too.
    tokio::spawn(connection);
    client
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    #[tokio::test]
    async fn a_database_is_its_own_and_is_gone_afterwards() {
        let kept = TestDatabase::create().await;
        let dropped = TestDatabase::create().await;
        let name = dropped.name().to_owned();
        let still_open = dropped.connect().await;
        let row = still_open.query_one("SELECT current_database()::text", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), name);
        drop(dropped);

        let count = "SELECT count(*) FROM pg_database WHERE datname = $1";
        let client = kept.connect().await;
        let row = client.query_one(count, &[&name]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 0);
        let row = client.query_one(count, &[&kept.name()]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 1);
    }

    #[test]
    fn every_form_of_url_is_pointed_at_another_database() {
        let forms = [
            "postgresql://u:p@db.example:5433/main",
            "postgres://u@db.example/main?connect_timeout=3",
            "postgresql://u@%2Fvar%2Frun%2Fpg/main",
            "host='/var/run/pg' user=u dbname=main",
        ];
        for form in forms {
            let before = parse(form);
            let after = parse(&naming(form, "other"));
            assert_eq!(after.get_dbname(), Some("other"), "{form}");
            assert_eq!(after.get_hosts(), before.get_hosts(), "{form}");
            assert_eq!(after.get_user(), Some("u"), "{form}");
        }
        assert_eq!(parse(forms[2]).get_hosts(), [Host::Unix("/var/run/pg".into())]);
    }
}
