//! The real program, serving on a port of its own, on a database of its own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use throughline_test_database::TestDatabase;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::described;

/// How long the program may take to begin serving.
const START_WAIT_MAX: Duration = Duration::from_mins(1);
/// A master key for tests; it opens nothing but what the tests seal.
pub(crate) const MASTER_KEY: &str = "dGhpcyBpcyBhIG1hc3RlciBrZXkgZm9yIHRlc3RzISE=";

/// A running service. It is killed when it goes out of scope.
pub(crate) struct Service {
    child: Child,
    pub(crate) base: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) database: TestDatabase,
    http: reqwest::Client,
    tokens: Mutex<HashMap<(String, String), String>>,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The answer's JSON, of which the status must be this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// The last part of a problem's type.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let kind = self.json()["type"].as_str().unwrap().to_owned();
        kind.strip_prefix("urn:throughline:problem:").unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts the service with more environment variables.
    pub(crate) async fn start_with(env: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await;
        Self::start_on(database, env).await
    }

    pub(crate) async fn start_on(database: TestDatabase, env: &[(&str, &str)]) -> Self {
        let data_dir =
            std::env::temp_dir().join(format!("throughline-it-{}", uuid::Uuid::new_v4()));
        let (child, base) = spawn(&data_dir, &database.url(), env).await;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Self { child, base, data_dir, database, http, tokens: Mutex::default() }
    }

    /// Ends the process at once and starts another on the same database and keys.
    pub(crate) async fn kill_and_restart(&mut self) {
        self.child.kill().await.unwrap();
        let (child, base) = spawn(&self.data_dir, &self.database.url(), &[]).await;
        (self.child, self.base) = (child, base);
    }

    /// Starts another process, with more environment variables, where one has ended.
    pub(crate) async fn restart_with(&mut self, env: &[(&str, &str)]) {
        let (child, base) = spawn(&self.data_dir, &self.database.url(), env).await;
        (self.child, self.base) = (child, base);
    }

    /// Runs the program beside the service: on the same database and data directory, with its key.
    pub(crate) async fn run(
        &self,
        arguments: &[&str],
        env: &[(&str, &str)],
    ) -> std::process::Output {
        Command::new(program())
            .args(arguments)
            .args(["--database-url", &self.database.url(), "--data-dir"])
            .arg(&self.data_dir)
            .env("THROUGHLINE_MASTER_KEY", MASTER_KEY)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap()
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Waits until the process, which was told to stop, has ended.
    pub(crate) async fn exited(&mut self) -> std::process::ExitStatus {
        self.child.wait().await.unwrap()
    }

    /// Asks the process to stop and waits until it has.
    pub(crate) async fn terminate(&mut self) -> std::process::ExitStatus {
        signal(self.child.id().unwrap(), Signal::TERM);
        self.child.wait().await.unwrap()
    }

    pub(crate) async fn token(&self, tenant: &str, role: &str) -> String {
        let key = (tenant.to_owned(), role.to_owned());
        if let Some(token) = self.lock_tokens().get(&key) {
            return token.clone();
        }
        let token = self.issue(&["--tenant", tenant, "--role", role]).await;
        self.lock_tokens().insert(key, token.clone());
        token
    }

    /// A token from `throughline token` with these arguments.
    pub(crate) async fn issue(&self, arguments: &[&str]) -> String {
        self.issue_in(&self.data_dir, arguments).await
    }

    /// A token of the issuer whose key is in another directory.
    pub(crate) async fn issue_in(&self, data_dir: &Path, arguments: &[&str]) -> String {
        let output = Command::new(program())
            .arg("token")
            .arg("--data-dir")
            .arg(data_dir)
            .args(arguments)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn lock_tokens(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request as whoever: the plain client, for tests that go wrong on purpose.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) fn as_role<'a>(&'a self, tenant: &'a str, role: &'a str) -> Client<'a> {
        Client { service: self, tenant, role }
    }

    /// A caseworker of the tenant `city`.
    pub(crate) fn worker(&self) -> Client<'_> {
        self.as_role("city", "caseworker")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        if std::thread::panicking() {
            println!("the service's log:\n{}", log_text(&self.data_dir));
        }
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}

/// The service as one role of one tenant sees it.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    service: &'a Service,
    tenant: &'a str,
    role: &'a str,
}

impl Client<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// Posts with the case's present version in `If-Match`.
    pub(crate) async fn step(&self, case: &str, step: &str, body: Value) -> Answer {
        let etag = self.get(&format!("/v1/cases/{case}")).await;
        let etag = etag.header("etag").unwrap_or("\"0\"").to_owned();
        let path = format!("/v1/cases/{case}/{step}");
        self.post_with(&path, &[("If-Match", &etag)], body).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        self.send(Method::POST, path, headers, Some(body)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let token = self.service.token(self.tenant, self.role).await;
        let mut request = self.service.request(method, path).bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request).await
    }
}

/// Sends a signal to a process that the test started.
pub(crate) fn signal(process_id: u32, signal: Signal) {
    let id = Pid::from_raw(process_id.try_into().unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

/// Sends a request and reads its answer whole; of a stream, which has no end, its beginning.
pub(crate) async fn read(request: reqwest::RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let mut response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
        let beginning = response.chunk().await.unwrap().unwrap_or_default();
        return Answer { status, headers, text: String::from_utf8(beginning.into()).unwrap() };
    }
    let answer = Answer { status, headers, text: response.text().await.unwrap() };
    if answer.header("content-type") == Some("application/problem+json") {
        described::assert_described(&method, &path, &answer);
    }
    answer
}

async fn spawn(data_dir: &Path, url: &str, env: &[(&str, &str)]) -> (Child, String) {
    let mut child = Command::new(program())
        .args(["serve", "--listen", "127.0.0.1:0", "--database-url", url, "--data-dir"])
        .arg(data_dir)
        .env("THROUGHLINE_MASTER_KEY", MASTER_KEY)
        .env("RUST_LOG", "info")
        .envs(env.iter().copied())
        .stdout(Stdio::piped())
        .stderr(log_file(data_dir))
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(START_WAIT_MAX, lines.next_line()).await;
    let line = line.expect("the service starts in time").unwrap();
    let line = line.unwrap_or_else(|| panic!("no service: {}", log_text(data_dir)));
    let base = line.strip_prefix("listening on ").expect("the first line").to_owned();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, base)
}

fn log_file(data_dir: &Path) -> Stdio {
    std::fs::create_dir_all(data_dir).unwrap();
    let log =
        std::fs::OpenOptions::new().create(true).append(true).open(data_dir.join("service.log"));
    log.unwrap().into()
}

/// Everything the service has logged.
pub(crate) fn log_text(data_dir: &Path) -> String {
    std::fs::read_to_string(data_dir.join("service.log")).unwrap_or_default()
}

/// The program under test, which `cargo test --workspace` builds beside the tests.
pub(crate) fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push("throughline");
    assert!(path.exists(), "build the program first: cargo build -p throughline");
    path
}
