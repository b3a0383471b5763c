//! Declining a referral.

use serde::{Deserialize, Serialize};

use crate::case::lifecycle::Transition;
use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::DeclineReason;

/// Do not take a referred person on.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclineReferral(pub ReferralDeclined);

/// The programme did not take the person on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferralDeclined {
    /// Why.
    pub reason: DeclineReason,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Code>,
}

impl DeclineReferral {
    /// # Errors
    /// When the referral is decided on already, or the decision comes before the referral.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.may_decide_referral(Transition::Decline, moment)?;
        Ok(CaseEvent::ReferralDeclined(self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::testing::{at, decline, declined, given, open_case, received};
    use crate::case::{CaseError, CaseStatus};

    #[test]
    fn a_referral_is_declined() {
        given([(received(), at(1))]).when(decline(), at(2)).then(declined());
    }

    #[test]
    fn a_case_in_work_is_closed_rather_than_declined() {
        given(open_case())
            .when(decline(), at(8))
            .then_refused(&CaseError::NotAwaitingDecision { status: CaseStatus::Open });
    }

    #[test]
    fn what_was_never_referred_cannot_be_declined() {
        given([]).when(decline(), at(2)).then_refused(&CaseError::NotReferred);
    }
}
