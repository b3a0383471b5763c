//! The program, run over a database of the test's own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use throughline_test_database::TestDatabase;
use tokio_postgres::Client;

const PROGRAM: &str = env!("CARGO_BIN_EXE_throughline");

/// 32 bytes of `a`: the ids that names stand for are the same in every run.
const MASTER_KEY: &str = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";

/// A database, a directory, and the program over both.
pub(crate) struct Program {
    database: TestDatabase,
    directory: TempDir,
}

impl Program {
    /// With the schema in place.
    pub(crate) async fn new() -> Self {
        let program = Self::without_schema().await;
        program.succeed(&["migrate"]);
        program
    }

    /// With the documented sample in tenant `t`.
    pub(crate) async fn with_the_sample() -> Self {
        let program = Self::new().await;
        let file = sample();
        let loaded = program.succeed(&["log", "load", file.to_str().unwrap(), "--tenant", "t"]);
        assert!(loaded.starts_with("loaded 16 events of 2 cases into t in "), "{loaded}");
        assert!(loaded.ends_with("; its log ends at 16\n"), "{loaded}");
        program
    }

    pub(crate) async fn without_schema() -> Self {
        Self { database: TestDatabase::create().await, directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) async fn client(&self) -> Client {
        self.database.connect().await
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, and returns its path as an argument.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(arguments);
        command
            .env("DATABASE_URL", self.database.url())
            .env("THROUGHLINE_MASTER_KEY", MASTER_KEY)
            .current_dir(self.directory.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a run that succeeds prints.
    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one line that a run which fails says, without the program's name.
    #[track_caller]
    pub(crate) fn fail(&self, arguments: &[&str]) -> String {
        said(&self.run(arguments))
    }

    /// Runs with something on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts the demonstration on a free port, and stops it once it says what to try. Returns
    /// what it printed.
    pub(crate) fn demonstrate(&self) -> Vec<String> {
        let data_dir = self.path("data");
        let data_dir = data_dir.to_str().unwrap();
        let mut command =
            self.command(&["demo", "--listen", "127.0.0.1:0", "--data-dir", data_dir]);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = piped.spawn().unwrap();
        let mut said = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            said.push(line.unwrap());
            if said.last().unwrap().starts_with("Other tokens") {
                let id = i32::try_from(child.id()).unwrap();
                kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
            }
        }
        assert!(child.wait().unwrap().success(), "{said:?}");
        said
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.client().await.query_one(&sql, &[]).await.unwrap().get(0)
    }
}

/// The program without a database or a key.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env_remove("THROUGHLINE_MASTER_KEY")
        .env_remove("THROUGHLINE_MASTER_KEY_FILE");
    command
}

/// The one line that a run which failed said, without the program's name.
#[track_caller]
pub(crate) fn said(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(output.stdout.is_empty(), "{output:?}");
    said.trim_end().strip_prefix("throughline: ").unwrap().to_owned()
}

/// The sample history that is documented.
pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops/sample-history.jsonl")
}
