//! Projections over HTTP, for those who run the service: how far each is, making its rows again,
//! and what was set aside.
//!
//! A rebuild takes as long as the log is long, so it is an operation of its own: asked for here,
//! done by the rebuilder, looked at under `/v1/operations`. Whatever is done is written down with
//! who did it ([`throughline_projector::operator`]).

pub mod builds;
pub mod comparison;
mod list;
mod once;
pub mod operations;
pub mod parked;
pub mod read_audit;
pub mod read_projections;
pub mod rebuild;
pub mod verify;

use serde::Deserialize;
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action, Operator, Origin};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Caller;
use crate::problem::{self, Problem};

/// What is named in a path. A text that names nothing is like what is not there.
#[derive(Debug, Clone, Deserialize)]
pub struct ProjectionPath {
    name: Option<String>,
    build: Option<String>,
    operation_id: Option<String>,
}

impl ProjectionPath {
    fn projection(&self) -> Result<Projection, Problem> {
        let projection = self.name.as_deref().and_then(Projection::find);
        projection.ok_or_else(|| Problem::new(problem::NOT_FOUND))
    }

    fn build(&self) -> Result<i32, Problem> {
        let build = self.build.as_ref().and_then(|text| text.parse().ok());
        build.filter(|build| *build >= 0).ok_or_else(|| Problem::new(problem::NOT_FOUND))
    }

    fn operation_id(&self) -> Result<Uuid, Problem> {
        let id = self.operation_id.as_ref().and_then(|text| text.parse().ok());
        id.ok_or_else(|| Problem::new(problem::NOT_FOUND))
    }
}

/// A request that says all in its path.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingMore {}

/// The caller, as whoever acts on the projections of their tenant.
fn operator(caller: &Caller) -> Operator {
    Operator {
        tenant: caller.tenant.tenant_no,
        actor: caller.subject.to_string(),
        actor_role: caller.role.to_string(),
        origin: Origin::Rest,
    }
}

/// Looking leaves a log line: it is asked for too often for a row each.
fn looked(caller: &Caller) {
    operator(caller).tell(&Act::on(Action::List, None), "done");
}
