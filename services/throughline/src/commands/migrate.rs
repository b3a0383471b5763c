//! `throughline migrate`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use throughline_log::DatabaseError;
use tokio_postgres::{Config, NoTls};

use super::database::{Database, DatabaseArguments};

const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);

/// What `migrate` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArguments {
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Brings the database's schema up to date, and says how many migrations that took.
///
/// # Errors
/// When the database cannot be reached, or a migration fails.
pub(crate) async fn run(arguments: MigrateArguments) -> anyhow::Result<ExitCode> {
    let database = Database::open(&arguments.database).await?;
    let applied = match database.owner_config() {
        Ok(config) => migrate(config).await,
        Err(error) => Err(error),
    };
    let closed = database.close().await;
    match applied? {
        0 => println!("the schema is up to date"),
        1 => println!("1 migration applied"),
        applied => println!("{applied} migrations applied"),
    }
    closed?;
    Ok(ExitCode::SUCCESS)
}

/// Applies what is missing and returns how many migrations that was.
///
/// Over a connection of its own, which works as whoever it was opened as: the service's role may
/// change no table.
///
/// # Errors
/// When the database cannot be reached, or a migration fails.
pub(crate) async fn migrate(mut config: Config) -> anyhow::Result<usize> {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_WAIT_MAX);
    }
    // The driver's own error quotes what the server says.
    let connected = config.connect(NoTls).await.map_err(DatabaseError::from);
    let (mut client, connection) = connected.context("the database cannot be reached")?;
    // It ends when the client is dropped. What breaks it fails the client's call too.
    tokio::spawn(connection);
    Ok(throughline_log::migrate(&mut client).await?)
}
