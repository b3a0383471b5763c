//! Work on the event log from the command line: open what it needs, work, close it again.

use anyhow::{Context as _, anyhow};
use throughline_log::{AppendSettings, DatabaseError, ErasureLedger, EventLog, MasterKey, pool};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::database::{Database, DatabaseArguments};
use super::master_key::master_key;
use super::migrate::migrate;

/// Connections of a command: those that a replay reads with, and one beside them.
const CONNECTIONS_MAX: usize = 8;

/// What a shell makes of an interruption.
pub(crate) const INTERRUPTED: u8 = 130;

/// Whether the work seals or opens words about persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    /// It does, under the master key.
    Handled,
    /// It never does, and is given a key that opens nothing.
    Untouched,
}

/// A log, and the key it seals under.
pub(crate) struct OpenLog {
    /// The log.
    pub(crate) log: EventLog,
    /// The key, for what else is derived from it.
    pub(crate) master_key: MasterKey,
    /// Where erasures are written down.
    pub(crate) erasures: ErasureLedger,
    /// How to connect as the owner of the tables, to tidy up.
    pub(crate) owner: tokio_postgres::Config,
}

impl OpenLog {
    /// The log on a database whose schema is up to date.
    ///
    /// # Errors
    /// When the connections cannot be set up.
    pub(crate) fn new(
        database: &Database,
        master_key: MasterKey,
        erasures: ErasureLedger,
    ) -> anyhow::Result<Self> {
        let owner = database.owner_config()?;
        let pool = pool(database.service_config()?, CONNECTIONS_MAX)?;
        let log = EventLog::new(pool, master_key.clone(), AppendSettings::default());
        Ok(Self { log, master_key, erasures, owner })
    }

    /// Makes the erasures that the database does not have: of a restored backup, of a history that
    /// was just loaded, of a tenant that just went live.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the log fails.
    pub(crate) async fn replay_erasures(&self) -> anyhow::Result<()> {
        self.log.replay_erasures(&self.erasures).await?;
        Ok(())
    }
}

/// Runs `work` with the log of the database that the arguments name.
///
/// The schema of a private database is brought up to date before; that of another is its
/// operator's, who runs `throughline migrate`.
///
/// # Errors
/// Those of the work, or what keeps the log from being opened.
pub(crate) async fn with_log<T>(
    arguments: &DatabaseArguments,
    sealed: Sealed,
    work: impl AsyncFnOnce(OpenLog) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let ended = Box::pin(with_log_and_signals(arguments, sealed, async |open, mut signals| {
        tokio::select! {
            outcome = work(open) => outcome.map(Some),
            _ = signals.next() => Ok(None),
        }
    }));
    let Some(outcome) = ended.await? else {
        // Not by returning: a read of standard input may still be waiting, and would be waited for.
        std::process::exit(INTERRUPTED.into());
    };
    Ok(outcome)
}

/// A signal that asks a command to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// By whoever sits at the terminal.
    Interrupt,
    /// By whatever started the command.
    Terminate,
}

/// The signals that ask a command to end.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let context = "could not listen for signals";
        let interrupt = signal(SignalKind::interrupt()).context(context)?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate()).context(context)? })
    }

    /// Waits for the next.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

/// As [`with_log`], for work that decides itself what a signal means.
///
/// # Errors
/// Those of the work, or what keeps the log from being opened.
pub(crate) async fn with_log_and_signals<T>(
    arguments: &DatabaseArguments,
    sealed: Sealed,
    work: impl AsyncFnOnce(OpenLog, Signals) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    // Before the server starts: a signal from now on ends the work, then the server.
    let signals = Signals::listen()?;
    let database = Database::open(arguments).await?;
    let outcome =
        on_log(arguments, &database, sealed, async |open| work(open, signals).await).await;
    let closed = database.close().await;
    let outcome = outcome.map_err(with_hint)?;
    closed?;
    Ok(outcome)
}

async fn on_log<T>(
    arguments: &DatabaseArguments,
    database: &Database,
    sealed: Sealed,
    work: impl AsyncFnOnce(OpenLog) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if database.is_private() {
        migrate(database.owner_config()?).await?;
    }
    let master_key = match sealed {
        Sealed::Handled => master_key(&arguments.data_dir, database.is_private())?,
        Sealed::Untouched => MasterKey::random()?,
    };
    let open = OpenLog::new(database, master_key, arguments.erasures())?;
    if sealed == Sealed::Handled {
        open.replay_erasures().await?;
    }
    work(open).await
}

/// A table or column that is absent, or not granted, means one thing to whoever runs a command.
fn with_hint(error: anyhow::Error) -> anyhow::Error {
    const UNDEFINED_OR_DENIED: [&str; 3] = ["42P01", "42703", "42501"];
    let said = error.chain().find_map(|cause| cause.downcast_ref::<DatabaseError>());
    let Some(said) = said else { return error };
    if said.lacks_role() {
        return anyhow::Error::new(said.clone());
    }
    if said.sqlstate().is_some_and(|state| UNDEFINED_OR_DENIED.contains(&state)) {
        return anyhow!("the database's schema is not up to date: run `throughline migrate`");
    }
    error
}
