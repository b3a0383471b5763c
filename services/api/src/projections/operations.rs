//! Rebuilds as operations: looking at them, and calling one off.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{Rebuild, RebuildError, cancel_rebuild, find_rebuild, rebuilds};
use utoipa::ToSchema;
use uuid::Uuid;

use super::comparison::ComparisonAnswer;
use super::list::List;
use super::once::{Given, Undone, connection, once};
use super::{NothingMore, ProjectionPath, looked};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::problem::{self, Problem};

/// Operations, the newest first.
#[derive(Serialize, ToSchema)]
pub struct OperationsAnswer {
    /// One entry an operation.
    operations: Vec<OperationAnswer>,
    /// Continues the list; absent on its last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One operation: a rebuild of a projection.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "operation_id": "0198f1a2-7c3b-7e7a-9d53-2f6f0b5f8f11",
    "kind": "rebuild",
    "projection": "caseload",
    "version": 1,
    "build": 2,
    "phase": "folding",
    "dry_run": false,
    "cancel_requested": false,
    "progress": {
        "events_done": 400_000, "events_total": 1_000_000,
        "rate_per_second": 210_000.0, "remaining_seconds": 2.9
    },
    "requested_at": "2026-11-22T21:04:05Z",
    "started_at": "2026-11-22T21:04:05.4Z",
    "finished_at": null
}))]
pub struct OperationAnswer {
    /// Its id.
    operation_id: Uuid,
    /// What it does: `rebuild`.
    kind: &'static str,
    /// The projection.
    projection: &'static str,
    /// The version of its code.
    version: i32,
    /// The build that is made.
    build: i32,
    /// `queued`, `folding`, `indexing`, `catching_up`, `comparing`; then, for good, `switched`,
    /// `compared` (a dry run), `cancelled` or `failed`.
    phase: &'static str,
    /// Whether it stops after the comparison.
    dry_run: bool,
    /// Whether it was called off. It ends at the next slice or phase.
    cancel_requested: bool,
    /// How far it is.
    progress: ProgressAnswer,
    /// When it was asked for.
    requested_at: Timestamp,
    /// When work began.
    started_at: Option<Timestamp>,
    /// When it was over.
    finished_at: Option<Timestamp>,
    /// What the comparison found, once there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<ComparisonAnswer>,
    /// Why it failed, as a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_class: Option<String>,
}

/// How far an operation is. Exact, since positions are dense: only the time is an estimate.
#[derive(Serialize, ToSchema)]
pub struct ProgressAnswer {
    /// Events that are in the rows.
    events_done: i64,
    /// Events that are to be; not known before the work begins.
    events_total: Option<i64>,
    /// Events a second, since the work began.
    rate_per_second: Option<f64>,
    /// Seconds until the events are in the rows, at that rate. What follows takes a little more.
    remaining_seconds: Option<f64>,
}

impl OperationAnswer {
    /// A rebuild as it stands at a moment.
    #[must_use]
    pub fn of(rebuild: &Rebuild, now: Timestamp) -> Self {
        Self {
            operation_id: rebuild.operation_id,
            kind: "rebuild",
            projection: rebuild.projection.name(),
            version: rebuild.version,
            build: rebuild.build,
            phase: rebuild.phase.as_str(),
            dry_run: rebuild.is_dry_run,
            cancel_requested: rebuild.cancel_requested,
            progress: ProgressAnswer::of(rebuild, now),
            requested_at: rebuild.requested_at,
            started_at: rebuild.started_at,
            finished_at: rebuild.finished_at,
            comparison: rebuild.comparison.as_ref().map(ComparisonAnswer::of),
            error_class: rebuild.error_class.clone(),
        }
    }
}

impl ProgressAnswer {
    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    fn of(rebuild: &Rebuild, now: Timestamp) -> Self {
        let until = rebuild.finished_at.unwrap_or(now);
        let seconds = rebuild.started_at.map(|from| until.duration_since(from).as_secs_f64());
        let done = rebuild.events_done;
        let rate = seconds.filter(|seconds| *seconds > 0.0).map(|seconds| done as f64 / seconds);
        let left = rebuild.events_total.map(|total| (total - done).max(0) as f64);
        let is_over = rebuild.phase.is_over();
        let remaining = match (left, rate) {
            _ if is_over => Some(0.0),
            (Some(left), Some(rate)) if rate > 0.0 => Some(left / rate),
            _ => None,
        };
        Self {
            events_done: done,
            events_total: rebuild.events_total,
            rate_per_second: rate.map(tenths),
            remaining_seconds: remaining.map(tenths),
        }
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Where an operation is looked at.
pub(crate) fn location(operation_id: Uuid) -> String {
    format!("/v1/operations/{operation_id}")
}

/// Reads the tenant's operations, a page at a time.
///
/// # Errors
/// [`problem::INVALID`] for a page that cannot be.
pub async fn read_operations(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let list = List::asked(&request, &app, &caller, "operations")?;
    let client = connection(&app).await?;
    let tenant = caller.tenant.tenant_no;
    let page = rebuilds(&client, Some(tenant), list.after, list.limit).await?;
    looked(&caller);
    let now = now();
    let (mut response, next) =
        list.answer(&page, |rebuild| (rebuild.requested_at, rebuild.operation_id))?;
    let operations = page.rows.iter().map(|rebuild| OperationAnswer::of(rebuild, now)).collect();
    Ok(response.json(OperationsAnswer { operations, next }))
}

/// Reads one operation.
///
/// # Errors
/// [`problem::NOT_FOUND`].
pub async fn read_operation(
    path: Path<ProjectionPath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let client = connection(&app).await?;
    let tenant = caller.tenant.tenant_no;
    let found = find_rebuild(&client, tenant, path.operation_id()?).await?;
    let rebuild = found.ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
    looked(&caller);
    Ok(HttpResponse::Ok().json(OperationAnswer::of(&rebuild, now())))
}

/// Calls an operation off. It ends soon, and leaves what readers see as it is.
///
/// # Errors
/// [`problem::NOT_FOUND`]; [`problem::OPERATION_OVER`].
pub async fn cancel_operation(
    path: Path<ProjectionPath>,
    caller: Caller,
    body: JsonBody<NothingMore>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (tenant, operation_id) = (caller.tenant.tenant_no, path.operation_id()?);
    let act = Act { operation_id: Some(operation_id), ..Act::on(Action::Cancel, None) };
    let given = once(&app, &caller, body.key.as_ref(), act, async |client, act| {
        let was_under_way = cancel_rebuild(client, tenant, operation_id).await?;
        let Some(rebuild) = find_rebuild(client, tenant, operation_id).await? else {
            return Err(RebuildError::NoSuchRebuild { operation_id }.into());
        };
        (act.projection, act.build) = (Some(rebuild.projection), Some(rebuild.build));
        if !was_under_way {
            let problem = Problem::new(problem::OPERATION_OVER);
            return Err(Undone::Refused { problem, rule: Some(problem::OPERATION_OVER.name) });
        }
        Ok(Given::new(Some(location(operation_id)), &OperationAnswer::of(&rebuild, now()))?)
    });
    Ok(accepted(given.await?))
}

/// 202, with where to look.
pub(super) fn accepted(given: Given) -> HttpResponse {
    let mut response = HttpResponse::Accepted();
    if let Some(location) = given.location {
        response.insert_header((actix_web::http::header::LOCATION, location));
    }
    response.content_type("application/json").body(given.body)
}
