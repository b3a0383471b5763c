//! Holding contact: nobody is to turn to the person for now, and why; and lifting the hold, which
//! is known by the event that set it.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code_lists::ContactHoldReason;
use crate::ids::EventId;

/// Keep everybody from turning to the person for now.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldContact(pub ContactHeld);

/// Nobody is to turn to the person for now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactHeld {
    /// Why.
    pub reason: ContactHoldReason,
}

/// End a hold.
#[derive(Debug, Clone, PartialEq)]
pub struct LiftContactHold(pub ContactHoldLifted);

/// A hold ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactHoldLifted {
    /// The hold: the event that set it.
    pub hold: EventId,
}

impl HoldContact {
    /// # Errors
    /// When nobody was working with the person then.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::ContactHeld(self.0))
    }
}

impl LiftContactHold {
    /// # Errors
    /// When the case has no such hold, it is retracted or lifted already, or it was set later.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_referral()?;
        let hold = self.0.hold;
        let Some(found) = case.state().contact_safety.holds().find(|held| held.event_id == hold)
        else {
            if matches!(case.find(hold).map(|held| &held.event), Some(CaseEvent::ContactHeld(_))) {
                case.require_standing(hold)?;
            }
            return Err(CaseError::UnknownContactHold { hold });
        };
        if found.until.is_some() {
            return Err(CaseError::ContactHoldLifted);
        }
        if moment.occurred.bounds().1 < found.from.bounds().0 {
            return Err(CaseError::BeforePreviousStep { previous_at: found.from.at });
        }
        Ok(CaseEvent::ContactHoldLifted(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, event_id, given, open_case, retracted, with};
    use crate::time::Occurred;

    fn hold() -> HoldContact {
        HoldContact(ContactHeld { reason: ContactHoldReason::NotSafe })
    }

    fn held() -> CaseEvent {
        CaseEvent::ContactHeld(hold().0)
    }

    fn lift(hold: u8) -> LiftContactHold {
        LiftContactHold(ContactHoldLifted { hold: event_id(hold) })
    }

    fn lifted(hold: u8) -> CaseEvent {
        CaseEvent::ContactHoldLifted(lift(hold).0)
    }

    /// An open case whose fourth event holds contact.
    fn a_case_on_hold() -> Vec<(CaseEvent, Occurred)> {
        with(open_case(), [(held(), at(5))])
    }

    #[test]
    fn contact_is_held_and_the_hold_lifted() {
        given(open_case()).when(hold(), at(5)).then(held());
        given(a_case_on_hold()).when(lift(4), at(9)).then(lifted(4));
    }

    #[test]
    fn a_hold_is_lifted_once() {
        given(with(a_case_on_hold(), [(lifted(4), at(9))]))
            .when(lift(4), at(10))
            .then_refused(&CaseError::ContactHoldLifted);
    }

    #[test]
    fn a_hold_that_was_retracted_is_not_lifted() {
        given(with(a_case_on_hold(), [(retracted(4), at(6))]))
            .when(lift(4), at(9))
            .then_refused(&CaseError::AlreadyRetracted);
    }

    #[test]
    fn a_hold_that_never_was_is_not_lifted() {
        given(a_case_on_hold())
            .when(lift(1), at(9))
            .then_refused(&CaseError::UnknownContactHold { hold: event_id(1) });
    }

    #[test]
    fn a_hold_is_not_lifted_before_it_was_set() {
        given(a_case_on_hold())
            .when(lift(4), at(4))
            .then_refused(&CaseError::BeforePreviousStep { previous_at: at(5).at });
    }
}
