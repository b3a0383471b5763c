//! Two ways to one answer: the read model's rows for the present, the log for any other dates.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::CaseId;
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;
use throughline_projections::{Place, Projection, ReadError};
use tokio_postgres::Client;

use crate::app::App;
use crate::caller::Caller;
use crate::dates::Dates;
use crate::freshness::{self, POSITION_HEADER, Present};
use crate::problem::Problem;
use crate::replay;

/// A question about many cases: who asks, for which dates, and which read model has the present.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The program.
    pub app: &'a App,
    /// What was sent.
    pub request: &'a HttpRequest,
    /// Who sent it.
    pub caller: &'a Caller,
    /// The dates asked for.
    pub dates: &'a Dates,
    /// The read model.
    pub projection: Projection,
}

/// The answer, with what it reflects.
///
/// For the present, `stored` reads it from the read model, given the date in force. For any other
/// dates it is begun, takes every case of the caller's tenant from the log, and is finished, given
/// the cases of which what is said is stale.
///
/// # Errors
/// [`crate::problem::NOT_YET`] when the position that the query asks for is not reached in time;
/// [`crate::problem::OVERLOADED`] when too many questions about the past are being answered.
pub async fn answer<T, A>(
    asking: Asking<'_>,
    stored: impl AsyncFnOnce(&Client, Place, Timestamp) -> Result<T, ReadError>,
    begin: impl FnOnce(&Asked) -> A,
    mut take: impl FnMut(&mut A, CaseId, &[Recorded<CaseEvent>], &Asked, &Programmes),
    finish: impl FnOnce(A, HashSet<CaseId>) -> Result<T, ReadError>,
) -> Result<(T, Present), Problem> {
    let Asking { app, request, caller, dates, projection } = asking;
    let tenant = caller.tenant.tenant_no;
    if dates.are_present() {
        return freshness::read_present(app, request, tenant, projection, stored).await;
    }
    let (settled, asked) = freshness::reach_log(app, request, tenant, dates).await?;
    let position = settled.position;
    let mut answer = begin(&asked);
    let unreadable =
        replay::every_case(app, caller, projection, position, |case_id, history, programmes| {
            take(&mut answer, case_id, history, &asked, programmes);
        })
        .await?;
    let stale = unreadable.known_at(asked.known_at);
    let stale_cases = stale.len() as u64;
    Ok((finish(answer, stale)?, Present { position, asked, stale_cases }))
}

/// Begins a response that tells what it reflects.
#[must_use]
pub fn respond(present: &Present) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((POSITION_HEADER, present.position.to_string()));
    if let Some(header) = freshness::stale_header(present.stale_cases > 0) {
        response.insert_header(header);
    }
    response
}
