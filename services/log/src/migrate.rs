//! Bringing the schema up to date.

use std::error::Error as _;

use refinery::embed_migrations;
use tokio_postgres::Client;

use crate::error::{DatabaseError, LogError};

embed_migrations!("../../migrations");

/// Held while migrating, so that two processes starting together do not both apply the same file.
const MIGRATION_LOCK: i64 = 0x7468_726F_7567_6800;

/// Applies what is missing and returns how many migrations that was.
///
/// A database that is further on is left as it is: old code still runs beside new.
///
/// # Errors
/// [`LogError::Migration`] when one fails, or an applied one has been edited since.
pub async fn migrate(client: &mut Client) -> Result<usize, LogError> {
    client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await?;
    let report = migrations::runner().set_abort_missing(false).run_async(client).await;
    // If this fails, the lock goes with the session.
    let unlocked = client.execute("SELECT pg_advisory_unlock($1)", &[&MIGRATION_LOCK]).await;
    let report = report.map_err(|error| LogError::Migration(reason(&error)))?;
    unlocked?;
    Ok(report.applied_migrations().len())
}

/// What the server said, if it was that; otherwise the runner's own words, which name files.
fn reason(error: &refinery::Error) -> DatabaseError {
    let said = error
        .source()
        .and_then(|source| source.downcast_ref::<tokio_postgres::Error>())
        .and_then(tokio_postgres::Error::as_db_error);
    // A migration holds no case data, so the server's message may be shown.
    DatabaseError::fault(said.map_or_else(|| error.to_string(), |said| said.message().to_owned()))
}
