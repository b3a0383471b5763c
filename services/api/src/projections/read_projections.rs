//! How far each projection has followed the tenant's log, build by build.

use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use serde::Serialize;
use throughline_projector::{BuildStatus, builds};
use utoipa::ToSchema;

use super::looked;
use super::once::connection;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;

/// Every projection.
#[derive(Serialize, ToSchema)]
pub struct ProjectionsAnswer {
    /// One entry a projection.
    projections: Vec<ProjectionAnswer>,
}

/// One projection, as readers are answered from it.
#[derive(Serialize, ToSchema)]
pub struct ProjectionAnswer {
    /// Its name.
    name: &'static str,
    /// The version of its code.
    version: i32,
    /// The build that readers are answered from.
    build: i32,
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
    /// Every build that is followed, this one too.
    builds: Vec<BuildAnswer>,
}

/// One making of a projection's rows.
#[derive(Serialize, ToSchema)]
pub struct BuildAnswer {
    /// Its number. Build 0 was made by following the log from its beginning.
    build: i32,
    /// Whether readers are answered from it.
    live: bool,
    /// Whether a rollback goes back to it.
    previous: bool,
    /// The position that it reflects.
    position: i64,
    /// How many events it trails by.
    lag_events: i64,
    /// When it last moved.
    updated_at: Option<Timestamp>,
    /// Cases that could not be folded.
    parked: u64,
}

impl BuildAnswer {
    fn of(status: &BuildStatus) -> Self {
        Self {
            build: status.build,
            live: status.is_live,
            previous: status.is_previous,
            position: status.position.0,
            lag_events: status.lag_events,
            updated_at: status.updated_at,
            parked: status.parked,
        }
    }
}

impl ProjectionAnswer {
    fn of(live: &BuildStatus, all: &[BuildStatus]) -> Self {
        let is_of_it = |status: &&BuildStatus| status.projection == live.projection;
        Self {
            name: live.projection.name(),
            version: live.version,
            build: live.build,
            position: live.position.0,
            head: live.head.0,
            lag_events: live.lag_events,
            updated_at: live.updated_at,
            parked: live.parked,
            builds: all.iter().filter(is_of_it).map(BuildAnswer::of).collect(),
        }
    }
}

/// Reads the state of the projections.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn read_projections(caller: Caller, app: Data<App>) -> Result<HttpResponse, Problem> {
    let client = connection(&app).await?;
    let all = builds(&app.log, &client, Some(caller.tenant.tenant_no)).await?;
    looked(&caller);
    let live = all.iter().filter(|status| status.is_live);
    let projections = live.map(|live| ProjectionAnswer::of(live, &all)).collect();
    Ok(HttpResponse::Ok().json(ProjectionsAnswer { projections }))
}
