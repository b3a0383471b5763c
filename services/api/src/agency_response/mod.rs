//! How agencies respond to requests for information.

pub mod overdue;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code_lists::{Agency, CodeList as _};
use throughline_domain::programme::Programmes;
use throughline_domain::two_clocks::Asked;
use throughline_projections::Projection;
use throughline_projections::agency_response::{
    self, AgencyFigures, Answer, Figures, Question, Responses,
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
use crate::schema::{code_list, reading};

/// What was asked of agencies, and what came of it.
#[derive(Serialize, ToSchema)]
pub struct AgencyResponseAnswer {
    /// The programme; null for all.
    programme: Option<String>,
    /// Requests made at this moment or later; null for no beginning.
    from: Option<Timestamp>,
    /// Requests made before this moment; null for no end.
    to: Option<Timestamp>,
    /// Each agency that was asked.
    agencies: Vec<AgencyAnswer>,
    /// All of them together.
    totals: ResponseFigures,
    /// The rule of what counts and how answers are measured.
    rule: &'static str,
    /// The date in force: what had happened by then, and for what is overdue.
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

/// How one agency responds.
#[derive(Serialize, ToSchema)]
pub struct AgencyAnswer {
    /// The agency.
    #[schema(schema_with = code_list::<Agency>)]
    agency: &'static str,
    /// What was asked of it, and what came of it.
    #[serde(flatten)]
    figures: ResponseFigures,
}

/// What was asked, and what came of it: every request is in one of `answered`, `refused` and `open`.
#[derive(Serialize, ToSchema)]
pub struct ResponseFigures {
    /// Requests made.
    requests: u64,
    /// How often one was asked again.
    chases: u64,
    /// How many were asked again at least once.
    requests_chased: u64,
    /// How often one was taken to somebody senior.
    escalations: u64,
    /// Requests answered.
    answered: u64,
    /// Of them, those answered after the answer was due.
    answered_late: u64,
    /// Requests refused.
    refused: u64,
    /// Requests neither answered nor refused, whatever became of the case.
    open: u64,
    /// Of them, those whose answer was due before the date asked about.
    overdue: u64,
    /// From request to answer, of those answered; null when there are none.
    days_to_answer: Option<DaysAnswer>,
}

/// How agencies respond to requests for information.
///
/// # Errors
/// [`crate::problem::INVALID`] for a programme, agency or window that cannot be.
pub async fn read_agency_response(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known = ["programme", "agency", "from", "to", AS_OF, KNOWN_AT, READING];
    let query = Query::read(&request, &known)?;
    let dates = Dates::read(&query, now())?;
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let question = question(&query, &programmes)?;
    let asking = Asking {
        app: &app,
        request: &request,
        caller: &caller,
        dates: &dates,
        projection: Projection::AgencyResponse,
    };
    let of = |as_of| Question { as_of, ..question };
    let (responses, present) = answer(
        asking,
        async |client, place, as_of| agency_response::read(client, place, of(as_of)).await,
        |asked| Answer::new(of(asked.as_of)),
        |answer, case_id, history, asked, _| {
            for row in agency_response::requests(case_id, history, asked) {
                answer.take(&row);
            }
        },
        |answer, _| answer.finish(),
    )
    .await?;
    let Present { asked, stale_cases, .. } = present;
    Ok(respond(&present)
        .json(AgencyResponseAnswer { stale_cases, ..render(question, responses, &asked) }))
}

fn question<'q>(query: &'q Query, known: &Programmes) -> Result<Question<'q>, Problem> {
    let (from, to) = query.window()?;
    let programme = query.programme(known)?;
    // The date in force takes its place.
    Ok(Question { programme, agency: query.listed("agency")?, from, to, as_of: now() })
}

fn render(question: Question<'_>, responses: Responses, asked: &Asked) -> AgencyResponseAnswer {
    AgencyResponseAnswer {
        programme: question.programme.map(str::to_owned),
        from: question.from,
        to: question.to,
        agencies: responses.by_agency.into_iter().map(Into::into).collect(),
        totals: responses.all.into(),
        rule: agency_response::RULE,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases: 0,
    }
}

impl From<AgencyFigures> for AgencyAnswer {
    fn from(agency: AgencyFigures) -> Self {
        Self { agency: agency.agency.as_str(), figures: agency.figures.into() }
    }
}

impl From<Figures> for ResponseFigures {
    fn from(figures: Figures) -> Self {
        Self {
            requests: figures.requests,
            chases: figures.chases,
            requests_chased: figures.requests_chased,
            escalations: figures.escalations,
            answered: figures.answered,
            answered_late: figures.answered_late,
            refused: figures.refused,
            open: figures.open,
            overdue: figures.overdue,
            days_to_answer: figures.days_to_answer.map(DaysAnswer::from),
        }
    }
}
