//! The teams at two dates, and how many workers each has.

use std::collections::{BTreeMap, HashMap};

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code::Code;
use throughline_domain::two_clocks::Asked;
use throughline_log::{StreamHistory, StreamKind};
use utoipa::ToSchema;

use super::{team_at, worker_at};
use crate::answering::respond;
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, Present};
use crate::page;
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::reading;

/// Teams, by their code.
#[derive(Serialize, ToSchema)]
pub struct TeamsAnswer {
    /// One page of teams, dissolved ones among them.
    teams: Vec<TeamAnswer>,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// Continues the list; absent on its last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One team.
#[derive(Serialize, ToSchema)]
pub struct TeamAnswer {
    /// The team.
    team: String,
    /// The programme it works in; null where it works in several.
    programme: Option<String>,
    /// The areas it works in.
    areas: Vec<String>,
    /// When it was formed.
    formed_at: Option<Timestamp>,
    /// When it was dissolved; absent for a team that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    dissolved_at: Option<Timestamp>,
    /// Workers in post; of a dissolved team, those who are to be moved to another.
    workers: u64,
}

/// The teams at two dates.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn read_teams(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &[AS_OF, KNOWN_AT, READING, "limit", "cursor"])?;
    let dates = Dates::read(&query, now())?;
    let tenant = caller.tenant.tenant_no;
    let topic = format!("teams {tenant} {}", dates.topic());
    let after: Option<String> =
        query.text("cursor").map(|cursor| app.cursors.open(&topic, cursor)).transpose()?;
    let limit = query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?;
    let (settled, asked) = freshness::reach_log(&app, &request, tenant, &dates).await?;
    let position = settled.position;
    let workers = app.log.read_staff(tenant, StreamKind::Worker, position).await?;
    let teams = app.log.read_staff(tenant, StreamKind::Team, position).await?;
    let listed = list(&teams, &members(&workers, &asked)?, &asked)?;

    let is_next = |team: &TeamAnswer| after.as_ref().is_none_or(|after| team.team > *after);
    let mut teams: Vec<TeamAnswer> = listed.into_values().filter(is_next).take(limit + 1).collect();
    let has_more = teams.len() > limit;
    teams.truncate(limit);
    let last = teams.last().filter(|_| has_more).map(|last| &last.team);
    let next = last.map(|last| app.cursors.seal(&topic, last)).transpose()?;
    let mut response = respond(&Present { position, asked, stale_cases: 0 });
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(&request, cursor));
    }
    Ok(response.json(TeamsAnswer {
        teams,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        next,
    }))
}

/// How many workers in post each team has.
fn members(staff: &[StreamHistory], asked: &Asked) -> Result<HashMap<Code, u64>, Problem> {
    let mut members = HashMap::new();
    for history in staff {
        if let Ok(post) = worker_at(history, asked)?.in_post() {
            *members.entry(post.team.clone()).or_default() += 1;
        }
    }
    Ok(members)
}

fn list(
    teams: &[StreamHistory],
    members: &HashMap<Code, u64>,
    asked: &Asked,
) -> Result<BTreeMap<Code, TeamAnswer>, Problem> {
    let mut listed = BTreeMap::new();
    for history in teams {
        let team = team_at(history, asked)?;
        let Some(formed) = team.formed else { continue };
        let answer = TeamAnswer {
            workers: members.get(&formed.team).copied().unwrap_or_default(),
            team: formed.team.to_string(),
            programme: formed.programme.map(|programme| programme.to_string()),
            areas: formed.areas.iter().map(ToString::to_string).collect(),
            formed_at: team.formed_at,
            dissolved_at: team.dissolved_at,
        };
        listed.insert(formed.team, answer);
    }
    Ok(listed)
}
