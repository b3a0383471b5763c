//! Who assessed a case's risk, and what each of them said last: folded from the log, so that it is
//! never behind.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::CaseState;
use throughline_domain::case::assessors::{Assessor, AssessorView};
use throughline_domain::code_lists::{CodeList as _, OwnView, RiskLevel};
use throughline_domain::rules::case_risk::case_risk;
use throughline_domain::rules::risk_disagreement::{self, levels_differ, person_says};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::{CasePath, now};
use crate::cases::history;
use crate::cases::read_case::RiskAnswer;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, POSITION_HEADER};
use crate::preconditions::etag;
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::{code_list, precision, reading};

/// The latest assessment of each assessor, side by side.
#[derive(Serialize, ToSchema)]
pub struct RiskAssessmentsAnswer {
    /// The case.
    case_id: Uuid,
    /// Each assessor: a role in an organisation; by role and organisation.
    assessors: Vec<AssessorAnswer>,
    /// How many assessments there are, by anybody.
    assessments: u32,
    /// Whether the levels of those compared differ.
    levels_differ: bool,
    /// Whether the person disagrees with any of those compared.
    person_disagrees: bool,
    /// The level of the case, by the programme's rule; null where nobody assessed it.
    risk: Option<RiskAnswer>,
    /// The rule of who is compared, and when they disagree.
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

/// What one assessor said last.
#[derive(Serialize, ToSchema)]
pub struct AssessorAnswer {
    /// Their role.
    assessor_role: String,
    /// Their organisation; null where it was not given.
    source_organisation: Option<String>,
    /// The level of their latest assessment.
    #[schema(schema_with = code_list::<RiskLevel>)]
    level: &'static str,
    /// When they made it.
    assessed_at: Timestamp,
    /// How exactly that is known.
    #[schema(schema_with = precision)]
    precision: &'static str,
    /// With which instrument.
    instrument: String,
    /// The assessment: the original fact, also where it was corrected.
    event_id: Uuid,
    /// The person's own view of that level; null where nobody wrote it down.
    #[schema(schema_with = code_list::<OwnView>)]
    own_view: Option<&'static str>,
    /// How many assessments they made; the earlier ones are on the timeline.
    assessments: u32,
    /// With how many of them the person disagreed.
    disagreed: u32,
    /// Whether it is compared: those of the present or last episode are.
    compared: bool,
}

/// Reads the assessments of a case's risk.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`] when there is no case, or none had been referred at those dates.
pub async fn read_risk_assessments(
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
    let programmes = app.log.programmes(tenant).await?;
    let history = history.judged_by(&programmes);

    let (version, position) =
        (history.version_at(asked.known_at), history.position_at(asked.known_at));
    let case = CaseState::at(&history.events, &asked);
    let referral = case.referral.as_ref();
    let Some(programme) = referral.and_then(|referral| programmes.of_referral(referral)) else {
        return Err(history.absent_at(asked.known_at));
    };
    let stale = history.is_stale_at(asked.known_at);
    let mut response = HttpResponse::Ok();
    response.insert_header(etag(version));
    response.insert_header((POSITION_HEADER, position.to_string()));
    if let Some(header) = freshness::stale_header(stale) {
        response.insert_header(header);
    }
    let compared = risk_disagreement::compared(&case);
    let latest = || compared.iter().map(|(_, view)| &view.latest);
    let is_compared = |assessor| compared.iter().any(|(other, _)| *other == assessor);
    let assessors = case.assessors.views();
    Ok(response.json(RiskAssessmentsAnswer {
        case_id: case_id.0,
        assessors: assessors
            .map(|(assessor, view)| answer(assessor, view, is_compared(assessor)))
            .collect(),
        assessments: case.assessors.views().map(|(_, view)| view.assessments).sum(),
        levels_differ: levels_differ(latest().map(|risk| risk.level)),
        person_disagrees: person_says(latest().map(|risk| risk.own_view))
            == Some(OwnView::Disagrees),
        risk: case_risk(&case, &programme).map(RiskAnswer::from),
        rule: risk_disagreement::RULE,
        version: version.0,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        position: position.0,
        stale,
    }))
}

fn answer(assessor: &Assessor, view: &AssessorView, compared: bool) -> AssessorAnswer {
    let latest = &view.latest;
    AssessorAnswer {
        assessor_role: assessor.role.to_string(),
        source_organisation: assessor.organisation.as_ref().map(ToString::to_string),
        level: latest.level.as_str(),
        assessed_at: latest.occurred.at,
        precision: latest.occurred.precision.as_str(),
        instrument: latest.instrument.to_string(),
        event_id: latest.event_id.0,
        own_view: latest.own_view.map(OwnView::as_str),
        assessments: view.assessments,
        disagreed: view.disagreed,
        compared,
    }
}
