//! Bringing the schema up to date.

use std::collections::HashSet;
use std::error::Error as _;

use refinery::embed_migrations;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::error::{DatabaseError, LogError};

embed_migrations!("../../migrations");

/// Held while migrating, so that two processes starting together do not both apply the same file.
const MIGRATION_LOCK: i64 = 0x7468_726F_7567_6800;

/// Applies what is missing and returns how many migrations that was.
///
/// A database that is further on is left as it is: old code still runs beside new. When nothing is
/// missing, reading is enough, which the service's role may.
///
/// # Errors
/// [`LogError::Migration`] when one fails, or an applied one has been edited since.
pub async fn migrate(client: &mut Client) -> Result<usize, LogError> {
    if is_migrated(client).await? {
        return Ok(0);
    }
    client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await?;
    let report = migrations::runner().set_abort_missing(false).run_async(client).await;
    // If this fails, the lock goes with the session.
    let unlocked = client.execute("SELECT pg_advisory_unlock($1)", &[&MIGRATION_LOCK]).await;
    let report = report.map_err(|error| LogError::Migration(reason(&error)))?;
    unlocked?;
    Ok(report.applied_migrations().len())
}

/// Whether every migration of this program has been applied as it is.
async fn is_migrated(client: &Client) -> Result<bool, LogError> {
    let sql = "SELECT version, checksum FROM refinery_schema_history";
    let applied = match client.query(sql, &[]).await {
        Ok(rows) => rows,
        // Nothing has been applied, or whoever asks may not know.
        Err(error)
            if error.code().is_some_and(|code| {
                [SqlState::UNDEFINED_TABLE, SqlState::INSUFFICIENT_PRIVILEGE].contains(code)
            }) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    };
    let applied = applied
        .iter()
        .map(|row| Ok((i64::from(row.try_get::<_, i32>(0)?), row.try_get(1)?)))
        .collect::<Result<HashSet<(i64, String)>, tokio_postgres::Error>>()?;
    Ok(migrations::runner()
        .get_migrations()
        .iter()
        .all(|known| applied.contains(&(i64::from(known.version()), known.checksum().to_string()))))
}

/// What the server said, if it was that; otherwise the runner's own words, which name files.
fn reason(error: &refinery::Error) -> DatabaseError {
    let said = error
        .source()
        .and_then(|source| source.downcast_ref::<tokio_postgres::Error>())
        .and_then(tokio_postgres::Error::as_db_error);
    // A migration holds no case data, so the server's message may be shown.
    DatabaseError::fault(match said {
        Some(said) if *said.code() == SqlState::INSUFFICIENT_PRIVILEGE => {
            format!("{}: run `throughline migrate` as the owner of the tables", said.message())
        }
        Some(said) => said.message().to_owned(),
        None => error.to_string(),
    })
}
