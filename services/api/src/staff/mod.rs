//! Workers and teams over HTTP, and what the staff list says to giving a case to somebody.

pub mod giving;
pub mod load;
pub mod read_teams;
pub mod read_workers;
pub mod team_commands;
pub mod worker_commands;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;
use throughline_domain::ids::Version;
use throughline_domain::staff::{StaffError, Team};
use throughline_log::{AppendError, ExecuteError, StreamId, StreamKind, StreamWrite};

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::Recorded;
use crate::freshness::POSITION_HEADER;
use crate::idempotency::NotRecorded;
use crate::problem::{self, FieldError, Problem};

/// How often a command that rests on a team or worker is tried, when their record keeps changing.
pub const ATTEMPTS_MAX: u32 = 5;

/// The codes in a path. A text that is no code names nothing, like an absent one.
#[derive(Debug, Clone, Deserialize)]
pub struct StaffPath {
    worker_id: Option<String>,
    team_id: Option<String>,
}

impl StaffPath {
    /// The worker.
    ///
    /// # Errors
    /// [`problem::NOT_FOUND`] for a text that is no code.
    pub fn worker(&self) -> Result<Code, Problem> {
        parse(self.worker_id.as_ref())
    }

    /// The team.
    ///
    /// # Errors
    /// [`problem::NOT_FOUND`] for a text that is no code.
    pub fn team(&self) -> Result<Code, Problem> {
        parse(self.team_id.as_ref())
    }
}

fn parse(text: Option<&String>) -> Result<Code, Problem> {
    let code = text.and_then(|text| text.parse().ok());
    code.ok_or_else(|| Problem::new(problem::NOT_FOUND))
}

/// 201, with the log's position.
fn answer<A: Serialize>(recorded: Recorded, answer: &A) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((POSITION_HEADER, recorded.position.to_string()))
        .json(answer)
}

/// The condition that a team stays as it is while somebody joins it.
async fn joinable(app: &App, caller: &Caller, team: &Code) -> Result<StreamWrite, Problem> {
    let stream = StreamId::of_team(team);
    let loaded = app.log.load_aggregate::<Team>(caller.tenant.tenant_no, stream).await?;
    let (expected, team): (Version, Team) = loaded;
    team.may_be_joined().map_err(|refusal| match refusal {
        StaffError::UnknownTeam => {
            let error = FieldError::at("/team", problem::UNKNOWN_TEAM.title);
            Problem::new(problem::UNKNOWN_TEAM).with(error)
        }
        refusal => refusal.into(),
    })?;
    Ok(StreamWrite { stream, expected, events: Vec::new() })
}

/// Whether there is room on the list for one more.
async fn require_room(app: &App, caller: &Caller, kind: StreamKind) -> Result<(), Problem> {
    let most = throughline_log::STAFF_MAX;
    let listed = app.log.count_staff(caller.tenant.tenant_no, kind, most).await?;
    if listed < most { Ok(()) } else { Err(Problem::new(problem::STAFF_LIMIT)) }
}

/// Whether a command was not recorded because what it rests on has changed since it was looked at:
/// then it can be looked at again.
fn rests_on_the_past<E: std::error::Error>(error: &ExecuteError<E>) -> bool {
    matches!(error, ExecuteError::Append(AppendError::Conflict { .. }))
}

/// Others keep changing what the command rests on.
fn contended() -> NotRecorded {
    Problem::new(problem::CONTENDED).into()
}
