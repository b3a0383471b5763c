//! Coming back: a referral of somebody whose earlier case was closed names that case. The earlier
//! case shows it as well, found from the person's other referrals, so that a correction of the
//! referral is seen at both ends.

use throughline_domain::case::{Case, CaseError, CaseState};
use throughline_domain::ids::{CaseId, PersonId, Version};
use throughline_domain::time::Occurred;
use throughline_domain::two_clocks::Asked;
use throughline_log::StreamWrite;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::history;
use crate::problem::{self, FieldError, Problem};

/// How many of a person's cases are looked through for those that return from one.
const CASES_MAX: u32 = 100;

/// The condition under which a referral returns from a case: that nothing happens in it meanwhile.
///
/// # Errors
/// [`problem::UNKNOWN_CASE`] for a case that is not the person's, whoever else may have it;
/// [`problem::NOT_CLOSED`]; [`problem::BEFORE_PREVIOUS_STEP`].
pub async fn may_return(
    app: &App,
    caller: &Caller,
    earlier: CaseId,
    person: PersonId,
    received: Occurred,
) -> Result<StreamWrite, Problem> {
    let stream = earlier.into();
    let loaded = app.log.load_aggregate::<Case>(caller.tenant.tenant_no, stream).await?;
    let (expected, case): (Version, Case) = loaded;
    match case.may_be_returned_from(person, received) {
        Ok(()) => Ok(StreamWrite { stream, expected, events: Vec::new() }),
        Err(CaseError::NotReferred) => Err(unknown_case()),
        Err(error @ CaseError::NotClosed { .. }) => Err(at_fault(error.into())),
        Err(error) => Err(error.into()),
    }
}

/// What is said of a case that is not the person's to return from.
#[must_use]
pub fn unknown_case() -> Problem {
    at_fault(Problem::new(problem::UNKNOWN_CASE))
}

fn at_fault(problem: Problem) -> Problem {
    let title = problem.kind().title;
    problem.with(FieldError::at("/returns_from", title))
}

/// The cases whose referrals return from this one, at the dates asked about, oldest first.
///
/// # Errors
/// [`problem::UNAVAILABLE`].
pub async fn returned_as(
    app: &App,
    caller: &Caller,
    case_id: CaseId,
    state: &CaseState,
    asked: &Asked,
) -> Result<Vec<CaseId>, Problem> {
    // Nobody comes back from what never ended.
    let Some(referral) = &state.referral else { return Ok(Vec::new()) };
    if state.episodes.iter().all(|episode| episode.ended.is_none()) {
        return Ok(Vec::new());
    }
    let tenant = caller.tenant.tenant_no;
    let cases = app.log.cases_of_person(tenant, referral.person_id, CASES_MAX).await?;
    let mut returned = Vec::new();
    for other in cases.into_iter().filter(|other| *other != case_id) {
        let history = history::read(app, caller, other).await?;
        let state = CaseState::at(&history.events, asked);
        if state.referral.is_some_and(|referral| referral.returns_from == Some(case_id)) {
            returned.push(other);
        }
    }
    Ok(returned)
}
