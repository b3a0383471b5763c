//! Asking for a rebuild, and calling one off.

use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::Client;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::error::RebuildError;
use super::phase::UNDER_WAY;
use super::record::{COLUMNS, Rebuild};

/// How often a request is made again when another one got in between.
const TRIES_MAX: u32 = 3;

/// Asks for a rebuild. Some [`crate::Rebuilder`] takes it up.
///
/// Numbers of builds are never used twice: the rebuilds that had them stay written down.
///
/// # Errors
/// [`RebuildError::AlreadyUnderWay`]: one at a time of each projection of a tenant.
/// [`RebuildError::Log`] with [`LogError::NoSuchTenant`], or when the database does not answer.
pub async fn request_rebuild(
    client: &Client,
    tenant: TenantNo,
    projection: Projection,
    is_dry_run: bool,
    requested_by: &str,
) -> Result<Rebuild, RebuildError> {
    let sql = format!(
        "INSERT INTO projection_rebuild \
             (tenant_no, operation_id, projection, version, build, is_dry_run, requested_by) \
         SELECT t.tenant_no, $2, $3, $4, {NEXT_BUILD}, $5, $6 FROM tenant t WHERE t.tenant_no = $1 \
         ON CONFLICT DO NOTHING RETURNING {COLUMNS}"
    );
    let (name, version) = (projection.name(), projection.version());
    for _ in 0..TRIES_MAX {
        let inserted = client
            .query_typed_opt(
                &sql,
                &[
                    (&tenant.0, Type::INT4),
                    (&Uuid::new_v4(), Type::UUID),
                    (&name, Type::TEXT),
                    (&version, Type::INT4),
                    (&is_dry_run, Type::BOOL),
                    (&requested_by, Type::TEXT),
                ],
            )
            .await?;
        if let Some(row) = inserted {
            let rebuild = Rebuild::read(&row)?;
            return rebuild.ok_or(LogError::Unreadable { column: "projection" }.into());
        }
        if let Some(operation_id) = under_way(client, tenant, projection).await? {
            return Err(RebuildError::AlreadyUnderWay { operation_id });
        }
        let sql = "SELECT FROM tenant WHERE tenant_no = $1";
        if client.query_typed_opt(sql, &[(&tenant.0, Type::INT4)]).await?.is_none() {
            return Err(LogError::NoSuchTenant { tenant }.into());
        }
        // Another had the number or was under way, and is over already.
    }
    Err(LogError::Unreadable { column: "build" }.into())
}

/// One more than any build that there is or was, of any version: the names of tables do not tell
/// versions apart.
const NEXT_BUILD: &str = "1 + greatest(0, \
    (SELECT max(build) FROM projection_rebuild \
     WHERE tenant_no = $1 AND projection = $3), \
    (SELECT max(build) FROM projection_checkpoint \
     WHERE tenant_no = $1 AND projection = $3), \
    (SELECT max(greatest(build, previous_build)) FROM projection_live \
     WHERE tenant_no = $1 AND projection = $3))";

/// The rebuild of a projection that is not over.
pub(crate) async fn under_way(
    client: &Client,
    tenant: TenantNo,
    projection: Projection,
) -> Result<Option<Uuid>, tokio_postgres::Error> {
    let sql = format!(
        "SELECT operation_id FROM projection_rebuild \
         WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND {UNDER_WAY}"
    );
    let row = client
        .query_typed_opt(
            &sql,
            &[
                (&tenant.0, Type::INT4),
                (&projection.name(), Type::TEXT),
                (&projection.version(), Type::INT4),
            ],
        )
        .await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Calls a rebuild off: at once where nobody works on it yet, else at the next slice or phase.
///
/// Returns whether it was not over yet. Once it is over, a switch included, it stays as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel_rebuild(
    client: &Client,
    tenant: TenantNo,
    operation_id: Uuid,
) -> Result<bool, LogError> {
    // Of a queued one nothing is made yet. Its epoch rises, so that whoever takes it at this moment
    // finds it gone.
    let sql = format!(
        "UPDATE projection_rebuild SET cancel_requested = true, \
             phase = CASE WHEN phase = 'queued' THEN 'cancelled' ELSE phase END, \
             finished_at = CASE WHEN phase = 'queued' THEN clock_timestamp() END, \
             epoch = CASE WHEN phase = 'queued' THEN epoch + 1 ELSE epoch END \
         WHERE tenant_no = $1 AND operation_id = $2 AND {UNDER_WAY}"
    );
    let called_off =
        client.execute_typed(&sql, &[(&tenant.0, Type::INT4), (&operation_id, Type::UUID)]).await?;
    Ok(called_off == 1)
}
