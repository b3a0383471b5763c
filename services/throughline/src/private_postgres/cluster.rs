//! The files of a private cluster, and the server process over them.
//!
//! ```text
//! <data-dir>/                    whose owner runs the program
//!   postgres.turn, .users        lock files, see `occupancy`
//!   postgres-start.log           what the server says before its own log begins
//!   postgres/                    mode 0700, owned by the account that runs the server
//!     .s.PGSQL.5432              the socket
//!     cluster/                   PostgreSQL's data directory, with its `log`
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::account::ServerAccount;
use super::binaries::ServerBinaries;
use super::error::{PrivatePostgresError, telling_line};
use super::settings::{PORT, SETTINGS};
use super::socket_dir;

/// The superuser of a new cluster, who owns everything in it, whatever account runs the server.
pub(super) const SUPERUSER: &str = "throughline";

/// A fast shutdown writes a checkpoint first.
const STOP_LIMIT: Duration = Duration::from_mins(1);

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A cluster's place on disk, the account it belongs to, and the programs to run it with.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    data_dir: PathBuf,
    account: ServerAccount,
    binaries: ServerBinaries,
}

impl Cluster {
    /// Finds the programs, then makes the directories that are missing.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, PrivatePostgresError> {
        let cluster_dir = data_dir.join("postgres/cluster");
        let account = ServerAccount::choose(&data_dir.join("postgres"))?;
        let major = existing_major(&cluster_dir)?;
        let binaries = ServerBinaries::find(major.map(|major| (major, cluster_dir.as_path())))?;
        let data_dir = create_data_dir(data_dir, &account)?;
        account.require_entry(&data_dir)?;
        let cluster = Self { data_dir, account, binaries };
        cluster.create_postgres_dir()?;
        Ok(cluster)
    }

    /// The data directory, absolute.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    fn postgres_dir(&self) -> PathBuf {
        self.data_dir.join("postgres")
    }

    fn cluster_dir(&self) -> PathBuf {
        self.data_dir.join("postgres/cluster")
    }

    fn start_log(&self) -> PathBuf {
        self.data_dir.join("postgres-start.log")
    }

    fn create_postgres_dir(&self) -> Result<(), PrivatePostgresError> {
        let directory = self.postgres_dir();
        match DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => created.map_err(PrivatePostgresError::file(&directory))?,
        }
        let found =
            fs::symlink_metadata(&directory).map_err(PrivatePostgresError::file(&directory))?;
        // An earlier run may have been killed between making the directory and handing it over.
        let ours = found.uid() == rustix::process::geteuid().as_raw();
        if ours { self.account.take_over(&directory) } else { Ok(()) }
    }

    /// Makes the cluster if it is absent, under another name until it is whole.
    ///
    /// Connections through the socket are trusted. The socket lies in a directory of mode 0700:
    /// whoever passes it is the server's own account or root, and could read the files anyway, so
    /// a password in a file beside them would guard nothing more. There is no TCP to refuse.
    pub(super) async fn initialise(&self) -> Result<(), PrivatePostgresError> {
        let cluster_dir = self.cluster_dir();
        if existing_major(&cluster_dir)?.is_some() {
            return Ok(());
        }
        let unfinished = self.postgres_dir().join("cluster.new");
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(PrivatePostgresError::file(&unfinished))?,
        }
        let program = self.binaries.program("initdb");
        let mut command = self.account.command(&program);
        command
            .arg("--pgdata")
            .arg(&unfinished)
            .args(["--username", SUPERUSER, "--auth-local=trust", "--auth-host=reject"])
            .args(["--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions"])
            .stderr(Stdio::piped());
        let output = tokio::process::Command::from(command)
            .output()
            .await
            .map_err(PrivatePostgresError::run(&program))?;
        if !output.status.success() {
            let last_line = telling_line(&String::from_utf8_lossy(&output.stderr));
            return Err(PrivatePostgresError::Failed { program, last_line });
        }
        fs::rename(&unfinished, &cluster_dir).map_err(PrivatePostgresError::file(&cluster_dir))
    }

    /// Starts the server. It does not answer yet when this returns.
    pub(super) fn spawn(&self, socket_dir: &Path) -> Result<Child, PrivatePostgresError> {
        let log = self.create_start_log()?;
        let program = self.binaries.program("postgres");
        let mut command = self.account.command(&program);
        command.arg("-D").arg(self.cluster_dir()).arg("-k").arg(socket_dir);
        command.arg("-p").arg(PORT.to_string());
        for (name, value) in SETTINGS {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        // A process group of its own, so that the terminal's Ctrl-C reaches the program alone,
        // which finishes its work and then stops the server.
        command.stderr(log).process_group(0);
        command.spawn().map_err(PrivatePostgresError::run(program))
    }

    fn create_start_log(&self) -> Result<File, PrivatePostgresError> {
        let path = self.start_log();
        // A new file each time: to truncate an old one would follow a link put in its place.
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(PrivatePostgresError::file(&path))?,
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(PrivatePostgresError::file(path))
    }

    /// The error for a server that ended before it answered.
    pub(super) fn exited(&self) -> PrivatePostgresError {
        let said = fs::read(self.start_log()).unwrap_or_default();
        PrivatePostgresError::Exited {
            last_line: telling_line(&String::from_utf8_lossy(&said)),
            log_dir: self.cluster_dir().join("log"),
        }
    }

    /// Where a running server says its socket is. Whether it still runs is for a connection to
    /// tell: a crash leaves the file behind.
    pub(super) fn recorded_socket_dir(&self) -> Option<PathBuf> {
        let recorded = fs::read_to_string(self.cluster_dir().join("postmaster.pid")).ok()?;
        let socket_dir = recorded.lines().nth(4)?.trim_end();
        (!socket_dir.is_empty()).then(|| PathBuf::from(socket_dir))
    }

    /// The directory for the socket: the cluster's own, or a fresh one where that is unsuitable.
    pub(super) fn choose_socket_dir(&self) -> Result<PathBuf, PrivatePostgresError> {
        socket_dir::choose(&self.postgres_dir(), &self.account)
    }

    /// Stops the server by a fast shutdown and waits for its end. Quiet if it has ended already.
    ///
    /// `pg_ctl` sends the signal, as the server's account: the process id is read from a file
    /// which that account may write, and root must not signal whatever it names. For a server
    /// that is our child we wait ourselves: one that was killed leaves its file behind, and until
    /// we collect it, `pg_ctl` would take it for alive.
    pub(super) fn stop(&self, mut server: Option<&mut Child>) -> Result<(), PrivatePostgresError> {
        if server.as_mut().is_some_and(|server| matches!(server.try_wait(), Ok(Some(_)))) {
            return Ok(());
        }
        let program = self.binaries.program("pg_ctl");
        let output = self
            .account
            .command(&program)
            .args(["stop", "--silent", "--mode=fast"])
            .arg(if server.is_some() { "--no-wait" } else { "--wait" })
            .arg(format!("--timeout={}", STOP_LIMIT.as_secs()))
            .arg("--pgdata")
            .arg(self.cluster_dir())
            .stderr(Stdio::piped())
            .output()
            .map_err(PrivatePostgresError::run(&program))?;
        let ended = match server {
            Some(server) => wait_for(server).map_err(PrivatePostgresError::run(&program))?,
            None => output.status.success() || !self.cluster_dir().join("postmaster.pid").exists(),
        };
        if ended {
            return Ok(());
        }
        let last_line = telling_line(&String::from_utf8_lossy(&output.stderr));
        Err(PrivatePostgresError::NotStopped { last_line, limit_s: STOP_LIMIT.as_secs() })
    }
}

/// Waits for a server that was told to stop, and says whether it did.
fn wait_for(server: &mut Child) -> io::Result<bool> {
    let started = Instant::now();
    while started.elapsed() < STOP_LIMIT {
        if server.try_wait()?.is_some() {
            return Ok(true);
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(false)
}

/// Makes the data directory, passable by the server's account, and returns its absolute path.
fn create_data_dir(
    data_dir: &Path,
    account: &ServerAccount,
) -> Result<PathBuf, PrivatePostgresError> {
    if !data_dir.exists() {
        fs::create_dir_all(data_dir).map_err(PrivatePostgresError::file(data_dir))?;
        let mode = match account {
            ServerAccount::Own => 0o700,
            ServerAccount::Unprivileged(_) => 0o711,
        };
        fs::set_permissions(data_dir, Permissions::from_mode(mode))
            .map_err(PrivatePostgresError::file(data_dir))?;
    }
    data_dir.canonicalize().map_err(PrivatePostgresError::file(data_dir))
}

/// The major version that made the cluster. `None` when there is no cluster.
fn existing_major(cluster_dir: &Path) -> Result<Option<u32>, PrivatePostgresError> {
    let file = cluster_dir.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => match text.trim().parse() {
            Ok(major) => Ok(Some(major)),
            Err(_) => Err(PrivatePostgresError::UnreadableVersion { file }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PrivatePostgresError::File { path: file, source }),
    }
}
