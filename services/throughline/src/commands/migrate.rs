//! `throughline migrate`.

use std::process::ExitCode;

use anyhow::Context as _;
use throughline_log::{DatabaseError, pool};
use tokio_postgres::Config;

use super::database::{Database, DatabaseArguments};

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
    let applied = match database.config() {
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
/// # Errors
/// When the database cannot be reached, or a migration fails.
pub(crate) async fn migrate(config: Config) -> anyhow::Result<usize> {
    let pool = pool(config, 1)?;
    // The pool's own error quotes what the server says.
    let client = pool.get().await.map_err(DatabaseError::from);
    let mut client = client.context("the database cannot be reached")?;
    Ok(throughline_log::migrate(&mut client).await?)
}
