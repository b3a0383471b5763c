//! One pass over the caller's tenant, at the dates asked or up to a recorded place.

use actix_web::web;
use throughline_domain::cohort::Cohort;
use throughline_domain::ids::Position;
use throughline_domain::two_clocks::Asked;
use throughline_evaluation::tables::TableError;
use throughline_evaluation::{Finished, Pass, Question};
use throughline_projections::Projection;

use crate::app::App;
use crate::caller::Caller;
use crate::problem::{self, Problem};
use crate::refusal;
use crate::replay;

/// What a pass is to find.
pub struct Passing {
    /// Whose cases.
    pub cohort: Cohort,
    /// Which tables of them.
    pub questions: Vec<Question>,
    /// At which dates.
    pub asked: Asked,
    /// Up to which place in the log.
    pub position: Position,
}

/// What a pass found.
pub struct Passed {
    /// The counts and tables.
    pub finished: Finished,
    /// Cases that could not be read to the end: what is said of them is from before.
    pub stale_cases: u64,
}

/// Makes a pass.
///
/// # Errors
/// [`problem::OVERLOADED`] when too many questions about the past are being answered;
/// [`problem::INVALID`] for a table that cannot be shown.
pub async fn pass(app: &App, caller: &Caller, passing: &Passing) -> Result<Passed, Problem> {
    let Passing { cohort, questions, asked, position } = passing;
    let mut pass = Pass::new(cohort.clone(), questions, *asked);
    // A case rests on its programme's definition here as in a caseload.
    let like = Projection::Caseload;
    let unreadable =
        replay::every_case(app, caller, like, *position, |case_id, history, programmes| {
            pass.take(case_id, history, programmes);
        })
        .await?;
    let stale_cases = unreadable.known_at(asked.known_at).len() as u64;
    Ok(Passed { finished: finished(move || pass.finish()).await?, stale_cases })
}

/// Concludes tables where nobody else waits for the thread: of many cases it takes seconds.
///
/// # Errors
/// [`problem::INVALID`] for a table that cannot be shown.
pub(super) async fn finished<T: Send + 'static>(
    conclude: impl FnOnce() -> Result<T, TableError> + Send + 'static,
) -> Result<T, Problem> {
    let concluded = web::block(conclude).await.map_err(|error| refusal::internal(&error))?;
    Ok(concluded?)
}

/// The version of a cohort that is asked about: the newest where none is named.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is none.
pub async fn cohort(
    app: &App,
    caller: &Caller,
    id: &str,
    version: Option<u16>,
) -> Result<Cohort, Problem> {
    let known = app.log.cohorts(caller.tenant.tenant_no).await?;
    let is_meant = |cohort: &Cohort| {
        cohort.id.as_str() == id && version.is_none_or(|version| version == cohort.version)
    };
    // Versions rise, so the last is the newest.
    let found = known.into_iter().rfind(is_meant);
    found.ok_or_else(|| Problem::new(problem::NOT_FOUND))
}
