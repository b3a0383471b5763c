//! Recording a change in the protection of a person's children.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent};
use crate::code::Code;

/// Write down the change.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeChildProtectionStatus(pub ChildProtectionStatusChanged);

/// The children's protection status changed. It may be older than the case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChildProtectionStatusChanged {
    /// The status before, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Code>,
    /// The status after, as a code such as `child_protection_plan`.
    pub to: Code,
    /// How many children it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<u8>,
}

impl ChangeChildProtectionStatus {
    /// # Errors
    /// [`CaseError::NotReferred`] when there is no case to record it in.
    pub fn decide(self, case: &Case) -> Result<CaseEvent, CaseError> {
        case.require_referral()?;
        Ok(CaseEvent::ChildProtectionStatusChanged(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{ChangeChildProtectionStatus, ChildProtectionStatusChanged};
    use crate::case::testing::{at, closed, given, open_case, with};
    use crate::case::{CaseError, CaseEvent};

    fn sample() -> ChildProtectionStatusChanged {
        ChildProtectionStatusChanged {
            from: None,
            to: "child_protection_plan".parse().unwrap(),
            children: Some(3),
        }
    }

    #[test]
    fn a_child_protection_status_is_recorded() {
        given(open_case())
            .when(ChangeChildProtectionStatus(sample()), at(6))
            .then(CaseEvent::ChildProtectionStatusChanged(sample()));
    }

    #[test]
    fn a_child_protection_status_from_before_the_referral_is_recorded() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(ChangeChildProtectionStatus(sample()), at(0))
            .then(CaseEvent::ChildProtectionStatusChanged(sample()));
    }

    #[test]
    fn a_child_protection_status_needs_a_case() {
        given([])
            .when(ChangeChildProtectionStatus(sample()), at(6))
            .then_refused(&CaseError::NotReferred);
    }
}
