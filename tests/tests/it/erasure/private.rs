//! The service with a private PostgreSQL, in a data directory that the test may copy and put back.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio_postgres::{Client, Config, NoTls};

use crate::service::{Answer, log_text, program, read, signal};

const START_WAIT_MAX: Duration = Duration::from_mins(2);

/// A data directory, in a directory that goes with this value.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let parent = std::env::temp_dir().join(format!("throughline-it-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&parent).unwrap();
        // The server runs as another account when the tests run as root.
        fs::set_permissions(&parent, Permissions::from_mode(0o711)).unwrap();
        Self(parent)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// Where a backup is kept.
    pub(super) fn backup(&self) -> PathBuf {
        self.0.join("backup")
    }

    /// The program over this directory, with nothing of the tests' own environment.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data())
            .env_remove("DATABASE_URL")
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the service's log:\n{}", log_text(&self.0));
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The service at work.
pub(crate) struct Private<'a> {
    child: Child,
    base: String,
    directory: &'a Directory,
    http: reqwest::Client,
}

impl<'a> Private<'a> {
    /// `None` where the tests use a database elsewhere and no server is installed here.
    pub(crate) async fn start(directory: &'a Directory) -> Option<Self> {
        let log = directory.0.join("service.log");
        let log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = directory
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(START_WAIT_MAX, lines.next_line()).await;
        let Some(line) = line.expect("the service starts in time").unwrap() else {
            let said = log_text(&directory.0);
            let elsewhere = std::env::var_os("DATABASE_URL").is_some();
            assert!(elsewhere && said.contains("is not installed"), "no service: {said}");
            return None;
        };
        let base = line.strip_prefix("listening on ").expect("the first line").to_owned();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Some(Self { child, base, directory, http })
    }

    pub(crate) async fn stop(mut self) {
        signal(self.child.id().unwrap(), Signal::TERM);
        let status = self.child.wait().await.unwrap();
        assert!(status.success(), "{status}");
    }

    async fn request(&self, method: &str, role: &str, path: &str) -> reqwest::RequestBuilder {
        let token = ["token", "--tenant", "city", "--role", role];
        let token = self.directory.command(&token).output().await.unwrap();
        let token = String::from_utf8(token.stdout).unwrap();
        let url = format!("{}{path}", self.base);
        self.http.request(method.parse().unwrap(), url).bearer_auth(token.trim())
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        read(self.request("GET", "caseworker", path).await).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self.request("POST", "caseworker", path).await;
        read(request.header("if-match", "*").json(&body)).await
    }

    /// What the data protection officer asks for.
    pub(super) async fn officer(&self, path: &str, body: Value) -> Answer {
        let request = self.request("POST", "data_protection_officer", path).await;
        read(request.json(&body)).await
    }

    /// What the team manager asks for.
    pub(crate) async fn manager(&self, path: &str, body: Value) -> Answer {
        let request = self.request("POST", "team_manager", path).await;
        read(request.json(&body)).await
    }

    /// Where erasures are written down.
    pub(super) fn ledger(&self) -> PathBuf {
        self.directory.data().join("erasures.jsonl")
    }

    /// A connection to the private server, as its owner.
    pub(super) async fn database(&self) -> Client {
        let cluster = self.directory.data().join("postgres/cluster");
        let recorded = fs::read_to_string(cluster.join("postmaster.pid")).unwrap();
        let socket_dir = recorded.lines().nth(4).unwrap();
        let mut config = Config::new();
        config.host_path(socket_dir).user("throughline").dbname("throughline");
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

/// Copies a directory with the owners and modes of what is in it, as a backup tool does.
pub(super) fn copy(from: &Path, to: &Path) {
    let keep = |path: &Path| {
        let found = fs::symlink_metadata(from.join(path)).unwrap();
        chown(to.join(path), Some(found.uid()), Some(found.gid())).unwrap();
        fs::set_permissions(to.join(path), found.permissions()).unwrap();
    };
    fs::create_dir(to).unwrap();
    keep(Path::new(""));
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            keep(Path::new(&entry.file_name()));
        }
    }
}
