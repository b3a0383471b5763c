//! Putting a referral on the waiting list.

use serde::{Deserialize, Serialize};

use crate::case::lifecycle::Transition;
use crate::case::{Case, CaseError, CaseEvent, CaseStatus, Moment};
use crate::code::Code;

/// Let a referred person wait for a place.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitlistReferral(pub ReferralWaitlisted);

/// The person waits for a place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReferralWaitlisted {
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Code>,
}

impl WaitlistReferral {
    /// # Errors
    /// When the referral waits already or is decided on.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        if case.status() == Some(CaseStatus::Waiting) {
            return Err(CaseError::AlreadyWaiting);
        }
        case.may_decide_referral(Transition::Waitlist, moment)?;
        Ok(CaseEvent::ReferralWaitlisted(self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::testing::{at, given, open_case, received, waitlist, waitlisted};
    use crate::case::{CaseError, CaseStatus};

    #[test]
    fn a_referral_waits() {
        given([(received(), at(1))]).when(waitlist(), at(2)).then(waitlisted());
    }

    #[test]
    fn a_referral_waits_once() {
        given([(received(), at(1)), (waitlisted(), at(2))])
            .when(waitlist(), at(3))
            .then_refused(&CaseError::AlreadyWaiting);
    }

    #[test]
    fn a_case_in_work_does_not_wait() {
        given(open_case())
            .when(waitlist(), at(8))
            .then_refused(&CaseError::NotAwaitingDecision { status: CaseStatus::Open });
    }
}
