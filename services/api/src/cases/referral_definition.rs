//! The definition that a referral is made under: the version in force when it was received, and
//! whether the referral fits it.

use throughline_domain::case::CaseEvent;
use throughline_domain::case::receive_referral::ReferralReceived;
use throughline_domain::programme::{Programme, Programmes, ReferralMisfit, check_referral};
use throughline_domain::time::Occurred;

use crate::problem::{self, FieldError, Problem, ProblemType};

/// Fills in the versions of the definition and of its criteria.
///
/// # Errors
/// [`problem::UNKNOWN_PROGRAMME`]; or the first thing that does not fit, with the places of all.
pub fn settle(
    programmes: &Programmes,
    facts: &mut ReferralReceived,
    received: Occurred,
) -> Result<(), Problem> {
    let Some(definition) = programmes.in_force(facts.programme.as_str(), received) else {
        let error = FieldError::at("/programme", problem::UNKNOWN_PROGRAMME.title);
        return Err(Problem::new(problem::UNKNOWN_PROGRAMME).with(error));
    };
    facts.programme_version = definition.version;
    fit(definition, facts, received)
}

/// The same for a correction. A case keeps its version: it is found anew only where another
/// programme, or another time, is what the correction says.
///
/// # Errors
/// As [`settle`].
pub fn settle_again(
    programmes: &Programmes,
    (original, was_received): (&CaseEvent, Occurred),
    (event, received): (&mut CaseEvent, Occurred),
) -> Result<(), Problem> {
    let (CaseEvent::ReferralReceived(original), CaseEvent::ReferralReceived(facts)) =
        (original, event)
    else {
        return Ok(());
    };
    let is_kept = original.programme == facts.programme && was_received == received;
    let kept = programmes.find(original.programme.as_str(), original.programme_version);
    match kept.filter(|_| is_kept) {
        Some(definition) => {
            facts.programme_version = definition.version;
            fit(definition, facts, received)
        }
        None => settle(programmes, facts, received),
    }
}

fn fit(
    definition: &Programme,
    facts: &mut ReferralReceived,
    received: Occurred,
) -> Result<(), Problem> {
    facts.criteria_version = definition.criteria_at(received).map(|criteria| criteria.version);
    let misfits = check_referral(definition, facts, received);
    let Some(first) = misfits.first() else { return Ok(()) };
    let problem = Problem::new(kind(*first).0);
    Err(misfits.into_iter().fold(problem, |problem, misfit| {
        let (kind, pointer) = kind(misfit);
        problem.with(FieldError::at(pointer, kind.title))
    }))
}

fn kind(misfit: ReferralMisfit) -> (ProblemType, String) {
    match misfit {
        ReferralMisfit::UnknownArea => (problem::UNKNOWN_AREA, "/area".to_owned()),
        ReferralMisfit::RoleNotServed => (problem::ROLE_NOT_SERVED, "/role".to_owned()),
        ReferralMisfit::UnknownCriterion { place } => {
            (problem::UNKNOWN_CRITERION, format!("/criteria/{place}"))
        }
    }
}
