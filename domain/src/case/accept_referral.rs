//! Accepting a referral.

use serde::{Deserialize, Serialize};

use crate::case::lifecycle::Transition;
use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;

/// Take a referred person on.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptReferral(pub ReferralAccepted);

/// The programme took the person on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReferralAccepted {
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Code>,
}

impl AcceptReferral {
    /// # Errors
    /// When the referral is decided on already, or the decision comes before the referral.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.may_decide_referral(Transition::Accept, moment)?;
        Ok(CaseEvent::ReferralAccepted(self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::testing::{
        accept, accepted, at, closed, declined, given, open_case, received,
    };
    use crate::case::testing::{waitlisted, with};
    use crate::case::{CaseError, CaseStatus};

    #[test]
    fn a_referral_is_accepted() {
        given([(received(), at(1))]).when(accept(), at(2)).then(accepted());
    }

    #[test]
    fn a_waiting_referral_is_accepted() {
        given([(received(), at(1)), (waitlisted(), at(2))]).when(accept(), at(3)).then(accepted());
    }

    #[test]
    fn a_referral_is_decided_once() {
        given([(received(), at(1)), (declined(), at(2))])
            .when(accept(), at(3))
            .then_refused(&CaseError::NotAwaitingDecision { status: CaseStatus::Declined });
    }

    #[test]
    fn a_decision_cannot_come_before_the_referral() {
        given([(received(), at(5))])
            .when(accept(), at(4))
            .then_refused(&CaseError::BeforePreviousStep { previous_at: at(5).at });
    }

    #[test]
    fn a_closed_case_is_not_accepted_again() {
        given(with(open_case(), [(closed(), at(9))]))
            .when(accept(), at(10))
            .then_refused(&CaseError::NotAwaitingDecision { status: CaseStatus::Closed });
    }
}
