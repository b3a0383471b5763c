//! How a person can be contacted safely, for the worker about to do so.

use std::collections::{BTreeMap, HashMap};

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::CaseState;
use throughline_domain::case::contact_safety::{ContactSafety, Hold, PlanInForce, Standing};
use throughline_domain::case::set_safe_contact_plan::{ChannelPlan, SafeHours};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{
    ChannelSafety, CodeList as _, ContactChannel, ContactHoldReason, DayOfWeek,
};
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::two_clocks::{self, Asked};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::{CasePath, now};
use crate::cases::history::{self, History};
use crate::cases::opened_words::{self, OpenedWords};
use crate::cases::sealed_words::Words;
use crate::dates::{AS_OF, Dates, KNOWN_AT};
use crate::freshness::{self, POSITION_HEADER};
use crate::preconditions::etag;
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::{channel_standing, code_list, list_of, standing_reason, time_of_day};

/// How a person can be contacted safely at `as_of`, as was known at `known_at`.
#[derive(Serialize, ToSchema)]
pub struct SafeContactAnswer {
    /// The case.
    case_id: Uuid,
    /// The plan in force; null where there is none, which says nothing about safety.
    plan: Option<PlanAnswer>,
    /// The plan that comes into force after `as_of`, where one is set already.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<PlanAnswer>,
    /// Holds in force, oldest first.
    holds: Vec<HoldAnswer>,
    /// How each channel stands at `as_of`.
    channels: Vec<ChannelAnswer>,
    /// The date in force: the moment of the contact. It may lie ahead.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// Present, and true, when an event of the case cannot be read: the answer is from before it,
    /// and a later plan or hold may be missing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

/// A plan for safe contact.
#[derive(Serialize, ToSchema)]
pub struct PlanAnswer {
    /// The event that set it.
    event_id: Uuid,
    /// Since, or from, when it holds.
    in_force_from: Timestamp,
    /// What holds of each channel that the plan names.
    #[schema(value_type = BTreeMap<String, PlannedChannel>)]
    channels: BTreeMap<&'static str, PlannedChannel>,
    /// What holds of every other channel; absent where the plan leaves it open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = code_list::<ChannelSafety>)]
    otherwise: Option<&'static str>,
    /// Who may be told that the service is in touch with the person.
    may_be_told: Vec<String>,
    /// The plan in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    narrative: Option<Words>,
    /// There were words, and they have been erased.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    erased: bool,
}

/// What a plan says of one channel.
#[derive(Serialize, ToSchema)]
pub struct PlannedChannel {
    /// Whether it is safe.
    #[schema(schema_with = code_list::<ChannelSafety>)]
    safety: &'static str,
    /// When it is safe; any time, where none are given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hours: Vec<PlannedHours>,
    /// Through whom alone it is safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    third_party: Option<String>,
}

/// Hours of days of the week, on a clock in the United Kingdom.
#[derive(Serialize, ToSchema)]
pub struct PlannedHours {
    /// The days; every day, where none are given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = list_of::<DayOfWeek>)]
    days: Vec<&'static str>,
    /// From this time of day.
    #[schema(schema_with = time_of_day)]
    from: jiff::civil::Time,
    /// Until before this time of the same day.
    #[schema(schema_with = time_of_day)]
    until: jiff::civil::Time,
}

/// A hold on contact.
#[derive(Serialize, ToSchema)]
pub struct HoldAnswer {
    /// The hold: the event that set it.
    hold_id: Uuid,
    /// Why.
    #[schema(schema_with = code_list::<ContactHoldReason>)]
    reason: &'static str,
    /// Since when.
    since: Timestamp,
    /// Whether it forbids contact: where contact is only planned, it does not.
    forbids: bool,
}

/// How one channel stands.
#[derive(Serialize, ToSchema)]
pub struct ChannelAnswer {
    /// The channel.
    #[schema(schema_with = code_list::<ContactChannel>)]
    channel: &'static str,
    /// `unsafe` where an attempt would be refused without `override_reason`; `conditional` where it
    /// is safe through a third party alone; `not_said` where no plan speaks of it.
    #[schema(schema_with = channel_standing)]
    standing: &'static str,
    /// Why.
    #[schema(schema_with = standing_reason)]
    reason: &'static str,
    /// The plan or hold that this rests on, by the event that set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rests_on: Option<Uuid>,
}

/// Reads how a person can be contacted safely.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`] when there is no case, or none had been referred at those dates.
pub async fn read_safe_contact_plan(
    request: HttpRequest,
    path: Path<CasePath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &[AS_OF, KNOWN_AT])?;
    let dates = Dates::read(&query, now())?;
    let case_id = path.case_id()?;
    let tenant = caller.tenant.tenant_no;
    // From the log and no projection: a plan set a moment ago counts.
    let (_, asked) = freshness::reach_log(&app, &request, tenant, &dates).await?;
    let history = history::read(&app, &caller, case_id).await?;
    let state = CaseState::at(&history.events, &asked);
    if state.referral.is_none() {
        return Err(history.absent_at(asked.known_at));
    }
    let words = Speaker { app: &app, caller: &caller, history: &history, asked: &asked };
    let answer = answer(case_id, &state.contact_safety, &words).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header(etag(history.version_at(asked.known_at)));
    let position = history.position_at(asked.known_at);
    response.insert_header((POSITION_HEADER, position.to_string()));
    if let Some(header) = freshness::stale_header(answer.stale) {
        response.insert_header(header);
    }
    Ok(response.json(answer))
}

async fn answer(
    case_id: CaseId,
    safety: &ContactSafety,
    words: &Speaker<'_>,
) -> Result<SafeContactAnswer, Problem> {
    let Asked { as_of, known_at, .. } = *words.asked;
    let plan = match safety.plan_at(as_of) {
        Some(plan) => Some(PlanAnswer::new(plan, words.of_plan(plan.event_id).await?)),
        None => None,
    };
    let next = match safety.plan_after(as_of) {
        Some(plan) => Some(PlanAnswer::new(plan, words.of_plan(plan.event_id).await?)),
        None => None,
    };
    // What was lifted by `as_of` is lifted: a lifting after it is not in view.
    let holds = safety.holds().filter(|hold| hold.until.is_none()).map(HoldAnswer::from).collect();
    let standing =
        |channel: &ContactChannel| ChannelAnswer::new(*channel, safety.standing(*channel, as_of));
    Ok(SafeContactAnswer {
        case_id: case_id.0,
        plan,
        next,
        holds,
        channels: ContactChannel::ALL.iter().map(standing).collect(),
        as_of,
        known_at,
        stale: words.history.is_stale_at(known_at),
    })
}

/// Opens the words beside plans.
struct Speaker<'a> {
    app: &'a App,
    caller: &'a Caller,
    history: &'a History,
    asked: &'a Asked,
}

impl Speaker<'_> {
    async fn of_plan(&self, plan: EventId) -> Result<OpenedWords, Problem> {
        let entries = two_clocks::entries(&self.history.events, self.asked);
        let entry = entries.iter().find(|entry| entry.recorded.event_id == plan);
        // A correction holds the words whole.
        let says = entry.and_then(|entry| entry.corrected_by).unwrap_or(plan);
        let stored: HashMap<_, _> =
            self.history.stored.iter().map(|event| (event.event_id, event)).collect();
        opened_words::of_event(self.app, self.caller, &stored, says).await
    }
}

impl PlanAnswer {
    fn new(plan: &PlanInForce, words: OpenedWords) -> Self {
        let says = &plan.plan;
        let channels = says.channels.iter();
        Self {
            event_id: plan.event_id.0,
            in_force_from: plan.from,
            channels: channels.map(|(channel, plan)| (channel.as_str(), plan.into())).collect(),
            otherwise: says.otherwise.map(ChannelSafety::as_str),
            may_be_told: says.may_be_told.iter().map(Code::to_string).collect(),
            narrative: words.narrative,
            erased: words.erased,
        }
    }
}

impl From<&ChannelPlan> for PlannedChannel {
    fn from(plan: &ChannelPlan) -> Self {
        Self {
            safety: plan.safety.as_str(),
            hours: plan.hours.iter().map(PlannedHours::from).collect(),
            third_party: plan.third_party.as_ref().map(Code::to_string),
        }
    }
}

impl From<&SafeHours> for PlannedHours {
    fn from(hours: &SafeHours) -> Self {
        let days = hours.days.iter().map(|day| day.as_str()).collect();
        Self { days, from: hours.from, until: hours.until }
    }
}

impl From<&Hold> for HoldAnswer {
    fn from(hold: &Hold) -> Self {
        Self {
            hold_id: hold.event_id.0,
            reason: hold.reason.as_str(),
            since: hold.from.at,
            forbids: hold.forbids(),
        }
    }
}

impl ChannelAnswer {
    fn new(channel: ContactChannel, standing: Standing) -> Self {
        let (told, reason) = told(standing);
        Self {
            channel: channel.as_str(),
            standing: told,
            reason,
            rests_on: standing.rests_on().map(|id| id.0),
        }
    }
}

/// How a channel stands, and why, as codes.
fn told(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::OnHold { .. } => ("unsafe", "on_hold"),
        Standing::Unsafe { .. } => ("unsafe", "plan"),
        Standing::OutsideHours { .. } => ("unsafe", "outside_hours"),
        Standing::ThroughThirdParty { .. } => ("conditional", "third_party"),
        Standing::WithinHours { .. } => ("safe", "within_hours"),
        Standing::Safe { .. } => ("safe", "plan"),
        Standing::NotSaid => ("not_said", "no_plan"),
    }
}
