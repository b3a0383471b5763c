//! Placing a legal hold: as long as one is in force, the person cannot be erased.

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::code_lists::HoldReason;
use crate::person::{Person, PersonError, PersonEvent, PersonIntent};

/// Keep a person from being erased. The event that comes of it names the hold.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceLegalHold(pub LegalHoldPlaced);

/// What is held about the person must stay readable until the hold is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHoldPlaced {
    /// Why.
    pub reason: HoldReason,
    /// What it goes by elsewhere, such as a court's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Code>,
}

impl PlaceLegalHold {
    /// # Errors
    /// When nobody of this id is known, or there is nothing left to hold.
    pub fn decide(self, person: &Person) -> Result<PersonEvent, PersonError> {
        person.may_be_known()?;
        Ok(PersonEvent::LegalHoldPlaced(self.0))
    }
}

impl From<PlaceLegalHold> for PersonIntent {
    fn from(command: PlaceLegalHold) -> Self {
        Self::PlaceLegalHold(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::testing::{erased, given, hold, placed, registered};

    #[test]
    fn a_hold_is_placed_and_another_beside_it() {
        given([registered()]).when(hold()).then(placed());
        given([registered(), placed()]).when(hold()).then(placed());
    }

    #[test]
    fn nobody_unknown_is_held() {
        given([]).when(hold()).then_refused(&PersonError::NotRegistered);
    }

    #[test]
    fn what_is_erased_cannot_be_held() {
        given([registered(), erased()]).when(hold()).then_refused(&PersonError::Erased);
    }
}
