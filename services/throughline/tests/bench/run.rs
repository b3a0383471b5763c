//! One run of the bench, and the server it runs on.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::{Client, NoTls};

const PROGRAM: &str = env!("CARGO_BIN_EXE_throughline");
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// One run at a time, so that whatever databases a run has made are that run's.
pub(crate) static SERVER: Turn = Turn(Mutex::const_new(()));

pub(crate) struct Turn(Mutex<()>);

impl Turn {
    pub(crate) async fn lock(&self) -> Server<'_> {
        let turn = self.0.lock().await;
        let client = connect(None).await;
        Server { client, _turn: turn }
    }
}

/// The server, as nobody else makes runs on it.
pub(crate) struct Server<'a> {
    client: Client,
    _turn: MutexGuard<'a, ()>,
}

impl Server<'_> {
    /// The databases that runs have made and not dropped.
    pub(crate) async fn databases(&self) -> Vec<String> {
        let sql = "SELECT datname::text FROM pg_database \
                   WHERE datname LIKE 'throughline_bench_%' ORDER BY 1";
        let rows = self.client.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Waits until a run has made a table, and gives the name of its database.
    pub(crate) async fn table(&self, table: &str) -> String {
        loop {
            for name in self.databases().await {
                let Some(client) = try_connect(Some(&name)).await else { continue };
                let sql = "SELECT count(*) FROM pg_class WHERE relname = $1";
                let found = client.query_one(sql, &[&table]).await.map(|row| row.get(0));
                if found.is_ok_and(|count: i64| count == 1) {
                    return name;
                }
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Cuts every connection to a database, now and from now on.
    pub(crate) async fn cut(&self, name: &str) {
        self.execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        self.execute(&cut).await;
    }

    pub(crate) async fn execute(&self, statement: &str) {
        self.client.batch_execute(statement).await.unwrap();
    }
}

/// A run that was started. It is killed when it goes out of scope.
pub(crate) struct Run(Child);

/// What a run said, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// The document that it printed, and nothing else.
    pub(crate) fn document(&self) -> Map<String, Value> {
        let document: Value = serde_json::from_str(&self.stdout).unwrap();
        document.as_object().unwrap().clone()
    }
}

impl Run {
    /// On the server that `DATABASE_URL` names.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let child = Command::new(PROGRAM)
            .arg("bench")
            .args(arguments)
            .env_remove("THROUGHLINE_MASTER_KEY")
            .env_remove("THROUGHLINE_MASTER_KEY_FILE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self(child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.0.id().unwrap().try_into().unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    pub(crate) async fn output(self) -> Output {
        let output = self.0.wait_with_output().await.unwrap();
        Output {
            status: output.status,
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

async fn connect(database: Option<&str>) -> Client {
    try_connect(database).await.expect("tests need a PostgreSQL: run them by `ops/test`")
}

async fn try_connect(database: Option<&str>) -> Option<Client> {
    let mut config: tokio_postgres::Config = std::env::var("DATABASE_URL").ok()?.parse().ok()?;
    if let Some(database) = database {
        config.dbname(database);
    }
    let (client, connection) = config.connect(NoTls).await.ok()?;
    tokio::spawn(connection);
    Some(client)
}
