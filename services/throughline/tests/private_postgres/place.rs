//! A place for a private PostgreSQL, and the program running over it.

use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use rustix::process::Pid;
use tempfile::TempDir;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

const PROGRAM: &str = env!("CARGO_BIN_EXE_throughline");

/// A data directory, not made yet, in a directory that goes with this value.
pub(crate) struct Place {
    _parent: TempDir,
    data_dir: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Option<Self> {
        Self::with_data_dir("data")
    }

    /// `None` where the tests use a database elsewhere and no server is installed here.
    pub(crate) fn with_data_dir(data_dir: &str) -> Option<Self> {
        let parent =
            tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
        let place = Self { data_dir: parent.path().join(data_dir), _parent: parent };
        is_possible().then_some(place)
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(crate) fn cluster(&self) -> PathBuf {
        self.data_dir.join("postgres/cluster")
    }

    /// Whether the server listens, in the data directory itself.
    pub(crate) fn answers(&self) -> bool {
        UnixStream::connect(self.data_dir.join("postgres/.s.PGSQL.5432")).is_ok()
    }

    /// The process id that the server has on record.
    pub(crate) fn server_pid(&self) -> i32 {
        let recorded = fs::read_to_string(self.cluster().join("postmaster.pid")).unwrap();
        recorded.lines().next().unwrap().parse().unwrap()
    }

    /// The program, about to run a shell script with the server.
    pub(crate) fn command(&self, script: &str) -> Command {
        with_postgres(Some(&self.data_dir), script)
    }

    /// The same with no data directory named, beside where this one would be.
    pub(crate) fn command_in_a_temporary_directory(&self, script: &str) -> Command {
        let mut command = with_postgres(None, script);
        command.env("TMPDIR", self.data_dir.parent().unwrap());
        command
    }

    pub(crate) fn run(&self, script: &str) -> Output {
        self.command(script).output().unwrap()
    }

    /// Starts the program, which keeps the server until it is finished.
    pub(crate) fn begin(&self) -> Beginning {
        let child = self
            .command("echo \"$DATABASE_URL\"; exec cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Beginning(child)
    }

    /// The same, once its server answers.
    pub(crate) fn hold(&self) -> Holder {
        self.begin().ready()
    }
}

/// The program on a database, its output kept.
pub(crate) fn program(database_url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env("DATABASE_URL", database_url)
        .env("THROUGHLINE_MASTER_KEY", "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a run of the program says, on whichever stream.
pub(crate) fn said(database_url: &str, arguments: &[&str]) -> String {
    let output = program(database_url, arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).unwrap().trim_end().to_owned()
}

/// A program that was started, and may not have its server yet.
pub(crate) struct Beginning(Child);

impl Beginning {
    pub(crate) fn ready(mut self) -> Holder {
        let mut database_url = String::new();
        let mut stdout = BufReader::new(self.0.stdout.take().unwrap());
        stdout.read_line(&mut database_url).unwrap();
        assert!(!database_url.is_empty(), "the program ended early");
        Holder { child: self.0, database_url: database_url.trim_end().to_owned() }
    }
}

/// A program that keeps a server until it is finished.
pub(crate) struct Holder {
    child: Child,
    database_url: String,
}

impl Holder {
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    pub(crate) fn socket_dir(&self) -> PathBuf {
        let config: Config = self.database_url.parse().unwrap();
        match config.get_hosts() {
            [Host::Unix(directory)] => directory.clone(),
            other => panic!("not one socket: {other:?}"),
        }
    }

    /// Ends the command by closing its input, then waits for the program.
    pub(crate) fn finish(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().unwrap()
    }

    /// Waits for the program, which a signal is to end: the command's input stays open.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let input = self.child.stdin.take();
        let status = self.child.wait().unwrap();
        drop(input);
        status
    }
}

pub(crate) async fn connect(holder: &Holder) -> Client {
    connect_to(holder.database_url()).await
}

pub(crate) async fn connect_to(database_url: &str) -> Client {
    let config: Config = database_url.parse().unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) fn run_by_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn is_possible() -> bool {
    if env::var_os("DATABASE_URL").is_none() {
        return true;
    }
    let nowhere = Path::new("/dev/null/nowhere");
    let output = with_postgres(Some(nowhere), "true").output().unwrap();
    let missing = String::from_utf8_lossy(&output.stderr).contains("is not installed");
    if missing {
        eprintln!("skipped: no PostgreSQL server is installed here");
    }
    !missing
}

fn with_postgres(data_dir: Option<&Path>, script: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("with-postgres");
    if let Some(data_dir) = data_dir {
        command.arg("--data-dir").arg(data_dir);
    }
    command.args(["--", "sh", "-c", script]);
    command
}
