//! Asking for a rebuild: the rows of a projection made again beside those in use.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use throughline_projector::operator::{Act, Action};
use throughline_projector::request_rebuild;
use utoipa::ToSchema;

use super::ProjectionPath;
use super::once::{Given, once};
use super::operations::{OperationAnswer, accepted, location};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::problem::Problem;

/// A rebuild.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RebuildBody {
    /// Whether to stop after the comparison and leave readers where they are. Default: false.
    pub dry_run: Option<bool>,
}

/// Asks for a rebuild.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`] for a projection that there is none of;
/// [`crate::problem::ALREADY_UNDER_WAY`].
pub async fn rebuild_projection(
    path: Path<ProjectionPath>,
    caller: Caller,
    body: JsonBody<RebuildBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let projection = path.projection()?;
    let JsonBody { value: RebuildBody { dry_run }, key } = body;
    let is_dry_run = dry_run.unwrap_or(false);
    let action = if is_dry_run { Action::DryRun } else { Action::Rebuild };
    let (tenant, by) = (caller.tenant.tenant_no, caller.subject.as_str());
    let act = Act::on(action, Some(projection));
    let given = once(&app, &caller, key.as_ref(), act, async |client, act| {
        let rebuild = request_rebuild(client, tenant, projection, is_dry_run, by).await?;
        (act.build, act.operation_id) = (Some(rebuild.build), Some(rebuild.operation_id));
        let place = location(rebuild.operation_id);
        Ok(Given::new(Some(place), &OperationAnswer::of(&rebuild, now()))?)
    });
    Ok(accepted(given.await?))
}
