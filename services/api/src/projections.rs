//! How far each projection has followed the tenant's log: for those who run the service.

use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::refusal;

/// Every projection.
#[derive(Serialize, ToSchema)]
pub struct ProjectionsAnswer {
    /// One entry a projection.
    projections: Vec<ProjectionAnswer>,
}

/// One projection.
#[derive(Serialize, ToSchema)]
pub struct ProjectionAnswer {
    /// Its name.
    name: &'static str,
    /// The position that it reflects.
    position: i64,
    /// The log's latest position.
    head: i64,
    /// How many events it trails by.
    lag_events: i64,
    /// When it last moved.
    updated_at: Option<Timestamp>,
    /// Cases that could not be folded.
    parked: u64,
}

/// Reads the state of the projections.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn read_projections(caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let client = app.log.pool().get().await.map_err(|error| refusal::unavailable(&error))?;
    let tenant = Some(caller.tenant.tenant_no);
    let status = throughline_projector::status(&client, tenant).await?;
    let projections = status
        .into_iter()
        .map(|status| ProjectionAnswer {
            name: status.projection.name(),
            position: status.position.0,
            head: status.head.0,
            lag_events: status.lag_events,
            updated_at: status.updated_at,
            parked: status.parked,
        })
        .collect();
    Ok(HttpResponse::Ok().json(ProjectionsAnswer { projections }))
}
