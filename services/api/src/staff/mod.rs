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
use throughline_domain::staff::{StaffError, Team, Worker};
use throughline_domain::two_clocks::Asked;
use throughline_log::{
    AppendError, ExecuteError, StoredEvent, StreamHistory, StreamId, StreamKind, StreamWrite,
};

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::Recorded;
use crate::freshness::POSITION_HEADER;
use crate::idempotency::NotRecorded;
use crate::problem::{self, FieldError, Problem};
use crate::refusal;

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
    team.may_be_joined().map_err(|refusal| {
        let problem = if refusal == StaffError::UnknownTeam {
            Problem::new(problem::UNKNOWN_TEAM)
        } else {
            refusal.into()
        };
        let title = problem.kind().title;
        problem.with(FieldError::at("/team", title))
    })?;
    Ok(StreamWrite { stream, expected, events: Vec::new() })
}

/// A worker's record at two dates.
fn worker_at(history: &StreamHistory, asked: &Asked) -> Result<Worker, Problem> {
    let events = history.events.iter().map(StoredEvent::to_worker_event);
    let events: Result<Vec<_>, _> = events.collect();
    Ok(Worker::at(&events.map_err(|error| refusal::internal(&error))?, asked))
}

/// A team's record at two dates.
fn team_at(history: &StreamHistory, asked: &Asked) -> Result<Team, Problem> {
    let events = history.events.iter().map(StoredEvent::to_team_event);
    let events: Result<Vec<_>, _> = events.collect();
    Ok(Team::at(&events.map_err(|error| refusal::internal(&error))?, asked))
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
