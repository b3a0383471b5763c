//! What became of a programme's referrals.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CodeList as _, DeclineReason, ReferralSource};
use throughline_domain::programme::Programmes;
use throughline_domain::two_clocks::Asked;
use throughline_projections::Projection;
use throughline_projections::referral_pipeline::{
    self, Answer, CriteriaGroup, Decision, Decisions, Figures, Group, Pipeline, Question, Wait,
    Waits,
};
use utoipa::ToSchema;

use crate::answering::{Asking, answer, respond};
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::days::DaysAnswer;
use crate::freshness::{self, Present};
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::{code_list, decision, reading};

/// How many referrals a programme received, how they were decided, and how long those referred
/// waited. A referral is a case; a case that is reopened is not another one.
#[derive(Serialize, ToSchema)]
pub struct PipelineAnswer {
    /// The programme.
    programme: String,
    /// Received at this moment or later; null for no beginning.
    from: Option<Timestamp>,
    /// Received before this moment; null for no end.
    to: Option<Timestamp>,
    /// The referrals asked about.
    #[serde(flatten)]
    all: PipelineFigures,
    /// By who referred.
    by_source: Vec<SourceFigures>,
    /// By area.
    by_area: Vec<AreaFigures>,
    /// By decision, each reason to decline apart.
    by_decision: Vec<DecisionFigures>,
    /// By the version of the criteria that they were made under: what changed when the criteria
    /// did.
    by_criteria_version: Vec<CriteriaFigures>,
    /// The rule of what counts and how waits are measured.
    rule: &'static str,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// How many of the tenant's cases could not be followed to their last event: they are counted as
    /// they were before it. Absent where there is none.
    #[serde(skip_serializing_if = "freshness::is_none")]
    stale_cases: u64,
}

/// What became of some referrals.
#[derive(Serialize, ToSchema)]
pub struct PipelineFigures {
    /// How many there are.
    referrals: u64,
    /// How they were decided: each is in one of these.
    decisions: PipelineDecisions,
    /// How long those referred waited.
    waits: PipelineWaits,
}

/// How referrals were decided.
#[derive(Serialize, ToSchema)]
pub struct PipelineDecisions {
    /// Not decided on.
    pending: u64,
    /// On the waiting list.
    waiting: u64,
    /// Taken on.
    accepted: u64,
    /// Not taken on.
    declined: u64,
}

/// How long those referred waited.
#[derive(Serialize, ToSchema)]
pub struct PipelineWaits {
    /// From the latest incident known at referral to the referral.
    incident_to_referral: WaitFigures,
    /// From the referral to its acceptance or decline.
    referral_to_decision: WaitFigures,
    /// From the latest incident to the first attempt to reach the person.
    incident_to_first_attempt: WaitFigures,
    /// From the latest incident to the first attempt that reached the person.
    incident_to_first_reach: WaitFigures,
    /// From the referral to the first attempt to reach the person.
    referral_to_first_attempt: WaitFigures,
    /// From the referral to the first attempt that reached the person.
    referral_to_first_reach: WaitFigures,
}

/// One wait: every referral is in one of `known`, `not_yet` and `beginning_unknown`.
#[derive(Serialize, ToSchema)]
pub struct WaitFigures {
    /// Referrals whose wait began and ended.
    known: u64,
    /// Referrals whose wait began and had not ended by the date asked about.
    not_yet: u64,
    /// Of them, those declined.
    not_yet_declined: u64,
    /// Referrals of which nobody knows when the wait began: no incident was named.
    beginning_unknown: u64,
    /// How long the known waits were; null when there are none.
    days: Option<DaysAnswer>,
}

/// Referrals of one source.
#[derive(Serialize, ToSchema)]
pub struct SourceFigures {
    /// Who referred.
    #[schema(schema_with = code_list::<ReferralSource>)]
    source: &'static str,
    /// Their share of the referrals asked about, to a tenth, halves up.
    percent: f64,
    /// What became of them.
    #[serde(flatten)]
    figures: PipelineFigures,
}

/// Referrals of one area.
#[derive(Serialize, ToSchema)]
pub struct AreaFigures {
    /// The programme's area.
    area: String,
    /// Their share of the referrals asked about, to a tenth, halves up.
    percent: f64,
    /// What became of them.
    #[serde(flatten)]
    figures: PipelineFigures,
}

/// Referrals that were decided in one way.
#[derive(Serialize, ToSchema)]
pub struct DecisionFigures {
    /// What was decided.
    #[schema(schema_with = decision)]
    decision: &'static str,
    /// Why they were declined, if they were.
    #[schema(schema_with = code_list::<DeclineReason>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_reason: Option<&'static str>,
    /// Their share of the referrals asked about, to a tenth, halves up.
    percent: f64,
    /// What became of them.
    #[serde(flatten)]
    figures: PipelineFigures,
}

/// Referrals that were made under the same criteria.
#[derive(Serialize, ToSchema)]
pub struct CriteriaFigures {
    /// The version of the programme's definition, which has criteria of its own.
    #[schema(minimum = 1)]
    programme_version: u16,
    /// The version of the criteria; null where the referral was recorded before it said which.
    #[schema(minimum = 1)]
    criteria_version: Option<u16>,
    /// Their share of the referrals asked about, to a tenth, halves up.
    percent: f64,
    /// What became of them.
    #[serde(flatten)]
    figures: PipelineFigures,
    /// Why those declined were, each reason that was given.
    decline_reasons: Vec<DeclineFigures>,
}

/// Referrals that were declined for one reason.
#[derive(Serialize, ToSchema)]
pub struct DeclineFigures {
    /// Why.
    #[schema(schema_with = code_list::<DeclineReason>)]
    decline_reason: &'static str,
    /// How many.
    referrals: u64,
}

/// What became of a programme's referrals.
///
/// # Errors
/// [`crate::problem::INVALID`] for a programme, role, area, source or window that cannot be.
pub async fn read_referral_pipeline(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known = ["programme", "role", "area", "source", "from", "to", AS_OF, KNOWN_AT, READING];
    let query = Query::read(&request, &known)?;
    let dates = Dates::read(&query, now())?;
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let question = question(&query, &programmes)?;
    let asking = Asking {
        app: &app,
        request: &request,
        caller: &caller,
        dates: &dates,
        projection: Projection::ReferralPipeline,
    };
    let (pipeline, present) = answer(
        asking,
        async |client, place, _| referral_pipeline::read(client, place, question).await,
        |_| Answer::new(question),
        |answer, case_id, history, asked, _| {
            if let Some(row) = referral_pipeline::row(case_id, history, asked) {
                answer.take(&row);
            }
        },
        |answer, _| answer.finish(),
    )
    .await?;
    let Present { asked, stale_cases, .. } = present;
    Ok(respond(&present).json(PipelineAnswer { stale_cases, ..render(question, pipeline, &asked) }))
}

fn question<'q>(query: &'q Query, known: &Programmes) -> Result<Question<'q>, Problem> {
    query.code("area")?;
    let (from, to) = query.window()?;
    let programme = query.required("programme")?;
    query.programme(known)?;
    let area = query.text("area");
    Ok(Question {
        programme,
        role: query.listed("role")?,
        area,
        source: query.listed("source")?,
        from,
        to,
    })
}

fn render(question: Question<'_>, pipeline: Pipeline, asked: &Asked) -> PipelineAnswer {
    PipelineAnswer {
        programme: question.programme.to_owned(),
        from: question.from,
        to: question.to,
        all: pipeline.all.into(),
        by_source: pipeline.by_source.into_iter().map(Into::into).collect(),
        by_area: pipeline.by_area.into_iter().map(Into::into).collect(),
        by_decision: pipeline.by_decision.into_iter().map(Into::into).collect(),
        by_criteria_version: pipeline.by_criteria.into_iter().map(Into::into).collect(),
        rule: referral_pipeline::RULE,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases: 0,
    }
}

impl From<Group<ReferralSource>> for SourceFigures {
    fn from(group: Group<ReferralSource>) -> Self {
        let percent = group.percent();
        Self { source: group.key.as_str(), percent, figures: group.figures.into() }
    }
}

impl From<Group<Code>> for AreaFigures {
    fn from(group: Group<Code>) -> Self {
        let percent = group.percent();
        Self { area: group.key.to_string(), percent, figures: group.figures.into() }
    }
}

impl From<Group<Decision>> for DecisionFigures {
    fn from(group: Group<Decision>) -> Self {
        Self {
            decision: group.key.as_str(),
            decline_reason: group.key.decline_reason().map(DeclineReason::as_str),
            percent: group.percent(),
            figures: group.figures.into(),
        }
    }
}

impl From<CriteriaGroup> for CriteriaFigures {
    fn from(CriteriaGroup { group, declined_for }: CriteriaGroup) -> Self {
        let declined = declined_for.into_iter();
        let declined = declined.map(|(reason, referrals)| DeclineFigures {
            decline_reason: reason.as_str(),
            referrals,
        });
        Self {
            programme_version: group.key.programme_version,
            criteria_version: group.key.version,
            percent: group.percent(),
            figures: group.figures.into(),
            decline_reasons: declined.collect(),
        }
    }
}

impl From<Figures> for PipelineFigures {
    fn from(figures: Figures) -> Self {
        let Decisions { pending, waiting, accepted, declined } = figures.decisions;
        Self {
            referrals: figures.referrals,
            decisions: PipelineDecisions { pending, waiting, accepted, declined },
            waits: figures.waits.into(),
        }
    }
}

impl From<Waits> for PipelineWaits {
    fn from(waits: Waits) -> Self {
        Self {
            incident_to_referral: waits.incident_to_referral.into(),
            referral_to_decision: waits.referral_to_decision.into(),
            incident_to_first_attempt: waits.incident_to_first_attempt.into(),
            incident_to_first_reach: waits.incident_to_first_reach.into(),
            referral_to_first_attempt: waits.referral_to_first_attempt.into(),
            referral_to_first_reach: waits.referral_to_first_reach.into(),
        }
    }
}

impl From<Wait> for WaitFigures {
    fn from(wait: Wait) -> Self {
        let Wait { known, not_yet, not_yet_declined, beginning_unknown, days } = wait;
        let days = days.map(DaysAnswer::from);
        Self { known, not_yet, not_yet_declined, beginning_unknown, days }
    }
}
