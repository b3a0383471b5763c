//! The sessions of a former owner, ended.
//!
//! An owner that is killed is noticed by the server. One that is paused is not: in the middle of a
//! COPY its session waits for more rows, for ever, with the table locked against indexes. No
//! timeout of the server's covers that.

use std::time::Duration;

use deadpool_postgres::Object;
use throughline_log::LogError;
use tokio_postgres::types::Type;

use super::lease::{self, Lease};

const ENDED_WITHIN: Duration = Duration::from_secs(10);

/// Ends every other session that has a lock on the tables of a build that is being folded: until
/// it is followed, they are the rebuild's alone.
pub(crate) async fn end_others(client: &mut Object, lease: &Lease) -> Result<(), LogError> {
    let tables: Vec<String> = lease
        .projection
        .tables()
        .iter()
        .map(|table| lease.build_of().place().table(table.name))
        .collect();
    let transaction = lease::begin(client, ENDED_WITHIN).await?;
    // The service's role may not end sessions. Whoever connected may end their own, and the former
    // owner connected as the same.
    transaction.batch_execute("SET LOCAL ROLE NONE").await?;
    let sql = "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a \
        WHERE a.datname = current_database() AND a.usename = session_user \
            AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() \
            AND EXISTS (SELECT FROM pg_locks AS l JOIN unnest($1::text[]) AS name \
                            ON l.relation = to_regclass(name)::oid \
                        WHERE l.pid = a.pid AND l.database = a.datid)";
    match transaction.query_typed(sql, &[(&tables, Type::TEXT_ARRAY)]).await {
        Ok(_) => transaction.commit().await?,
        // Someone else's session. Then the indexes wait until it is gone.
        Err(error) => tracing::warn!(
            throughline.operation_id = %lease.operation_id,
            error.class = error.code().map(tokio_postgres::error::SqlState::code),
            "sessions of a rebuild's former owner could not be ended"
        ),
    }
    Ok(())
}
