//! Questions about the past of a whole tenant: every case folded from the log, at the dates asked.

use futures_util::{StreamExt as _, pin_mut};
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::recorded::Recorded;
use throughline_log::EVERY_STREAM;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{self, Problem};
use crate::refusal;

/// Questions about the past of a whole tenant that may be answered at once.
pub const REPLAYS_AT_ONCE_MAX: usize = 2;

/// Gives every case of the caller's tenant to `take`, with its events up to a position.
///
/// # Errors
/// [`problem::OVERLOADED`] when too many such questions are being answered.
pub async fn every_case(
    app: &App,
    caller: &Caller,
    upto: Position,
    mut take: impl FnMut(CaseId, &[Recorded<CaseEvent>]),
) -> Result<(), Problem> {
    let overloaded = || Problem::new(problem::OVERLOADED).retry_after(2);
    let waiting = app.replays.acquire();
    let _permit = tokio::time::timeout(app.settings.after_wait_max, waiting)
        .await
        .map_err(|_| overloaded())?
        .map_err(|_| overloaded())?;
    let tenant = caller.tenant.tenant_no;
    let cases = app.log.replay_cases(tenant, upto, EVERY_STREAM);
    pin_mut!(cases);
    while let Some(case) = cases.next().await {
        let case = case?;
        let events = case.events.map_err(|error| refusal::internal(&error))?;
        take(CaseId(case.stream.id), &events);
    }
    Ok(())
}
