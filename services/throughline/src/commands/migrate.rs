//! `throughline migrate`.

use std::process::ExitCode;

use super::database::{Database, DatabaseArguments};

/// What `migrate` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArguments {
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Brings the database's schema up to date.
///
/// # Errors
/// When the database cannot be reached, or a migration fails.
pub(crate) async fn run(arguments: MigrateArguments) -> anyhow::Result<ExitCode> {
    let database = Database::open(&arguments.database).await?;
    database.config()?;
    database.close().await?;
    anyhow::bail!("`migrate` is not built yet")
}
