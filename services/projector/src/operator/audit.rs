//! The audit: one line for each thing that an operator did. Written once, never changed.

use jiff::Timestamp;
use throughline_domain::ids::CaseId;
use throughline_log::{LogError, TenantNo};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::{Act, Operator};
use crate::Page;

/// The most lines that [`audit`] gives.
pub const AUDIT_MAX: u32 = 1_000;

const INSERT: &str = "\
    INSERT INTO projection_audit (tenant_no, actor, actor_role, origin, action, projection, build, \
        case_id, operation_id, count, outcome, reason) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
        CASE WHEN $11 IS NULL THEN 'done' ELSE 'refused' END, $11)";

const NEWEST: &str = "\
    SELECT audit_id, tenant_no, at, actor, actor_role, origin, action, projection, build, case_id, \
        operation_id, count, outcome, reason \
    FROM projection_audit \
    WHERE ($1 IS NULL OR tenant_no = $1) AND ($2 IS NULL OR audit_id < $2) \
    ORDER BY audit_id DESC LIMIT $3";

/// One line of the audit, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its number: later lines have greater ones, of whichever tenant.
    pub audit_id: i64,
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

/// Returns what operators did to the projections of a tenant, or of all: the newest first, after the
/// line of this number.
///
/// Shape: a page of at most `limit` and never more than [`AUDIT_MAX`].
///
/// # Errors
/// When the database does not answer.
pub async fn audit(
    client: &Client,
    tenant: Option<TenantNo>,
    after: Option<i64>,
    limit: u32,
) -> Result<Page<AuditLine>, LogError> {
    let tenant = tenant.map(|tenant| tenant.0);
    let limit = limit.min(AUDIT_MAX);
    let rows = client
        .query_typed(
            NEWEST,
            &[(&tenant, Type::INT4), (&after, Type::INT8), (&(i64::from(limit) + 1), Type::INT8)],
        )
        .await?;
    Ok(Page::of(rows.iter().map(AuditLine::read).collect::<Result<_, _>>()?, limit))
}

impl AuditLine {
    fn read(row: &Row) -> Result<Self, LogError> {
        Ok(Self {
            audit_id: row.try_get(0)?,
            tenant_no: TenantNo(row.try_get(1)?),
            at: row.try_get(2)?,
            actor: row.try_get(3)?,
            actor_role: row.try_get(4)?,
            origin: row.try_get(5)?,
            action: row.try_get(6)?,
            projection: row.try_get(7)?,
            build: row.try_get(8)?,
            case_id: row.try_get::<_, Option<Uuid>>(9)?.map(CaseId),
            operation_id: row.try_get(10)?,
            count: row.try_get(11)?,
            outcome: row.try_get(12)?,
            reason: row.try_get(13)?,
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
