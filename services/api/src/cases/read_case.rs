//! A case at two dates.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::CaseState;
use throughline_domain::code_lists::{
    CaseRole, CodeList as _, ContactHoldReason, Engagement, Need, ReferralSource, RiskLevel,
};
use throughline_domain::ids::{CaseId, Position, Version};
use throughline_domain::rules::case_risk::{CaseRisk, case_risk};
use throughline_domain::rules::{CaseView, engagement};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::{CasePath, now};
use crate::cases::history;
use crate::cases::returns;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, POSITION_HEADER};
use crate::preconditions::etag;
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::{case_status, code_list, reading};

/// A case, as it was at `as_of`, as was known at `known_at`.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseAnswer {
    /// The case.
    case_id: Uuid,
    /// Whose case it is.
    person_id: Uuid,
    /// The programme.
    programme: String,
    /// Whom the case is about.
    #[schema(schema_with = code_list::<CaseRole>)]
    role: &'static str,
    /// The programme's area that the case is in.
    area: String,
    /// Who referred.
    #[schema(schema_with = code_list::<ReferralSource>)]
    source: &'static str,
    /// When the referral was received.
    referred_at: Timestamp,
    /// Where the case stands.
    #[schema(schema_with = case_status)]
    status: &'static str,
    /// From 1; each reopening begins the next.
    episode: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The arm of the trial that the case belongs to.
    arm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The worker who has, or last had, the case.
    worker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Their team.
    team: Option<String>,
    /// The level of risk, by the programme's rule; null where nobody assessed it.
    risk: Option<RiskAnswer>,
    /// How far the person has engaged.
    engagement: EngagementAnswer,
    /// What came of the attempts to reach the person.
    contacts: ContactsAnswer,
    /// Holds on contact that are in force, oldest first.
    contact_holds: Vec<ContactHoldAnswer>,
    /// Needs not resolved, oldest first.
    open_needs: Vec<OpenNeedAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Where the person is placed.
    placement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The proposal to close the case that waits: the event that made it.
    closure_proposal: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The person's earlier case that the referral came back to.
    returns_from: Option<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    /// The person's later cases whose referrals came back to this one, oldest first; left out where
    /// there are none.
    #[schema(required = false)]
    returned_as: Vec<Uuid>,
    /// Information requests neither answered nor refused.
    open_information_requests: usize,
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

/// A hold on contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactHoldAnswer {
    /// The hold: the event that set it.
    hold_id: Uuid,
    /// Why.
    #[schema(schema_with = code_list::<ContactHoldReason>)]
    reason: &'static str,
    /// Since when.
    since: Timestamp,
}

/// Something that the person needs help with.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenNeedAnswer {
    /// The need: the event that identified it.
    need_id: Uuid,
    /// What.
    #[schema(schema_with = code_list::<Need>)]
    need: &'static str,
}

/// The level of risk, by a named rule, and the assessment whose level it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct RiskAnswer {
    /// The level.
    #[schema(schema_with = code_list::<RiskLevel>)]
    level: &'static str,
    /// When the assessment was made.
    assessed_at: Timestamp,
    /// With which instrument.
    instrument: String,
    /// By whom, as a role.
    assessor_role: String,
    /// The assessment: the original fact, also where it was corrected.
    event_id: Uuid,
    /// The rule, with its version.
    rule: &'static str,
    /// The assessments that the rule looked at: original facts, the deciding one among them.
    rests_on: Vec<Uuid>,
}

/// How far the person has engaged, by a named rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct EngagementAnswer {
    /// How far.
    #[schema(schema_with = code_list::<Engagement>)]
    level: &'static str,
    /// The rule, with its version.
    rule: &'static str,
}

/// What came of the attempts to reach the person.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactsAnswer {
    /// How many attempts were made, in either direction.
    attempts: u32,
    /// How many of them reached the person.
    reached: u32,
    /// When the latest was made.
    last_attempt_at: Option<Timestamp>,
    /// When the person was last reached.
    last_reached_at: Option<Timestamp>,
}

/// Reads a case.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`] when there is no case, or none had been referred at those dates.
pub async fn read_case(
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

    let version = history.version_at(asked.known_at);
    let position = history.position_at(asked.known_at);
    let view = CaseView::at(&history.events, &asked, |referral| programmes.of_referral(referral));
    let view = view.ok_or_else(|| history.absent_at(asked.known_at))?;
    let mut answer = CaseAnswer::new(case_id, &view, version, position)
        .ok_or_else(|| history.absent_at(asked.known_at))?;
    let returned = returns::returned_as(&app, &caller, case_id, &view.state, &asked).await?;
    answer.returned_as = returned.into_iter().map(|case| case.0).collect();
    answer.stale = history.is_stale_at(asked.known_at);
    let mut response = HttpResponse::Ok();
    response.insert_header(etag(version));
    response.insert_header((POSITION_HEADER, position.to_string()));
    if let Some(header) = freshness::stale_header(answer.stale) {
        response.insert_header(header);
    }
    Ok(response.json(answer))
}

impl CaseAnswer {
    /// None where no referral is in view.
    fn new(
        case_id: CaseId,
        view: &CaseView<'_>,
        version: Version,
        position: Position,
    ) -> Option<Self> {
        let CaseView { state, asked, programme, .. } = view;
        let referral = state.referral.as_ref()?;
        let (engagement, engagement_rule) = engagement::by_programme(view);
        Some(Self {
            case_id: case_id.0,
            person_id: referral.person_id.0,
            programme: referral.programme.to_string(),
            role: referral.role.as_str(),
            area: state.area.as_ref()?.to_string(),
            source: referral.source.as_str(),
            referred_at: referral.received.at,
            status: state.status.as_str(),
            episode: state.episode(),
            arm: state.arm.as_ref().map(ToString::to_string),
            worker: state.worker.as_ref().map(ToString::to_string),
            team: state.team.as_ref().map(ToString::to_string),
            risk: case_risk(state, programme).map(RiskAnswer::from),
            engagement: EngagementAnswer { level: engagement.as_str(), rule: engagement_rule },
            contacts: ContactsAnswer {
                attempts: state.contacts.attempts,
                reached: state.contacts.reached,
                last_attempt_at: state.contacts.last_attempt_at,
                last_reached_at: state.contacts.last_reached_at,
            },
            contact_holds: contact_holds(state),
            open_needs: open_needs(state),
            placement: state.placement.as_ref().map(ToString::to_string),
            closure_proposal: state.closure_proposal.map(|proposal| proposal.0),
            returns_from: referral.returns_from.map(|earlier| earlier.0),
            returned_as: Vec::new(),
            open_information_requests: state.open_requests.len(),
            version: version.0,
            as_of: asked.as_of,
            known_at: asked.known_at,
            reading: asked.reading.as_str(),
            position: position.0,
            stale: false,
        })
    }
}

impl From<CaseRisk<'_>> for RiskAnswer {
    fn from(risk: CaseRisk<'_>) -> Self {
        let CaseRisk { rule, deciding, rests_on } = risk;
        Self {
            level: deciding.level.as_str(),
            assessed_at: deciding.occurred.at,
            instrument: deciding.instrument.to_string(),
            assessor_role: deciding.assessor_role.to_string(),
            event_id: deciding.event_id.0,
            rule: rule.as_str(),
            rests_on: rests_on.into_iter().map(|event_id| event_id.0).collect(),
        }
    }
}

fn contact_holds(state: &CaseState) -> Vec<ContactHoldAnswer> {
    let in_force = state.contact_safety.holds().filter(|hold| hold.until.is_none());
    in_force
        .map(|hold| ContactHoldAnswer {
            hold_id: hold.event_id.0,
            reason: hold.reason.as_str(),
            since: hold.from.at,
        })
        .collect()
}

fn open_needs(state: &CaseState) -> Vec<OpenNeedAnswer> {
    let open = state.open_needs.iter();
    open.map(|open| OpenNeedAnswer { need_id: open.event_id.0, need: open.need.as_str() }).collect()
}
