//! Cases that a build cannot have rows of: set aside for it with the reason, never passed over.

use throughline_domain::ids::Position;
use throughline_log::UnreadableEvent;
use tokio_postgres::Client;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::build_key::BuildKey;
use super::halt::Halt;

/// A case that cannot be folded, and why.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) case: Uuid,
    /// The event that cannot be taken.
    pub(crate) position: Position,
    pub(crate) error_class: &'static str,
}

/// Sets a case aside. One that is so already keeps its first reason.
pub(crate) async fn park(client: &Client, build: BuildKey, parked: &Parked) -> Result<(), Halt> {
    let sql = "INSERT INTO projection_parked (tenant_no, projection, version, build, \
            stream_id, position, error_class, event_id, event_type) \
        SELECT $1, $2, $3, $4, $5, $6, $7, e.event_id, e.type FROM (SELECT) AS always \
            LEFT JOIN event AS e ON e.tenant_no = $1 AND e.position = $6 \
        ON CONFLICT DO NOTHING";
    let parked_now = client
        .execute_typed(
            sql,
            &[
                (&build.tenant.0, Type::INT4),
                (&build.projection.name(), Type::TEXT),
                (&build.version, Type::INT4),
                (&build.build, Type::INT4),
                (&parked.case, Type::UUID),
                (&parked.position.0, Type::INT8),
                (&parked.error_class, Type::TEXT),
            ],
        )
        .await?;
    if parked_now == 1 {
        tracing::error!(
            throughline.tenant_no = build.tenant.0,
            throughline.projection = build.projection.name(),
            throughline.build = build.build,
            throughline.case_id = %parked.case,
            throughline.position = parked.position.0,
            error.class = parked.error_class,
            "a case was parked for a build that is made"
        );
    }
    Ok(())
}

/// As projectors call it.
pub(crate) fn unreadable_class(error: &UnreadableEvent) -> &'static str {
    match error {
        UnreadableEvent::UnknownType { .. } => "unknown_type",
        UnreadableEvent::Malformed { .. } => "malformed",
    }
}
