//! Asking for a verification, and calling one off.

use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::Client;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::record::{COLUMNS, UNDER_WAY, Verification};
use crate::{RebuildError, Sample};

/// How often a request is made again when another one got in between.
const TRIES_MAX: u32 = 3;

/// Asks for a verification: of the build that readers are answered from, unless another is named.
///
/// # Errors
/// [`RebuildError::AlreadyUnderWay`]: one at a time of each projection of a tenant.
/// [`RebuildError::Log`] with [`LogError::NoSuchTenant`], or when the database does not answer.
pub async fn request_verification(
    client: &Client,
    tenant: TenantNo,
    projection: Projection,
    build: Option<i32>,
    sample: Sample,
    requested_by: &str,
) -> Result<Verification, RebuildError> {
    let insert = format!(
        "INSERT INTO projection_verification \
             (tenant_no, operation_id, projection, version, build, sample, requested_by) \
         SELECT t.tenant_no, $2, $3, $4, $5, $6, $7 FROM tenant t WHERE t.tenant_no = $1 \
         ON CONFLICT DO NOTHING RETURNING {COLUMNS}"
    );
    let under_way = format!(
        "SELECT operation_id FROM projection_verification \
         WHERE tenant_no = $1 AND projection = $2 AND version = $3 AND {UNDER_WAY}"
    );
    let (name, version) = (projection.name(), projection.version());
    let sample = match sample {
        Sample::All => None,
        Sample::Of(cases) => Some(i32::try_from(cases).unwrap_or(i32::MAX)),
    };
    for _ in 0..TRIES_MAX {
        let params = [
            (&tenant.0 as _, Type::INT4),
            (&Uuid::new_v4() as _, Type::UUID),
            (&name as _, Type::TEXT),
            (&version as _, Type::INT4),
            (&build as _, Type::INT4),
            (&sample as _, Type::INT4),
            (&requested_by as _, Type::TEXT),
        ];
        if let Some(row) = client.query_typed_opt(&insert, &params).await? {
            let asked = Verification::read(&row)?;
            return asked.ok_or(LogError::Unreadable { column: "projection" }.into());
        }
        let params =
            [(&tenant.0 as _, Type::INT4), (&name as _, Type::TEXT), (&version as _, Type::INT4)];
        if let Some(row) = client.query_typed_opt(&under_way, &params).await? {
            let operation_id = row.try_get(0).map_err(LogError::from)?;
            return Err(RebuildError::AlreadyUnderWay { operation_id });
        }
        let sql = "SELECT FROM tenant WHERE tenant_no = $1";
        if client.query_typed_opt(sql, &[(&tenant.0, Type::INT4)]).await?.is_none() {
            return Err(LogError::NoSuchTenant { tenant }.into());
        }
        // Another was under way, and is over already.
    }
    Err(LogError::Unreadable { column: "operation_id" }.into())
}

/// Calls a verification off: at once where nobody works on it yet, else within moments. Returns
/// whether it was not over yet.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel_verification(
    client: &Client,
    tenant: TenantNo,
    operation_id: Uuid,
) -> Result<bool, LogError> {
    // The epoch of a queued one rises, so that whoever takes it at this moment finds it gone.
    let sql = format!(
        "UPDATE projection_verification SET cancel_requested = true, \
             phase = CASE WHEN phase = 'queued' THEN 'cancelled' ELSE phase END, \
             finished_at = CASE WHEN phase = 'queued' THEN clock_timestamp() END, \
             epoch = CASE WHEN phase = 'queued' THEN epoch + 1 ELSE epoch END \
         WHERE tenant_no = $1 AND operation_id = $2 AND {UNDER_WAY}"
    );
    let params = [(&tenant.0 as _, Type::INT4), (&operation_id as _, Type::UUID)];
    Ok(client.execute_typed(&sql, &params).await? == 1)
}

/// How many cases a tenant has.
///
/// # Errors
/// When the database does not answer.
pub async fn count_cases(client: &Client, tenant: TenantNo) -> Result<u64, LogError> {
    let sql = "SELECT count(*) FROM stream WHERE tenant_no = $1 AND kind = 'case'";
    let row = client.query_typed_one(sql, &[(&tenant.0, Type::INT4)]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
}

/// Whether a build can be verified: it is followed, or readers are answered from it.
///
/// # Errors
/// When the database does not answer.
pub async fn is_followed(
    client: &Client,
    tenant: TenantNo,
    projection: Projection,
    build: i32,
) -> Result<bool, LogError> {
    let sql = "SELECT EXISTS (SELECT FROM projection_checkpoint WHERE tenant_no = $1 \
                   AND projection = $2 AND version = $3 AND build = $4) \
               OR $4 = coalesce((SELECT build FROM projection_live WHERE tenant_no = $1 \
                   AND projection = $2 AND version = $3), 0)";
    let params = [
        (&tenant.0 as _, Type::INT4),
        (&projection.name() as _, Type::TEXT),
        (&projection.version() as _, Type::INT4),
        (&build as _, Type::INT4),
    ];
    Ok(client.query_typed_one(sql, &params).await?.try_get(0)?)
}
