//! What an operator's request with an idempotency key was answered, for a day.
//!
//! The log keeps the keys of commands with their events; what an operator does is no event, so its
//! keys are here, with the transaction that did it.

use throughline_log::{Idempotency, LogError, TenantNo};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

/// Expired rows that go with each new one, at most.
const PURGE_ROWS_MAX: i64 = 100;

const FIND: &str = "SELECT fingerprint, answer FROM operator_answer \
    WHERE tenant_no = $1 AND scope = $2 AND created_at > now() - interval '24 hours'";

const PURGE: &str = "DELETE FROM operator_answer WHERE tenant_no = $1 AND (scope = $2 OR ctid = ANY( \
    ARRAY(SELECT ctid FROM operator_answer WHERE tenant_no = $1 \
          AND created_at <= now() - interval '24 hours' LIMIT $3)))";

const INSERT: &str = "INSERT INTO operator_answer (tenant_no, scope, fingerprint, answer) \
    VALUES ($1, $2, $3, $4)";

/// The answer to an earlier request with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// What was asked then.
    pub fingerprint: Vec<u8>,
    /// What was answered.
    pub answer: String,
}

/// Returns what the request of this scope was answered within the last 24 hours; `None` when it was
/// not. Whoever asks with the same scope waits until this transaction is over.
///
/// # Errors
/// When the database does not answer.
pub async fn recall(
    client: &Client,
    tenant: TenantNo,
    scope: &[u8; 32],
) -> Result<Option<Answered>, LogError> {
    let mut lock = [0; 8];
    lock.copy_from_slice(&scope[..8]);
    let (lock, scope) = (i64::from_be_bytes(lock), scope.as_slice());
    client.execute_typed("SELECT pg_advisory_xact_lock($1)", &[(&lock, Type::INT8)]).await?;
    let params = [(&tenant.0 as _, Type::INT4), (&scope as _, Type::BYTEA)];
    let Some(row) = client.query_typed_opt(FIND, &params).await? else {
        return Ok(None);
    };
    Ok(Some(Answered { fingerprint: row.try_get(0)?, answer: row.try_get(1)? }))
}

/// Keeps an answer, in the transaction of what it tells of.
///
/// # Errors
/// When the database does not answer.
pub async fn remember(
    client: &Client,
    tenant: TenantNo,
    answered: &Idempotency,
) -> Result<(), LogError> {
    let (scope, fingerprint) = (answered.scope.as_slice(), answered.fingerprint.as_slice());
    let params = [
        (&tenant.0 as _, Type::INT4),
        (&scope as _, Type::BYTEA),
        (&PURGE_ROWS_MAX as _, Type::INT8),
    ];
    client.execute_typed(PURGE, &params).await?;
    let params = [
        (&tenant.0 as _, Type::INT4),
        (&scope as _, Type::BYTEA),
        (&fingerprint as _, Type::BYTEA),
        (&answered.answer as _, Type::TEXT),
    ];
    client.execute_typed(INSERT, &params).await?;
    Ok(())
}
