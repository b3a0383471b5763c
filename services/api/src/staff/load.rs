//! How many cases a worker has now, and how many of them are complex.
//!
//! Which cases they are, the caseload tells; whether each is complex, its own events do. So this is as
//! fresh as the caseload, which waits a moment for whatever was recorded before it was asked.

use throughline_domain::case::CaseState;
use throughline_domain::code::Code;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::rules::complex;
use throughline_domain::staff::Load;
use throughline_domain::two_clocks::Asked;
use throughline_log::StreamId;
use throughline_projections::Projection;
use throughline_projections::caseload::{self, Caseload, Question};

use crate::app::App;
use crate::caller::Caller;
use crate::cases::history;
use crate::freshness;
use crate::problem::Problem;

/// How many cases are looked at in a page, and how many bytes of their facts at a time.
const PAGE_CASES: usize = 200;
const PART_BYTES: usize = 4 << 20;

/// What a worker has, one case left out: that which is to be given to them.
///
/// # Errors
/// When the database does not answer.
pub async fn of_worker(
    app: &App,
    caller: &Caller,
    worker: &Code,
    without: CaseId,
) -> Result<Load, Problem> {
    let mut load = Load::default();
    let mut after = None;
    loop {
        let (page, position) = page(app, caller, worker, after, PAGE_CASES).await?;
        let cases = page.rows.iter().map(|row| row.case_id).filter(|id| *id != without);
        count(app, caller, cases.map(StreamId::from).collect(), position, &mut load).await?;
        match page.rows.last() {
            Some(last) if page.more => after = Some(last.case_id),
            _ => return Ok(load),
        }
    }
}

/// How many open cases a worker has.
///
/// # Errors
/// When the database does not answer.
pub async fn open_cases(app: &App, caller: &Caller, worker: &Code) -> Result<u64, Problem> {
    let (page, _) = page(app, caller, worker, None, 1).await?;
    Ok(page.totals.open)
}

async fn page(
    app: &App,
    caller: &Caller,
    worker: &Code,
    after: Option<CaseId>,
    limit: usize,
) -> Result<(Caseload, Position), Problem> {
    let tenant = caller.tenant.tenant_no;
    let worker = Some(worker.as_str());
    let read =
        freshness::read_latest(app, tenant, Projection::Caseload, async |client, place, as_of| {
            caseload::read(client, place, Question { worker, as_of, after, limit }).await
        });
    let (caseload, present) = read.await?;
    Ok((caseload, present.position))
}

/// Counts cases by their own events. One that cannot be read to its end counts as it was before.
async fn count(
    app: &App,
    caller: &Caller,
    mut streams: Vec<StreamId>,
    upto: Position,
    load: &mut Load,
) -> Result<(), Problem> {
    while !streams.is_empty() {
        let tenant = caller.tenant.tenant_no;
        let read = app.log.read_streams(tenant, &streams, upto, PART_BYTES).await?;
        for case in &read.histories {
            let (events, _) = history::decode(&case.events);
            load.count(complex::is_complex(&CaseState::at(&events, &Asked::LATEST)));
        }
        streams = read.left;
    }
    Ok(())
}
