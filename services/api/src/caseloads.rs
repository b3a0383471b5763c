//! Who works with whom: one worker's open cases, or everybody's.

use std::collections::HashSet;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::CaseState;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CaseRole, CodeList as _, RiskLevel};
use throughline_domain::ids::CaseId;
use throughline_domain::rules::case_risk::RiskRule;
use throughline_domain::rules::{dormant, review_due};
use throughline_projections::Projection;
use throughline_projections::caseload::{self, Answer, CaseloadRow, Question, Totals};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answering::{Asking, answer, respond};
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, Present};
use crate::page;
use crate::problem::{self, Problem};
use crate::query::Query;
use crate::schema::{case_status, code_list, reading};

/// Open cases, by case id.
#[derive(Serialize, ToSchema)]
pub struct CaseloadAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The worker asked about; absent for everybody's.
    worker: Option<String>,
    /// One page of open cases.
    cases: Vec<CaseloadCase>,
    /// Totals of the whole caseload, not of the page.
    totals: CaseloadTotals,
    /// The rules that computed values rest on.
    rules: CaseloadRules,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// How many of the tenant's cases could not be followed to their last event: what is said of
    /// them is stale, and any of them may belong here. Absent where there is none.
    #[serde(skip_serializing_if = "freshness::is_none")]
    stale_cases: u64,
    /// Continues the list; absent on its last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One open case.
#[derive(Serialize, ToSchema)]
pub struct CaseloadCase {
    /// The case.
    case_id: Uuid,
    /// The programme.
    programme: String,
    /// Whom the case is about.
    #[schema(schema_with = code_list::<CaseRole>)]
    role: &'static str,
    /// The programme's area.
    area: String,
    /// Where the case stands: open.
    #[schema(schema_with = case_status)]
    status: &'static str,
    /// From 1; each reopening begins the next.
    episode: u32,
    /// When the episode began: the referral, or the reopening.
    opened_at: Timestamp,
    /// The worker.
    worker: Option<String>,
    /// Their team.
    team: Option<String>,
    /// The level of risk, by the programme's rule; null where nobody assessed it.
    #[schema(schema_with = code_list::<RiskLevel>)]
    risk_level: Option<&'static str>,
    /// When the assessment was made whose level it is.
    risk_assessed_at: Option<Timestamp>,
    /// The rule that found the level, with its version.
    risk_rule: Option<&'static str>,
    /// How many attempts to reach the person were made.
    attempts: u32,
    /// How many of them reached the person.
    reached: u32,
    /// When the latest was made.
    last_attempt_at: Option<Timestamp>,
    /// When the person was last reached.
    last_reached_at: Option<Timestamp>,
    /// Not reached for longer than the programme's setting.
    dormant: bool,
    /// When the next review is due; null where the programme has no schedule.
    review_due: Option<Timestamp>,
    /// Whether that is over.
    review_overdue: bool,
    /// Information requests neither answered nor refused.
    open_information_requests: u32,
    /// Present, and true, when the case could not be followed to its last event.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

/// Totals of the whole caseload, not of the page.
#[derive(Serialize, ToSchema)]
pub struct CaseloadTotals {
    /// Open cases.
    open: u64,
    /// Dormant ones among them.
    dormant: u64,
    /// Those at high risk.
    high_risk: u64,
    /// Those whose review is overdue.
    reviews_overdue: u64,
}

/// The rules that computed values rest on.
#[derive(Serialize, ToSchema)]
pub struct CaseloadRules {
    /// The rule of `dormant`.
    dormant: &'static str,
    /// The rule of `review_due`.
    review_due: &'static str,
}

/// Everybody's open cases.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn read_caseloads(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    read(&request, &caller, &app, None).await
}

/// One worker's open cases. A worker nobody has heard of has none.
///
/// # Errors
/// [`problem::NOT_FOUND`] for a text that can be no worker's.
pub async fn read_caseload(
    request: HttpRequest,
    path: Path<String>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let worker: Code = path.parse().map_err(|_| Problem::new(problem::NOT_FOUND))?;
    read(&request, &caller, &app, Some(&worker)).await
}

async fn read(
    request: &HttpRequest,
    caller: &Caller,
    app: &App,
    worker: Option<&Code>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(request, &[AS_OF, KNOWN_AT, READING, "limit", "cursor"])?;
    let dates = Dates::read(&query, now())?;
    let worker = worker.map(Code::as_str);
    let tenant = caller.tenant.tenant_no.0;
    let topic = format!("caseload {tenant} {} {}", worker.unwrap_or("*"), dates.topic());
    let question = Question {
        worker,
        as_of: now(),
        after: query.text("cursor").map(|c| app.cursors.open::<CaseId>(&topic, c)).transpose()?,
        limit: query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?,
    };
    let projection = Projection::Caseload;
    let asking = Asking { app, request, caller, dates: &dates, projection };
    let of = |as_of| Question { as_of, ..question };
    let ((caseload, stale), present) = answer(
        asking,
        async |client, place, as_of| {
            let caseload = caseload::read(client, place, of(as_of)).await?;
            let page: Vec<CaseId> = caseload.rows.iter().map(|row| row.case_id).collect();
            let stale = throughline_projector::stale_among(client, projection, place, &page);
            Ok((caseload, stale.await?))
        },
        |asked| Answer::new(of(asked.as_of)),
        |answer, case_id, history, asked, programmes| {
            let state = CaseState::at(history, asked);
            if let Some(row) = caseload::row(case_id, &state, programmes) {
                answer.take(row);
            }
        },
        |answer, stale| Ok((answer.finish(), stale)),
    )
    .await?;
    let Present { asked, stale_cases, .. } = present;

    let last = caseload.rows.last().filter(|_| caseload.more).map(|row| row.case_id);
    let next = last.map(|case_id| app.cursors.seal(&topic, &case_id)).transpose()?;
    let mut response = respond(&present);
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(request, cursor));
    }
    let rows = caseload.rows.into_iter();
    Ok(response.json(CaseloadAnswer {
        worker: worker.map(str::to_owned),
        cases: rows.map(|row| case(row, asked.as_of, &stale)).collect(),
        totals: CaseloadTotals::from(caseload.totals),
        rules: CaseloadRules { dormant: dormant::RULE, review_due: review_due::RULE },
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases,
        next,
    }))
}

fn case(row: CaseloadRow, as_of: Timestamp, stale: &HashSet<CaseId>) -> CaseloadCase {
    CaseloadCase {
        stale: stale.contains(&row.case_id),
        dormant: row.is_dormant_at(as_of),
        review_overdue: row.is_review_overdue_at(as_of),
        case_id: row.case_id.0,
        programme: row.programme.to_string(),
        role: row.role.as_str(),
        area: row.area.to_string(),
        status: row.status.as_str(),
        episode: row.episode,
        opened_at: row.opened_at,
        worker: row.worker.map(|worker| worker.to_string()),
        team: row.team.map(|team| team.to_string()),
        risk_level: row.risk_level.map(RiskLevel::as_str),
        risk_assessed_at: row.risk_assessed_at,
        risk_rule: row.risk_rule.map(RiskRule::as_str),
        attempts: row.attempts,
        reached: row.reached,
        last_attempt_at: row.last_attempt_at,
        last_reached_at: row.last_reached_at,
        review_due: row.review_due,
        open_information_requests: row.open_information_requests,
    }
}

impl From<Totals> for CaseloadTotals {
    fn from(totals: Totals) -> Self {
        let Totals { open, dormant, high_risk, reviews_overdue } = totals;
        Self { open, dormant, high_risk, reviews_overdue }
    }
}
