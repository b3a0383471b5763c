//! Rebuilds and verifications as operations: looking at them, and calling one off.

use std::cmp::Reverse;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{
    Page, Rebuild, RebuildError, Verification, cancel_rebuild, cancel_verification, find_rebuild,
    find_verification, rebuilds, verifications,
};
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

/// One operation: a rebuild of a projection, or a verification of one.
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
    /// What it does: `rebuild` or `verification`.
    kind: &'static str,
    /// The projection.
    projection: &'static str,
    /// The version of its code.
    version: i32,
    /// The build that is made or verified; null for the one that readers are answered from when it is
    /// looked at.
    build: Option<i32>,
    /// Of a rebuild: `queued`, `folding`, `indexing`, `catching_up`, `comparing`; then, for good,
    /// `switched`, `compared` (a dry run), `cancelled` or `failed`. Of a verification: `queued`,
    /// `verifying`; then `verified`, `cancelled` or `failed`.
    phase: &'static str,
    /// Whether a rebuild stops after the comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    /// Whether it was called off. It ends within moments, at the next slice or phase.
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

/// How far an operation is: in events of a rebuild, which is exact, since positions are dense; in
/// cases of a verification, about. The time is an estimate.
#[derive(Serialize, ToSchema)]
pub struct ProgressAnswer {
    /// Events that are in the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    events_done: Option<i64>,
    /// Events that are to be; absent before the work begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    events_total: Option<i64>,
    /// Cases that were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    cases_done: Option<i64>,
    /// Cases that are to be; absent before the work begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    cases_total: Option<i64>,
    /// Events or cases a second, since the work began.
    rate_per_second: Option<f64>,
    /// Seconds until all are done, at that rate. What follows takes a little more.
    remaining_seconds: Option<f64>,
}

/// The times of an operation, and how much of it is done.
struct Measured {
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    done: i64,
    total: Option<i64>,
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
            build: Some(rebuild.build),
            phase: rebuild.phase.as_str(),
            dry_run: Some(rebuild.is_dry_run),
            cancel_requested: rebuild.cancel_requested,
            progress: ProgressAnswer::of(rebuild, now),
            requested_at: rebuild.requested_at,
            started_at: rebuild.started_at,
            finished_at: rebuild.finished_at,
            comparison: rebuild.comparison.as_ref().map(ComparisonAnswer::of),
            error_class: rebuild.error_class.clone(),
        }
    }

    /// A verification as it stands at a moment.
    #[must_use]
    pub fn of_verification(asked: &Verification, now: Timestamp) -> Self {
        Self {
            operation_id: asked.operation_id,
            kind: "verification",
            projection: asked.projection.name(),
            version: asked.version,
            build: asked.build,
            phase: asked.phase.as_str(),
            dry_run: None,
            cancel_requested: asked.cancel_requested,
            progress: ProgressAnswer::of_verification(asked, now),
            requested_at: asked.requested_at,
            started_at: asked.started_at,
            finished_at: asked.finished_at,
            comparison: asked.comparison.as_ref().map(ComparisonAnswer::of),
            error_class: asked.error_class.clone(),
        }
    }
}

impl ProgressAnswer {
    fn of(rebuild: &Rebuild, now: Timestamp) -> Self {
        let Rebuild { started_at, finished_at, events_done: done, events_total: total, .. } =
            *rebuild;
        let measured = Measured { started_at, finished_at, done, total };
        let (rate_per_second, remaining_seconds) = measured.speed(now);
        Self {
            events_done: Some(done),
            events_total: total,
            cases_done: None,
            cases_total: None,
            rate_per_second,
            remaining_seconds,
        }
    }

    fn of_verification(asked: &Verification, now: Timestamp) -> Self {
        let Verification { started_at, finished_at, cases_done: done, cases_total: total, .. } =
            *asked;
        let measured = Measured { started_at, finished_at, done, total };
        let (rate_per_second, remaining_seconds) = measured.speed(now);
        Self {
            events_done: None,
            events_total: None,
            cases_done: Some(done),
            cases_total: total,
            rate_per_second,
            remaining_seconds,
        }
    }
}

impl Measured {
    /// How much a second, and how many seconds there are left.
    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    fn speed(&self, now: Timestamp) -> (Option<f64>, Option<f64>) {
        let Self { started_at, finished_at, done, total } = *self;
        let until = finished_at.unwrap_or(now);
        let seconds = started_at.map(|from| until.duration_since(from).as_secs_f64());
        let rate = seconds.filter(|seconds| *seconds > 0.0).map(|seconds| done as f64 / seconds);
        let left = total.map(|total| (total - done).max(0) as f64);
        let remaining = match (left, rate) {
            _ if finished_at.is_some() => Some(0.0),
            (Some(left), Some(rate)) if rate > 0.0 => Some(left / rate),
            _ => None,
        };
        (rate.map(tenths), remaining.map(tenths))
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
    let (tenant, now) = (Some(caller.tenant.tenant_no), now());
    let rebuilds = rebuilds(&client, tenant, list.after, list.limit).await?;
    let verifications = verifications(&client, tenant, list.after, list.limit).await?;
    looked(&caller);
    let more = rebuilds.more || verifications.more;
    let rebuilds = rebuilds.rows.iter().map(|rebuild| OperationAnswer::of(rebuild, now));
    let verifications =
        verifications.rows.iter().map(|asked| OperationAnswer::of_verification(asked, now));
    // Both lists are in this order: of the two together, the first rows are among those read.
    let mut rows: Vec<OperationAnswer> = rebuilds.chain(verifications).collect();
    rows.sort_by_key(|operation| (Reverse(operation.requested_at), operation.operation_id));
    let page = Page { rows, more }.first(list.limit);
    let (mut response, next) =
        list.answer(&page, |operation| (operation.requested_at, operation.operation_id))?;
    Ok(response.json(OperationsAnswer { operations: page.rows, next }))
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
    let operation_id = path.operation_id()?;
    let answer = if let Some(rebuild) = find_rebuild(&client, tenant, operation_id).await? {
        OperationAnswer::of(&rebuild, now())
    } else {
        let found = find_verification(&client, tenant, operation_id).await?;
        let asked = found.ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
        OperationAnswer::of_verification(&asked, now())
    };
    looked(&caller);
    Ok(HttpResponse::Ok().json(answer))
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
        let was_under_way = cancel_rebuild(client, tenant, operation_id).await?
            || cancel_verification(client, tenant, operation_id).await?;
        let answer = if let Some(rebuild) = find_rebuild(client, tenant, operation_id).await? {
            (act.projection, act.build) = (Some(rebuild.projection), Some(rebuild.build));
            OperationAnswer::of(&rebuild, now())
        } else {
            let found = find_verification(client, tenant, operation_id).await?;
            let asked = found.ok_or(RebuildError::NoSuchRebuild { operation_id })?;
            (act.projection, act.build) = (Some(asked.projection), asked.build);
            OperationAnswer::of_verification(&asked, now())
        };
        if !was_under_way {
            let problem = Problem::new(problem::OPERATION_OVER);
            return Err(Undone::Refused { problem, rule: Some(problem::OPERATION_OVER.name) });
        }
        Ok(Given::new(Some(location(operation_id)), &answer)?)
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
