//! The requests that are overdue, for whoever chases.

use std::collections::HashSet;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code_lists::{Agency, CodeList};
use throughline_domain::ids::CaseId;
use throughline_projections::Projection;
use throughline_projections::agency_response::{
    self, OverdueAnswer, OverdueKey, OverdueQuestion, RequestRow,
};
use throughline_projections::durations::Days;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answering::{Asking, answer, respond};
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, Present};
use crate::page;
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::{code_list, reading};

/// One page of overdue requests, the longest overdue first.
#[derive(Serialize, ToSchema)]
pub struct OverdueRequestsAnswer {
    /// The requests.
    requests: Vec<OverdueRequest>,
    /// The date in force: due before then, and neither answered nor refused by then.
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
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A request whose answer is overdue.
#[derive(Serialize, ToSchema)]
pub struct OverdueRequest {
    /// The case.
    case_id: Uuid,
    /// The request, for its chases, escalations, response and refusal.
    request_id: Uuid,
    /// The case's programme.
    programme: String,
    /// The worker who has, or last had, the case; null when nobody has had it yet.
    worker: Option<String>,
    /// Whom it was made to.
    #[schema(schema_with = code_list::<Agency>)]
    agency: &'static str,
    /// What was asked for, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<String>,
    /// When it was made.
    requested_at: Timestamp,
    /// When the answer was due; never null here.
    due_at: Option<Timestamp>,
    /// Since then, in days of 24 hours, rounded to a hundredth, halves up.
    days_overdue: f64,
    /// How often the agency was asked again.
    chases: u32,
    /// When it was last asked again; null when it was not.
    last_chased_at: Option<Timestamp>,
    /// How often the request was taken to somebody senior.
    escalations: u32,
    /// Present, and true, when the case could not be followed to its last event.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

/// The requests that are overdue.
///
/// # Errors
/// [`crate::problem::INVALID`] for a programme, agency, worker or page that cannot be.
pub async fn read_overdue_requests(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known = ["programme", "agency", "worker", AS_OF, KNOWN_AT, READING, "limit", "cursor"];
    let query = Query::read(&request, &known)?;
    let dates = Dates::read(&query, now())?;
    let topic = topic(&query, &caller, &dates)?;
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let question = OverdueQuestion {
        programme: query.programme(&programmes)?,
        agency: query.listed("agency")?,
        worker: query.text("worker"),
        // The date in force takes its place.
        as_of: now(),
        after: query
            .text("cursor")
            .map(|c| app.cursors.open::<OverdueKey>(&topic, c))
            .transpose()?,
        limit: query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?,
    };
    let projection = Projection::AgencyResponse;
    let asking =
        Asking { app: &app, request: &request, caller: &caller, dates: &dates, projection };
    let of = |as_of| OverdueQuestion { as_of, ..question };
    let ((page, stale), present) = answer(
        asking,
        async |client, place, as_of| {
            let page = agency_response::read_overdue(client, place, of(as_of)).await?;
            let cases: Vec<CaseId> = page.rows.iter().map(|row| row.case_id).collect();
            let stale = throughline_projector::stale_among(client, projection, place, &cases);
            Ok((page, stale.await?))
        },
        |asked| OverdueAnswer::new(of(asked.as_of)),
        |answer, case_id, history, asked, _| {
            for row in agency_response::requests(case_id, history, asked) {
                answer.take(row);
            }
        },
        |answer, stale| Ok((answer.finish(), stale)),
    )
    .await?;
    let Present { asked, stale_cases, .. } = present;

    let last = page.rows.last().filter(|_| page.more).and_then(|row| row.overdue_key(asked.as_of));
    let next = last.map(|key| app.cursors.seal(&topic, &key)).transpose()?;
    let mut response = respond(&present);
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(&request, cursor));
    }
    let rows = page.rows.into_iter();
    Ok(response.json(OverdueRequestsAnswer {
        requests: rows.map(|row| overdue(row, asked.as_of, &stale)).collect(),
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases,
        next,
    }))
}

/// The question that a cursor belongs to.
fn topic(query: &Query, caller: &Caller, dates: &Dates) -> Result<String, Problem> {
    query.code("worker")?;
    let [programme, agency, worker] =
        ["programme", "agency", "worker"].map(|name| query.text(name).unwrap_or("*"));
    let tenant = caller.tenant.tenant_no.0;
    Ok(format!("overdue requests {tenant} {programme} {agency} {worker} {}", dates.topic()))
}

fn overdue(row: RequestRow, as_of: Timestamp, stale: &HashSet<CaseId>) -> OverdueRequest {
    OverdueRequest {
        stale: stale.contains(&row.case_id),
        case_id: row.case_id.0,
        request_id: row.request.0,
        programme: row.programme.to_string(),
        worker: row.worker.map(|worker| worker.to_string()),
        agency: row.agency.as_str(),
        what: row.what.map(|what| what.to_string()),
        requested_at: row.requested_at,
        due_at: row.due_at,
        days_overdue: row.due_at.map_or(0.0, |due_at| Days::between(due_at, as_of).as_f64()),
        chases: row.chases,
        last_chased_at: row.last_chased_at,
        escalations: row.escalations,
    }
}
