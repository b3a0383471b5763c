//! Proposing that a case be closed, for somebody else to approve by closing it, or to refuse. A
//! proposal is known by the event that made it.

use serde::{Deserialize, Serialize};

use crate::case::lifecycle::Transition;
use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::ClosureReason;
use crate::ids::EventId;

/// Propose that the case be closed.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposeClosure(pub ClosureProposed);

/// Somebody proposed to close the case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosureProposed {
    /// Why it should be closed.
    pub reason: ClosureReason,
    /// The events that the proposal rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EventId>,
}

/// Refuse a proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct RefuseClosure(pub ClosureRefused);

/// The case stays open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosureRefused {
    /// The proposal: the event that made it.
    pub proposal: EventId,
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
}

impl ProposeClosure {
    /// # Errors
    /// When the case is not in work, a proposal waits already, or evidence is not of this case or was
    /// retracted.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.may_work(Transition::Close, moment)?;
        if case.state().closure_proposal.is_some() {
            return Err(CaseError::ClosureProposed);
        }
        case.require_evidence(&self.0.evidence)?;
        Ok(CaseEvent::ClosureProposed(self.0))
    }
}

impl RefuseClosure {
    /// # Errors
    /// When the case has no such proposal, or it is retracted or waits no longer.
    pub fn decide(self, case: &Case) -> Result<CaseEvent, CaseError> {
        case.require_referral()?;
        let event_id = self.0.proposal;
        let found = case.find(event_id).map(|recorded| &recorded.event);
        if !matches!(found, Some(CaseEvent::ClosureProposed(_))) {
            return Err(CaseError::UnknownFact { event_id });
        }
        if case.state().closure_proposal != Some(event_id) {
            case.require_standing(event_id)?;
            return Err(CaseError::ClosureProposalDecided);
        }
        Ok(CaseEvent::ClosureRefused(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::close_case::CloseCase;
    use crate::case::testing::{at, close, closed, event_id, given, open_case, retracted, with};
    use crate::time::Occurred;

    fn propose() -> ProposeClosure {
        ProposeClosure(ClosureProposed {
            reason: ClosureReason::GoalsMet,
            evidence: vec![event_id(3)],
        })
    }

    fn proposed() -> CaseEvent {
        CaseEvent::ClosureProposed(propose().0)
    }

    fn refuse(proposal: u8) -> RefuseClosure {
        RefuseClosure(ClosureRefused { proposal: event_id(proposal), reason: None })
    }

    /// An open case whose fourth event proposes to close it.
    fn a_case_proposed_to_be_closed() -> Vec<(CaseEvent, Occurred)> {
        with(open_case(), [(proposed(), at(5))])
    }

    #[test]
    fn a_closure_is_proposed_once_at_a_time() {
        given(open_case()).when(propose(), at(5)).then(proposed());
        given(a_case_proposed_to_be_closed())
            .when(propose(), at(6))
            .then_refused(&CaseError::ClosureProposed);
        let refused = CaseEvent::ClosureRefused(refuse(4).0);
        given(with(a_case_proposed_to_be_closed(), [(refused, at(6))]))
            .when(propose(), at(7))
            .then(proposed());
    }

    #[test]
    fn a_proposal_is_refused_while_it_waits() {
        given(a_case_proposed_to_be_closed())
            .when(refuse(4), at(6))
            .then(CaseEvent::ClosureRefused(refuse(4).0));
        given(with(a_case_proposed_to_be_closed(), [(closed(), at(8))]))
            .when(refuse(4), at(9))
            .then_refused(&CaseError::ClosureProposalDecided);
    }

    #[test]
    fn a_proposal_that_was_retracted_is_not_refused() {
        given(with(a_case_proposed_to_be_closed(), [(retracted(4), at(6))]))
            .when(refuse(4), at(7))
            .then_refused(&CaseError::AlreadyRetracted);
    }

    #[test]
    fn an_event_that_is_no_proposal_of_this_case_is_not_refused() {
        for event in [1, 99] {
            given(a_case_proposed_to_be_closed())
                .when(refuse(event), at(6))
                .then_refused(&CaseError::UnknownFact { event_id: event_id(event) });
        }
    }

    #[test]
    fn a_closure_names_the_proposal_that_waits_or_none() {
        let mut command: CloseCase = close();
        command.0.proposal = Some(event_id(4));
        let expected = CaseEvent::CaseClosed(command.0.clone());
        given(a_case_proposed_to_be_closed()).when(command.clone(), at(8)).then(expected);
        given(open_case())
            .when(command, at(8))
            .then_refused(&CaseError::UnknownClosureProposal { proposal: event_id(4) });
    }

    #[test]
    fn evidence_is_of_this_case() {
        let mut command = propose();
        command.0.evidence = vec![event_id(99)];
        given(open_case())
            .when(command, at(8))
            .then_refused(&CaseError::UnknownEvidence { event_id: event_id(99) });
    }
}
