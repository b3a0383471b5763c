//! Releasing a legal hold.

use serde::{Deserialize, Serialize};

use crate::ids::EventId;
use crate::person::{Person, PersonError, PersonEvent, PersonIntent};

/// End a hold on a person.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseLegalHold(pub LegalHoldReleased);

/// A hold is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHoldReleased {
    /// The event that placed it.
    pub hold_id: EventId,
}

impl ReleaseLegalHold {
    /// # Errors
    /// When there is no such hold in force.
    pub fn decide(self, person: &Person) -> Result<PersonEvent, PersonError> {
        let hold_id = self.0.hold_id;
        if person.released.contains(&hold_id) {
            return Err(PersonError::HoldReleased { hold_id });
        }
        if !person.holds.contains(&hold_id) {
            return Err(PersonError::UnknownHold { hold_id });
        }
        Ok(PersonEvent::LegalHoldReleased(self.0))
    }
}

impl From<ReleaseLegalHold> for PersonIntent {
    fn from(command: ReleaseLegalHold) -> Self {
        Self::ReleaseLegalHold(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::testing::{event_id, given, placed, registered, release, released};

    #[test]
    fn a_hold_is_released() {
        given([registered(), placed()]).when(release(2)).then(released(2));
    }

    #[test]
    fn a_hold_is_released_once() {
        given([registered(), placed(), released(2)])
            .when(release(2))
            .then_refused(&PersonError::HoldReleased { hold_id: event_id(2) });
    }

    #[test]
    fn a_hold_that_never_was_is_not_released() {
        given([registered(), placed()])
            .when(release(1))
            .then_refused(&PersonError::UnknownHold { hold_id: event_id(1) });
        given([]).when(release(1)).then_refused(&PersonError::UnknownHold { hold_id: event_id(1) });
    }
}
