//! What a server must keep to, or nothing is recorded on it.

use deadpool_postgres::Pool;
use throughline_log::DatabaseError;

/// Whether the sessions of a pool were opened as someone who could alter what is recorded, and who
/// only works as the service: a superuser, the tables' owner or a member of theirs.
///
/// # Errors
/// When the server cannot be asked.
pub(crate) async fn could_bypass(pool: &Pool) -> Result<bool, DatabaseError> {
    const MEMBER_OF_OWNER: &str = "SELECT pg_has_role(session_user, relowner, 'MEMBER') \
                                   FROM pg_class WHERE oid = 'event'::regclass";
    Ok(pool.get().await?.query_one(MEMBER_OF_OWNER, &[]).await?.try_get(0)?)
}
