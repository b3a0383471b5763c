//! What the programme of a case says to closing it, to proposing that and to transferring it: the
//! terms of the definition that the case keeps. The case itself knows none of them, since the
//! definition is data of the tenant.
//!
//! A command is held against the case at one version, and recorded on that version or not at all.

use std::sync::Arc;
use throughline_domain::case::close_case::CaseClosed;
use throughline_domain::case::propose_closure::ClosureProposed;
use throughline_domain::case::{CaseCommand, CaseEvent, Intent, aggregate};
use throughline_domain::code::Code;
use throughline_domain::ids::{CaseId, EventId, Version};
use throughline_domain::programme::{Followed, Programme};
use throughline_domain::two_clocks::{self, Asked, Entry};

use crate::access::Role;
use crate::app::App;
use crate::caller::Caller;
use crate::cases::history::{self, History};
use crate::problem::{self, FieldError, Problem};

/// Holds a command against the programme of its case, and gives the version of the case that it was
/// held against; `None` for a command that no programme has a say in. A closure that the programme
/// has approved gets its approver.
///
/// # Errors
/// What the case refuses, before all; the [`ClosureMisfit`](throughline_domain::programme::ClosureMisfit)
/// of a closure; [`problem::UNKNOWN_AREA`]; [`problem::STALE_VERSION`]; [`problem::NOT_FOUND`].
pub async fn settle(
    app: &App,
    caller: &Caller,
    case_id: CaseId,
    expected: Option<Version>,
    command: &mut CaseCommand,
) -> Result<Option<Version>, Problem> {
    if !is_on_terms(&command.intent) {
        return Ok(None);
    }
    let history = history::read(app, caller, case_id).await?.whole()?;
    let version = history.version();
    if expected.is_some_and(|expected| expected != version) {
        return Err(Problem::new(problem::STALE_VERSION));
    }
    aggregate::decide(&history.case(), command.clone())?;
    let definition = definition(app, caller, &history).await?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "no programme has a say in the others")]
    match &mut command.intent {
        Intent::CloseCase(close) => may_close(&definition, caller, &history, &mut close.0)?,
        Intent::ProposeClosure(propose) => {
            let ClosureProposed { reason, evidence } = &propose.0;
            definition.check_closure_reason(*reason, evidence.len())?;
        }
        Intent::TransferCase(transfer) => require_area(&definition, &transfer.0.area)?,
        _ => {}
    }
    Ok(Some(version))
}

fn is_on_terms(intent: &Intent) -> bool {
    matches!(intent, Intent::CloseCase(_) | Intent::ProposeClosure(_) | Intent::TransferCase(_))
}

/// Holds a correction against the programme of its case. What a correction leaves as it was is
/// nobody's business here: it may be older than the terms.
///
/// # Errors
/// As [`settle`].
pub async fn settle_correction(
    app: &App,
    caller: &Caller,
    history: &History,
    entry: &Entry<'_>,
    replacement: &CaseEvent,
) -> Result<(), Problem> {
    match (entry.event, replacement) {
        (CaseEvent::CaseClosed(was), CaseEvent::CaseClosed(is)) => {
            require_evidence(history, &was.evidence, &is.evidence)?;
            let definition = definition(app, caller, history).await?;
            let entries = two_clocks::entries(&history.events, &Asked::LATEST);
            let proposal = is.proposal.and_then(|proposal| proposed(&entries, proposal));
            let evidence = proposal.map_or(0, |proposal| proposal.evidence.len());
            let is_own = history.had_a_part(&caller.subject, entry.recorded.event_id);
            definition.check_corrected_closure((was, is), evidence, approves(caller), is_own)?;
        }
        (CaseEvent::ClosureProposed(was), CaseEvent::ClosureProposed(is)) if was != is => {
            require_evidence(history, &was.evidence, &is.evidence)?;
            let definition = definition(app, caller, history).await?;
            definition.check_closure_reason(is.reason, is.evidence.len())?;
        }
        (CaseEvent::CaseTransferred(was), CaseEvent::CaseTransferred(is))
            if was.area != is.area =>
        {
            require_area(&*definition(app, caller, history).await?, &is.area)?;
        }
        _ => {}
    }
    Ok(())
}

/// Whether what a correction newly rests on is of the case, and still stands.
fn require_evidence(history: &History, was: &[EventId], is: &[EventId]) -> Result<(), Problem> {
    let new: Vec<EventId> = is.iter().filter(|id| !was.contains(id)).copied().collect();
    Ok(history.case().require_evidence(&new)?)
}

/// The definition that the case keeps.
///
/// # Errors
/// [`problem::INTERNAL`] when this program cannot read it: nobody may guess what it says.
async fn definition(
    app: &App,
    caller: &Caller,
    history: &History,
) -> Result<Arc<Programme>, Problem> {
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let case = history.case();
    let referral = case.state().referral.as_ref().ok_or(Problem::new(problem::NOT_FOUND))?;
    programmes.of_referral(referral).ok_or_else(|| {
        Problem::new(problem::INTERNAL)
            .because("the case's definition is not known here".to_owned())
    })
}

fn may_close(
    definition: &Programme,
    caller: &Caller,
    history: &History,
    closure: &mut CaseClosed,
) -> Result<(), Problem> {
    let entries = two_clocks::entries(&history.events, &Asked::LATEST);
    let followed = closure.proposal.and_then(|id| {
        let proposal = proposed(&entries, id)?;
        Some(Followed { proposal, is_own: history.had_a_part(&caller.subject, id) })
    });
    definition.check_closure(closure, followed, approves(caller))?;
    if definition.has_closure_approved(closure.reason) {
        let approver = closure.approver.get_or_insert_with(|| caller.subject.clone());
        if *approver != caller.subject {
            let error = FieldError::at("/approver", "is whoever closes the case, or left out");
            return Err(Problem::new(problem::INVALID).with(error));
        }
    }
    Ok(())
}

/// The proposal with this id, as it now stands.
fn proposed<'a>(entries: &[Entry<'a>], proposal: EventId) -> Option<&'a ClosureProposed> {
    entries.iter().find(|entry| entry.recorded.event_id == proposal).and_then(|entry| {
        if let CaseEvent::ClosureProposed(facts) = entry.event { Some(facts) } else { None }
    })
}

/// Whether the caller approves what others propose.
fn approves(caller: &Caller) -> bool {
    caller.role == Role::TeamManager
}

fn require_area(definition: &Programme, area: &Code) -> Result<(), Problem> {
    if definition.areas.contains(area) {
        return Ok(());
    }
    let error = FieldError::at("/area", problem::UNKNOWN_AREA.title);
    Err(Problem::new(problem::UNKNOWN_AREA).with(error))
}
