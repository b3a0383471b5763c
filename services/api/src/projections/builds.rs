//! Going back to the build before, and dropping one that nobody needs.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Serialize;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{delete_dropped, drop_build, rollback};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::once::{Given, once};
use super::{NothingMore, ProjectionPath};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::problem::Problem;

/// Readers are answered from another build.
#[derive(Serialize, ToSchema)]
pub struct SwitchedAnswer {
    /// The projection.
    projection: &'static str,
    /// The build that they were answered from.
    from: i32,
    /// The build that they are answered from now.
    to: i32,
}

/// Has readers answered from the build before. Asked again, it goes back.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::NOTHING_TO_ROLL_BACK_TO`].
pub async fn roll_back(
    path: Path<ProjectionPath>,
    caller: Caller,
    body: JsonBody<NothingMore>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (tenant, projection) = (caller.tenant.tenant_no, path.projection()?);
    let act = Act::on(Action::Rollback, Some(projection));
    let given = once(&app, &caller, body.key.as_ref(), act, async |client, act| {
        let switched = rollback(client, tenant, projection).await?;
        act.build = Some(switched.to);
        let (from, to) = (switched.from, switched.to);
        Ok(Given::new(None, &SwitchedAnswer { projection: projection.name(), from, to })?)
    });
    Ok(HttpResponse::Ok().content_type("application/json").body(given.await?.body))
}

/// Drops a build that readers are not answered from. Its tables go at once, unless somebody reads
/// them; what is left then, and rows in tables that tenants share, a [`throughline_projector::Rebuilder`]
/// deletes later.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::LIVE_BUILD`];
/// [`crate::problem::ALREADY_UNDER_WAY`].
pub async fn drop_one(
    path: Path<ProjectionPath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (projection, build) = (path.projection()?, path.build()?);
    let tenant = caller.tenant.tenant_no;
    let act = Act { build: Some(build), ..Act::on(Action::Drop, Some(projection)) };
    once(&app, &caller, None, act, async |client, _| {
        drop_build(client, tenant, projection, build).await?;
        Ok(Given::new(None, &())?)
    })
    .await?;
    if build > 0 {
        let (pool, stop) = (app.log.pool(), CancellationToken::new());
        if let Err(error) = delete_dropped(pool, tenant, projection, build, &stop).await {
            tracing::warn!(
                throughline.tenant_no = tenant.0,
                throughline.projection = projection.name(),
                throughline.build = build,
                error = &error as &dyn std::error::Error,
                "what a dropped build has left is deleted later"
            );
        }
    }
    Ok(HttpResponse::NoContent().finish())
}
