//! `throughline with-postgres -- COMMAND`: a private PostgreSQL for as long as a command runs.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::signal::unix::{self, SignalKind};

use crate::private_postgres::PrivatePostgres;

/// What `with-postgres` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct WithPostgresArguments {
    /// Directory for the private PostgreSQL. A temporary one, removed afterwards, when absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Command to run, with its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Runs the command and returns its exit code, or 128 and the signal's number if one ended it.
///
/// SIGINT, SIGTERM and SIGHUP are passed on to the command; the server stops after it.
///
/// # Errors
/// When the server cannot be started or stopped, or the command cannot be run.
pub(crate) async fn run(arguments: WithPostgresArguments) -> anyhow::Result<ExitCode> {
    // Before the server starts, so that a signal from now on cannot end us without stopping it.
    let mut signals = Signals::listen()?;
    let place = Place::choose(arguments.data_dir)?;
    let postgres = match PrivatePostgres::start(place.path()).await {
        Ok(postgres) => postgres,
        Err(error) => {
            place.keep_unless_empty();
            return Err(error.into());
        }
    };
    let outcome = run_command(&arguments.command, &postgres.owner_url(), &mut signals).await;
    if let Err(error) = postgres.stop().await {
        place.keep_unless_empty();
        return Err(error.into());
    }
    Ok(exit_code(outcome?))
}

/// Where the server's data go.
enum Place {
    Named(PathBuf),
    Temporary(TempDir),
}

impl Place {
    fn choose(data_dir: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(data_dir) = data_dir {
            return Ok(Self::Named(data_dir));
        }
        // Passable, since the server may run as another user; its own directory in it is not.
        tempfile::Builder::new()
            .prefix("throughline-postgres-")
            .permissions(Permissions::from_mode(0o711))
            .tempdir()
            .map(Self::Temporary)
            .context("could not make a temporary directory")
    }

    fn path(&self) -> &std::path::Path {
        match self {
            Self::Named(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }

    /// Leaves the logs of a failure where they are.
    fn keep_unless_empty(self) {
        if let Self::Temporary(directory) = self {
            // Only an empty directory can be removed so.
            let _ = std::fs::remove_dir(directory.keep());
        }
    }
}

async fn run_command(
    command: &[OsString],
    database_url: &str,
    signals: &mut Signals,
) -> anyhow::Result<ExitStatus> {
    let (program, arguments) = command.split_first().context("there is no command to run")?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("DATABASE_URL", database_url)
        .spawn()
        .with_context(|| format!("could not run {}", program.display()))?;
    loop {
        tokio::select! {
            status = child.wait() => return status.context("could not wait for the command"),
            signal = signals.next() => pass_on(signal, &child),
        }
    }
}

/// Sends a signal to the command. It may have ended in this moment: then there is nothing to do.
fn pass_on(signal: Signal, child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(id) = id {
        let _ = kill_process(id, signal);
    }
}

/// The exit code that a shell would give.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The signals that ask a program to end.
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hang_up: unix::Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| unix::signal(kind).context("could not listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
        }
    }
}
