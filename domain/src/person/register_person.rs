//! Registering a person. The event holds no fact at all: everything about a person is identity,
//! and identity travels sealed beside the event.

use serde::{Deserialize, Serialize};

use crate::person::{Person, PersonError, PersonEvent, PersonIntent};

/// Make a person known to the tenant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegisterPerson;

/// A person became known to the tenant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRegistered {}

impl RegisterPerson {
    /// # Errors
    /// When the person is known already.
    pub fn decide(self, person: &Person) -> Result<PersonEvent, PersonError> {
        if person.registered {
            return Err(PersonError::AlreadyRegistered);
        }
        Ok(PersonEvent::PersonRegistered(PersonRegistered {}))
    }
}

impl From<RegisterPerson> for PersonIntent {
    fn from(command: RegisterPerson) -> Self {
        Self::RegisterPerson(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::testing::{given, registered};

    #[test]
    fn a_person_becomes_known() {
        given([]).when(RegisterPerson).then(registered());
    }

    #[test]
    fn a_person_becomes_known_once() {
        given([registered()]).when(RegisterPerson).then_refused(&PersonError::AlreadyRegistered);
    }
}
