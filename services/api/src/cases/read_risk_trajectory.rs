//! How one case's risk went, at two dates: folded from the log, so that it is never behind.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code_lists::{CodeList as _, RiskLevel};
use throughline_projections::risk_trajectory::{self, Spell};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::{CasePath, now};
use crate::cases::history;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, POSITION_HEADER};
use crate::preconditions::etag;
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::{code_list, reading};

/// How a case's risk went. Only time within an episode counts.
#[derive(Serialize, ToSchema)]
pub struct CaseTrajectoryAnswer {
    /// The case.
    case_id: Uuid,
    /// Time at one level without a break, in the order of time.
    spells: Vec<SpellAnswer>,
    /// The spell that goes on; null for a case that is in no episode, or was not assessed.
    current: Option<SpellAnswer>,
    /// Days within episodes before anybody assessed the person, rounded as `days`.
    not_assessed_days: f64,
    /// Assessments with a higher level than the one before.
    rises: u64,
    /// Assessments with a lower level than the one before.
    falls: u64,
    /// Assessments with the same level as the one before.
    unchanged: u64,
    /// The rule of what time counts, and what a spell and a movement are.
    rule: &'static str,
    /// The case's version as known at `known_at`; also the `ETag`.
    version: i32,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// The place in the log of the latest event known.
    position: i64,
    /// Present, and true, when an event of the case cannot be read: the answer is from before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

/// Time at one level without a break.
#[derive(Serialize, ToSchema)]
pub struct SpellAnswer {
    /// The level.
    #[schema(schema_with = code_list::<RiskLevel>)]
    level: &'static str,
    /// When it began: the assessment, or the referral or reopening that found the level in force.
    from: Timestamp,
    /// When it ended: the next level, or the end of the episode. Absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The assessment that gave the level: the original fact, also where it was corrected.
    event_id: Uuid,
    /// Its length up to the date asked about, in days of 24 hours, rounded to a hundredth, halves up.
    days: f64,
}

/// Reads how a case's risk went.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`] when there is no case, or none had been referred at those dates.
pub async fn read_risk_trajectory(
    request: HttpRequest,
    path: Path<CasePath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &[AS_OF, KNOWN_AT, READING])?;
    let dates = Dates::read(&query, now())?;
    let case_id = path.case_id()?;
    let tenant = caller.tenant.tenant_no;
    let (_, asked) = freshness::reach_log(&app, &request, tenant, &dates).await?;
    let history = history::read(&app, &caller, case_id).await?;

    let (version, position) =
        (history.version_at(asked.known_at), history.position_at(asked.known_at));
    let stretches = risk_trajectory::fold(case_id, &history.events, &asked);
    if stretches.is_empty() {
        return Err(history.absent_at(asked.known_at));
    }
    let trajectory = risk_trajectory::trajectory(&stretches, asked.as_of);
    let current = trajectory.spells.last().filter(|spell| spell.until.is_none());
    let stale = history.is_stale_at(asked.known_at);
    let mut response = HttpResponse::Ok();
    response.insert_header(etag(version));
    response.insert_header((POSITION_HEADER, position.to_string()));
    if let Some(header) = freshness::stale_header(stale) {
        response.insert_header(header);
    }
    Ok(response.json(CaseTrajectoryAnswer {
        case_id: case_id.0,
        current: current.map(SpellAnswer::from),
        spells: trajectory.spells.iter().map(SpellAnswer::from).collect(),
        not_assessed_days: trajectory.not_assessed.as_f64(),
        rises: trajectory.rises,
        falls: trajectory.falls,
        unchanged: trajectory.unchanged,
        rule: risk_trajectory::RULE,
        version: version.0,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        position: position.0,
        stale,
    }))
}

impl From<&Spell> for SpellAnswer {
    fn from(spell: &Spell) -> Self {
        Self {
            level: spell.level.as_str(),
            from: spell.from,
            until: spell.until,
            event_id: spell.event_id.0,
            days: spell.length.as_f64(),
        }
    }
}
