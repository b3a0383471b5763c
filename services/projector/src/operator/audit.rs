//! The audit: one line for each thing that an operator did. Written once, never changed.

use jiff::Timestamp;
use throughline_domain::ids::CaseId;
use throughline_log::{LogError, TenantNo};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::{Act, Operator};

/// The most lines that [`audit`] gives.
pub const AUDIT_MAX: u32 = 1_000;

const INSERT: &str = "\
    INSERT INTO projection_audit (tenant_no, actor, actor_role, origin, action, projection, build, \
        case_id, operation_id, count, outcome, reason) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
        CASE WHEN $11 IS NULL THEN 'done' ELSE 'refused' END, $11)";

const NEWEST: &str = "\
    SELECT tenant_no, at, actor, actor_role, origin, action, projection, build, case_id, \
        operation_id, count, outcome, reason \
    FROM projection_audit WHERE $1 IS NULL OR tenant_no = $1 \
    ORDER BY audit_id DESC LIMIT $2";

/// One line of the audit, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// The tenant.
    pub tenant_no: TenantNo,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// In which role.
    pub actor_role: String,
    /// From where: `command_line` or `rest`.
    pub origin: String,
    /// What, as [`super::Action::as_str`] has it.
    pub action: String,
    /// To which projection; to all of them where there is none.
    pub projection: Option<String>,
    /// To which build, or which came of it.
    pub build: Option<i32>,
    /// To which case.
    pub case_id: Option<CaseId>,
    /// By which rebuild.
    pub operation_id: Option<Uuid>,
    /// How many: cases that differ, streams to be tried again.
    pub count: Option<i64>,
    /// `done` or `refused`.
    pub outcome: String,
    /// The rule that refused.
    pub reason: Option<String>,
}

/// Returns what operators did to the projections of a tenant, or of all: the newest first.
///
/// Shape: at most `limit` and never more than [`AUDIT_MAX`].
///
/// # Errors
/// When the database does not answer.
pub async fn audit(
    client: &Client,
    tenant: Option<TenantNo>,
    limit: u32,
) -> Result<Vec<AuditLine>, LogError> {
    let tenant = tenant.map(|tenant| tenant.0);
    let limit = i64::from(limit.min(AUDIT_MAX));
    let rows = client.query_typed(NEWEST, &[(&tenant, Type::INT4), (&limit, Type::INT8)]).await?;
    rows.iter().map(AuditLine::read).collect()
}

impl AuditLine {
    fn read(row: &Row) -> Result<Self, LogError> {
        Ok(Self {
            tenant_no: TenantNo(row.try_get(0)?),
            at: row.try_get(1)?,
            actor: row.try_get(2)?,
            actor_role: row.try_get(3)?,
            origin: row.try_get(4)?,
            action: row.try_get(5)?,
            projection: row.try_get(6)?,
            build: row.try_get(7)?,
            case_id: row.try_get::<_, Option<Uuid>>(8)?.map(CaseId),
            operation_id: row.try_get(9)?,
            count: row.try_get(10)?,
            outcome: row.try_get(11)?,
            reason: row.try_get(12)?,
        })
    }
}

pub(super) async fn write(
    client: &Client,
    by: &Operator,
    act: &Act,
    refused: Option<&'static str>,
) -> Result<(), LogError> {
    let projection = act.projection.map(throughline_projections::Projection::name);
    let count = act.count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    client
        .execute_typed(
            INSERT,
            &[
                (&by.tenant.0, Type::INT4),
                (&by.actor, Type::TEXT),
                (&by.actor_role, Type::TEXT),
                (&by.origin.as_str(), Type::TEXT),
                (&act.action.as_str(), Type::TEXT),
                (&projection, Type::TEXT),
                (&act.build, Type::INT4),
                (&act.case_id.map(|id| id.0), Type::UUID),
                (&act.operation_id, Type::UUID),
                (&count, Type::INT8),
                (&refused, Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}
