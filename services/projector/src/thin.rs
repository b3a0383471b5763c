//! Stands in for retrying until the leases are merged.

use throughline_domain::ids::CaseId;
use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

/// Has parked cases tried again.
///
/// # Errors
/// When the database does not answer.
pub async fn retry_parked(
    client: &Client,
    tenant: TenantNo,
    projection: Option<Projection>,
    case_id: Option<CaseId>,
) -> Result<u64, LogError> {
    let sql = "UPDATE projection_parked SET tried_at = tried_at WHERE tenant_no = $1 \
         AND ($2 IS NULL OR projection = $2) AND ($3 IS NULL OR stream_id = $3)";
    let (name, case) = (projection.map(Projection::name), case_id.map(|id| id.0));
    let params = [(&tenant.0 as _, Type::INT4), (&name as _, Type::TEXT), (&case as _, Type::UUID)];
    Ok(client.execute_typed(sql, &params).await?)
}
