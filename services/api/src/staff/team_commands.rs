//! Forming and dissolving teams.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use serde::Deserialize;
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;
use throughline_domain::staff::{
    DissolveTeam, FormTeam, Team, TeamCommand, TeamDissolved, TeamFormed, TeamIntent,
};
use throughline_domain::time::Precision;
use throughline_log::{StreamId, StreamKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{StaffPath, answer, require_room};
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{Recorded, RecordedIds, Timing, now};
use crate::idempotency::{self, CommandKey, NotRecorded};
use crate::problem::Problem;

/// A team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamBody {
    /// The team.
    #[schema(schema_with = crate::schema::code)]
    pub team: Code,
    /// The programme it works in; none where it works in several.
    #[schema(schema_with = crate::schema::code)]
    pub programme: Option<Code>,
    /// The areas it works in: the programme's, where one is named.
    #[serde(default)]
    #[schema(schema_with = crate::schema::codes)]
    pub areas: Vec<Code>,
    /// From when on there is the team: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// The end of a team. Whoever is in it stays a worker, to be moved to another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DissolutionBody {
    /// Why, as a code.
    #[schema(schema_with = crate::schema::code)]
    pub reason: Option<Code>,
    /// When it happened: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<Precision>,
}

/// Forms a team.
///
/// # Errors
/// [`crate::problem::TEAM_EXISTS`]; [`crate::problem::UNKNOWN_PROGRAMME`]; others as for any command.
pub async fn form_team(
    caller: Caller,
    body: JsonBody<TeamBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: TeamBody { team, programme, areas, occurred_at, precision }, key } = body;
    let facts = TeamFormed { team: team.clone(), programme, areas };
    let timing = Timing { occurred_at, precision };
    let forming = Box::pin(async {
        require_room(&app, &caller, StreamKind::Team).await?;
        let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
        facts.fits(&programmes).map_err(Problem::from)?;
        execute(&app, &caller, &team, timing, FormTeam(facts).into(), key.as_ref()).await
    });
    let recorded = idempotency::once(&app, &caller, key.as_ref(), forming).await?;
    Ok(answer(recorded, &recorded))
}

/// Dissolves a team.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`]; [`crate::problem::TEAM_DISSOLVED`]; others as for any command.
pub async fn dissolve_team(
    path: Path<StaffPath>,
    caller: Caller,
    body: JsonBody<DissolutionBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let team = path.team()?;
    let JsonBody { value: DissolutionBody { reason, occurred_at, precision }, key } = body;
    let intent = DissolveTeam(TeamDissolved { reason }).into();
    let timing = Timing { occurred_at, precision };
    let dissolving = Box::pin(execute(&app, &caller, &team, timing, intent, key.as_ref()));
    let recorded = idempotency::once(&app, &caller, key.as_ref(), dissolving).await?;
    Ok(answer(recorded, &recorded))
}

async fn execute(
    app: &App,
    caller: &Caller,
    team: &Code,
    timing: Timing,
    intent: TeamIntent,
    key: Option<&CommandKey>,
) -> Result<Recorded, NotRecorded> {
    let now = now();
    let event_id = EventId(Uuid::now_v7());
    let moment = Moment { event_id, occurred: timing.occurred(now), now };
    let command = TeamCommand { moment, intent };
    let mut meta = caller.command_meta(None);
    meta.idempotency = key.map(|key| key.remembering(&RecordedIds { event_id })).transpose()?;
    let (tenant, id) = (caller.tenant.tenant_no, StreamId::of_team(team).id);
    let executed = app.log.execute::<Team>(tenant, id, None, command, meta, None).await?;
    Ok(Recorded { event_id, version: executed.version, position: executed.position })
}
