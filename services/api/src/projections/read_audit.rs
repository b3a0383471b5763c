//! What operators did to the tenant's projections.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_projector::operator::{AuditLine, audit};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::List;
use super::looked;
use super::once::connection;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;

/// The audit, the newest line first.
#[derive(Serialize, ToSchema)]
pub struct AuditAnswer {
    /// One entry for each thing that was done, or refused.
    lines: Vec<AuditLineAnswer>,
    /// Continues the list; absent on its last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One thing that an operator did.
#[derive(Serialize, ToSchema)]
pub struct AuditLineAnswer {
    /// When.
    at: Timestamp,
    /// Who.
    actor: String,
    /// In which role.
    actor_role: String,
    /// From where: `command_line` or `rest`.
    origin: String,
    /// `rebuild`, `rebuild_dry_run`, `cancel`, `verify`, `rollback`, `drop` or `park_retry`.
    action: String,
    /// To which projection; to all of them where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    projection: Option<String>,
    /// To which build, or which came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<i32>,
    /// To which case.
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<Uuid>,
    /// By which operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<Uuid>,
    /// How many: cases that differ, streams to be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
    /// `done` or `refused`.
    outcome: String,
    /// The rule that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl AuditLineAnswer {
    fn of(line: AuditLine) -> Self {
        Self {
            at: line.at,
            actor: line.actor,
            actor_role: line.actor_role,
            origin: line.origin,
            action: line.action,
            projection: line.projection,
            build: line.build,
            case_id: line.case_id.map(|case| case.0),
            operation_id: line.operation_id,
            count: line.count,
            outcome: line.outcome,
            reason: line.reason,
        }
    }
}

/// Reads the audit, a page at a time.
///
/// # Errors
/// [`crate::problem::INVALID`] for a page that cannot be.
pub async fn read_audit(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let list = List::asked(&request, &app, &caller, "projection audit")?;
    let client = connection(&app).await?;
    let tenant = caller.tenant.tenant_no;
    let page = audit(&client, Some(tenant), list.after, list.limit).await?;
    looked(&caller);
    let (mut response, next) = list.answer(&page, |line| line.audit_id)?;
    let lines = page.rows.into_iter().map(AuditLineAnswer::of).collect();
    Ok(response.json(AuditAnswer { lines, next }))
}
