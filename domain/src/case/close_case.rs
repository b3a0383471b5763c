//! Closing a case: the end of an episode.

use serde::{Deserialize, Serialize};

use crate::case::lifecycle::Transition;
use crate::case::{Case, CaseError, CaseEvent, CaseStatus, Moment};
use crate::code::Code;
use crate::code_lists::ClosureReason;
use crate::ids::EventId;

/// End the episode.
#[derive(Debug, Clone, PartialEq)]
pub struct CloseCase(pub CaseClosed);

/// The episode ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseClosed {
    /// Why.
    pub reason: ClosureReason,
    /// The events that the decision rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EventId>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Code>,
    /// The proposal that it follows: the event that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<EventId>,
}

impl CloseCase {
    /// # Errors
    /// When the case is not in work or closed already, evidence is not of this case or was
    /// retracted, or no such proposal waits.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        if case.status() == Some(CaseStatus::Closed) {
            return Err(CaseError::AlreadyClosed);
        }
        case.may_work(Transition::Close, moment)?;
        case.require_evidence(&self.0.evidence)?;
        if let Some(proposal) = self.0.proposal {
            case.require_proposal(proposal)?;
        }
        Ok(CaseEvent::CaseClosed(self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::testing::{
        assessed, at, close, closed, event_id, given, open_case, received, retracted, with,
    };
    use crate::case::{CaseError, CaseStatus};
    use crate::code_lists::RiskLevel::Medium;

    #[test]
    fn an_open_case_is_closed() {
        given(open_case()).when(close(), at(8)).then(closed());
    }

    #[test]
    fn a_closed_case_is_not_closed_again() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(close(), at(9))
            .then_refused(&CaseError::AlreadyClosed);
    }

    #[test]
    fn an_undecided_referral_is_declined_rather_than_closed() {
        given([(received(), at(1))])
            .when(close(), at(9))
            .then_refused(&CaseError::NotInWork { status: CaseStatus::Referred });
    }

    #[test]
    fn evidence_is_of_this_case() {
        let mut command = close();
        command.0.evidence = vec![event_id(1), event_id(99)];
        given(open_case())
            .when(command, at(8))
            .then_refused(&CaseError::UnknownEvidence { event_id: event_id(99) });
    }

    #[test]
    fn what_was_retracted_is_no_evidence() {
        let case = with(open_case(), [(assessed(Medium), at(5)), (retracted(4), at(6))]);
        let mut command = close();
        command.0.evidence = vec![event_id(1), event_id(4)];
        given(case).when(command, at(8)).then_refused(&CaseError::AlreadyRetracted);
    }
}
