//! What the staff list and the programme say to giving a case to somebody: an allocation or a
//! handover.
//!
//! A tenant in which no worker ever joined keeps no list, and gives cases to whomever it likes. In
//! any other, whoever is given a case has joined and not left: the command is recorded on condition
//! that the worker's own record has not changed since it was looked at. Whether there is a place free
//! is asked of the caseload, and two who give at once may give one case too many (ADR 0030).

use throughline_domain::case::hand_over_case::CaseHandedOver;
use throughline_domain::case::{Case, CaseCommand, Intent, aggregate};
use throughline_domain::code::Code;
use throughline_domain::ids::{CaseId, Version};
use throughline_domain::rules::complex;
use throughline_domain::staff::{StaffError, Worker};
use throughline_log::{StreamId, StreamKind, StreamWrite};

use super::load;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{self, FieldError, Problem};

/// To whom a command gives the case, and on what terms.
struct Giving<'a> {
    worker: &'a Code,
    reason: Option<&'a Code>,
    over_capacity: bool,
    handover: Option<&'a CaseHandedOver>,
}

impl<'a> Giving<'a> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other command gives a case to anybody")]
    fn of(intent: &'a Intent) -> Option<Self> {
        match intent {
            Intent::AllocateCase(command) => Some(Self {
                worker: &command.0.worker,
                reason: command.0.reason.as_ref(),
                over_capacity: command.0.over_capacity,
                handover: None,
            }),
            Intent::HandOverCase(command) => Some(Self {
                worker: &command.0.worker,
                reason: command.0.reason.as_ref(),
                over_capacity: command.0.over_capacity,
                handover: Some(&command.0),
            }),
            _ => None,
        }
    }
}

/// On what condition the command may be recorded, if on any.
///
/// # Errors
/// What the case refuses, before all; [`problem::HANDOVER_INCOMPLETE`]; [`problem::UNKNOWN_WORKER`];
/// [`problem::WORKER_LEFT`]; [`problem::OVER_CAPACITY`].
pub async fn condition(
    app: &App,
    caller: &Caller,
    case_id: CaseId,
    expected: Option<Version>,
    command: &CaseCommand,
) -> Result<Option<StreamWrite>, Problem> {
    let Some(giving) = Giving::of(&command.intent) else {
        return Ok(None);
    };
    if giving.over_capacity && giving.reason.is_none() {
        let error = FieldError::at("/reason", "is needed with over_capacity");
        return Err(Problem::new(problem::INVALID).with(error));
    }
    let tenant = caller.tenant.tenant_no;
    let keeps_staff = app.log.count_staff(tenant, StreamKind::Worker, 1).await? > 0;
    if !keeps_staff && giving.handover.is_none() {
        return Ok(None);
    }
    let loaded = app.log.load_aggregate::<Case>(tenant, case_id.into()).await?;
    let (version, case): (Version, Case) = loaded;
    if version == Version(0) {
        return Err(Problem::new(problem::NOT_FOUND));
    }
    if expected.is_some_and(|expected| expected != version) {
        return Err(Problem::new(problem::STALE_VERSION));
    }
    aggregate::decide(&case, command.clone())?;
    if let Some(handover) = giving.handover {
        handover.settles(&checklist(app, caller, &case).await?)?;
    }
    if keeps_staff {
        in_post(app, caller, case_id, &case, &giving).await.map(Some)
    } else {
        Ok(None)
    }
}

/// What the case's programme wants settled at a handover, by the definition that the case keeps.
async fn checklist(app: &App, caller: &Caller, case: &Case) -> Result<Vec<Code>, Problem> {
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let referral = case.state().referral.as_ref();
    let definition = referral.and_then(|referral| programmes.of_referral(referral));
    Ok(definition.map(|known| known.handover_checklist.clone()).unwrap_or_default())
}

/// Whether the worker is in post and has a place free: the condition that they still are.
async fn in_post(
    app: &App,
    caller: &Caller,
    case_id: CaseId,
    case: &Case,
    giving: &Giving<'_>,
) -> Result<StreamWrite, Problem> {
    let stream = StreamId::of_worker(giving.worker);
    let loaded = app.log.load_aggregate::<Worker>(caller.tenant.tenant_no, stream).await?;
    let (expected, worker): (Version, Worker) = loaded;
    let post = worker.in_post().map_err(refused)?;
    if !giving.over_capacity {
        let load = load::of_worker(app, caller, giving.worker, case_id).await?;
        post.capacity.take(load, complex::is_complex(case.state())).map_err(refused)?;
    }
    Ok(StreamWrite { stream, expected, events: Vec::new() })
}

/// Of whoever is named in a body, the refusal points to the name.
fn refused(refusal: StaffError) -> Problem {
    let problem = if refusal == StaffError::UnknownWorker {
        Problem::new(problem::UNKNOWN_WORKER)
    } else {
        refusal.into()
    };
    let title = problem.kind().title;
    problem.with(FieldError::at("/worker", title))
}
