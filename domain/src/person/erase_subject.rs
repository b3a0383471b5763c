//! Erasing a person. The rule alone: the log destroys the keys, in the transaction that records
//! what is decided here.

use serde::{Deserialize, Serialize};

use crate::code_lists::ErasureBasis;
use crate::ids::CaseId;
use crate::person::{Person, PersonError, PersonEvent, PersonIntent};

/// Make everything that was ever written about a person unreadable, for good.
#[derive(Debug, Clone, PartialEq)]
pub struct EraseSubject(pub SubjectErased);

/// The keys of the person and of their cases were destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectErased {
    /// The person's cases, in the order of their referral.
    pub cases: Vec<CaseId>,
    /// Why.
    pub basis: ErasureBasis,
}

impl EraseSubject {
    /// Erasing again is a repetition: the first event is the answer.
    ///
    /// # Errors
    /// When nobody of this id is known, or a legal hold is in force.
    pub fn decide(self, person: &Person) -> Result<Option<PersonEvent>, PersonError> {
        if !person.registered {
            return Err(PersonError::NotRegistered);
        }
        if person.erased {
            return Ok(None);
        }
        match person.holds.len() {
            0 => Ok(Some(PersonEvent::SubjectErased(self.0))),
            holds => Err(PersonError::LegalHold { holds }),
        }
    }
}

impl From<EraseSubject> for PersonIntent {
    fn from(command: EraseSubject) -> Self {
        Self::EraseSubject(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::testing::{erase, erased, given, placed, registered, released};

    #[test]
    fn a_person_is_erased() {
        given([registered()]).when(erase()).then(erased());
    }

    #[test]
    fn erasing_again_is_quiet() {
        given([registered(), erased()]).when(erase()).then_nothing();
    }

    #[test]
    fn nobody_unknown_is_erased() {
        given([]).when(erase()).then_refused(&PersonError::NotRegistered);
    }

    #[test]
    fn a_legal_hold_refuses_until_the_last_is_released() {
        given([registered(), placed(), placed()])
            .when(erase())
            .then_refused(&PersonError::LegalHold { holds: 2 });
        given([registered(), placed(), placed(), released(2)])
            .when(erase())
            .then_refused(&PersonError::LegalHold { holds: 1 });
        given([registered(), placed(), released(2)]).when(erase()).then(erased());
    }

    #[test]
    fn nobody_is_erased_in_the_future() {
        given([registered()]).when_in_future(erase());
    }
}
