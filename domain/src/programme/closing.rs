//! Whether a case may be closed in the way its programme closes cases: for a reason of the
//! definition that the case keeps, on evidence where that is asked for, and with four eyes where a
//! manager approves (ADR 0033).

use crate::case::close_case::CaseClosed;
use crate::case::propose_closure::ClosureProposed;
use crate::code::Code;
use crate::code_lists::{ClosureReason, CodeList as _};
use crate::programme::Programme;

/// What the programme says against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClosureMisfit {
    /// The programme does not close cases for this reason.
    #[error("the programme does not close cases for the reason")]
    ReasonNotAllowed,
    /// The reason has to name what it rests on.
    #[error("the programme wants evidence for the reason")]
    EvidenceNeeded,
    /// The reason needs a proposal that waits, and a manager who approves it.
    #[error("the programme has a manager approve a proposal for the reason")]
    ApprovalNeeded,
    /// Whoever had a part in the proposal does not approve it.
    #[error("nobody approves what they proposed")]
    SelfApproval,
}

/// The proposal that a closure follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Followed<'a> {
    /// What is proposed, as it now stands.
    pub proposal: &'a ClosureProposed,
    /// Whether whoever closes made the proposal, or had a part in it by correcting it.
    pub is_own: bool,
}

impl Programme {
    /// Whether closing for this reason is approved by a manager.
    #[must_use]
    pub fn has_closure_approved(&self, reason: ClosureReason) -> bool {
        names(&self.closure.approval_for, reason)
    }

    /// Whether a closure for this reason may be proposed, resting on so many events.
    ///
    /// # Errors
    /// [`ClosureMisfit::ReasonNotAllowed`]; [`ClosureMisfit::EvidenceNeeded`].
    pub fn check_closure_reason(
        &self,
        reason: ClosureReason,
        evidence: usize,
    ) -> Result<(), ClosureMisfit> {
        if !names(&self.closure.reasons, reason) {
            return Err(ClosureMisfit::ReasonNotAllowed);
        }
        if evidence == 0 && names(&self.closure.evidence_for, reason) {
            return Err(ClosureMisfit::EvidenceNeeded);
        }
        Ok(())
    }

    /// Whether a case may be closed so. A closure rests on its own evidence and on that of the
    /// proposal it follows. `approves`: whether whoever closes is a manager.
    ///
    /// # Errors
    /// [`ClosureMisfit`]: the first thing that the programme says against it.
    pub fn check_closure(
        &self,
        closure: &CaseClosed,
        followed: Option<Followed<'_>>,
        approves: bool,
    ) -> Result<(), ClosureMisfit> {
        let proposed = followed.map_or(0, |followed| followed.proposal.evidence.len());
        self.check_closure_reason(closure.reason, closure.evidence.len() + proposed)?;
        if !self.has_closure_approved(closure.reason) {
            return Ok(());
        }
        match followed {
            Some(Followed { proposal, is_own })
                if approves && proposal.reason == closure.reason =>
            {
                if is_own {
                    Err(ClosureMisfit::SelfApproval)
                } else {
                    Ok(())
                }
            }
            Some(_) | None => Err(ClosureMisfit::ApprovalNeeded),
        }
    }

    /// Whether a closure may be corrected so. What the programme says is asked of what the
    /// correction changes; a closure that needs approval then is approved by the correction, if a
    /// manager makes it. `proposed`: how many events its proposal rests on. `is_own`: whether
    /// whoever corrects closed the case, or corrected the closure before.
    ///
    /// # Errors
    /// [`ClosureMisfit`]: the first thing that the programme says against it.
    pub fn check_corrected_closure(
        &self,
        (was, is): (&CaseClosed, &CaseClosed),
        proposed: usize,
        approves: bool,
        is_own: bool,
    ) -> Result<(), ClosureMisfit> {
        if was == is {
            return Ok(());
        }
        self.check_closure_reason(is.reason, is.evidence.len() + proposed)?;
        let of = |facts: &CaseClosed| (facts.reason, facts.approver.clone(), facts.proposal);
        if !self.has_closure_approved(is.reason) || of(was) == of(is) {
            return Ok(());
        }
        match (approves, is_own) {
            (false, _) => Err(ClosureMisfit::ApprovalNeeded),
            (true, true) => Err(ClosureMisfit::SelfApproval),
            (true, false) => Ok(()),
        }
    }
}

fn names(reasons: &[Code], reason: ClosureReason) -> bool {
    reasons.iter().any(|code| code.as_str() == reason.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::event_id;
    use crate::programme::Programmes;

    /// The MRP: evidence for `disengaged`, approval for `criteria_changed`, every reason but those
    /// taken out here.
    fn mrp() -> Programme {
        let mut mrp = Programmes::shipped().find("mrp", 1).unwrap().as_ref().clone();
        mrp.closure.reasons.retain(|reason| reason.as_str() != "duplicate");
        mrp
    }

    fn closure(reason: ClosureReason, evidence: usize) -> CaseClosed {
        let evidence = vec![event_id(1); evidence];
        CaseClosed { reason, evidence, approver: None, proposal: None }
    }

    fn proposal(reason: ClosureReason, evidence: usize) -> ClosureProposed {
        ClosureProposed { reason, evidence: vec![event_id(2); evidence] }
    }

    #[test]
    fn a_case_is_closed_for_a_reason_of_its_programme() {
        let check = |reason| mrp().check_closure(&closure(reason, 0), None, false);
        assert_eq!(check(ClosureReason::GoalsMet), Ok(()));
        assert_eq!(check(ClosureReason::Duplicate), Err(ClosureMisfit::ReasonNotAllowed));
    }

    #[test]
    fn evidence_is_the_closures_own_or_its_proposals() {
        let check = |own, proposed| {
            let proposal = proposal(ClosureReason::Disengaged, proposed);
            let followed = Followed { proposal: &proposal, is_own: true };
            mrp().check_closure(&closure(ClosureReason::Disengaged, own), Some(followed), false)
        };
        assert_eq!(check(0, 0), Err(ClosureMisfit::EvidenceNeeded));
        assert_eq!(check(1, 0), Ok(()));
        assert_eq!(check(0, 1), Ok(()));
        let check = |evidence| mrp().check_closure_reason(ClosureReason::Disengaged, evidence);
        assert_eq!(check(0), Err(ClosureMisfit::EvidenceNeeded));
        assert_eq!(check(1), Ok(()));
    }

    #[test]
    fn a_manager_approves_what_somebody_else_proposed_for_that_reason() {
        let facts = closure(ClosureReason::CriteriaChanged, 0);
        let check = |reason, is_own, approves| {
            let proposal = proposal(reason, 0);
            mrp().check_closure(&facts, Some(Followed { proposal: &proposal, is_own }), approves)
        };
        let reason = ClosureReason::CriteriaChanged;
        assert_eq!(check(reason, false, true), Ok(()));
        assert_eq!(check(reason, true, true), Err(ClosureMisfit::SelfApproval));
        assert_eq!(check(reason, false, false), Err(ClosureMisfit::ApprovalNeeded));
        let other = ClosureReason::GoalsMet;
        assert_eq!(check(other, false, true), Err(ClosureMisfit::ApprovalNeeded));
        let unproposed = mrp().check_closure(&facts, None, true);
        assert_eq!(unproposed, Err(ClosureMisfit::ApprovalNeeded));
    }

    #[test]
    fn a_correction_is_no_way_round_the_approval() {
        let was = closure(ClosureReason::GoalsMet, 0);
        let check = |reason, approves, is_own| {
            mrp().check_corrected_closure((&was, &closure(reason, 0)), 0, approves, is_own)
        };
        assert_eq!(check(ClosureReason::GoalsMet, false, true), Ok(()));
        assert_eq!(check(ClosureReason::Declined, false, true), Ok(()));
        let refused = |misfit| Err(misfit);
        let reason = ClosureReason::CriteriaChanged;
        assert_eq!(
            check(ClosureReason::Duplicate, true, false),
            refused(ClosureMisfit::ReasonNotAllowed)
        );
        assert_eq!(
            check(ClosureReason::Disengaged, true, false),
            refused(ClosureMisfit::EvidenceNeeded)
        );
        assert_eq!(check(reason, false, false), refused(ClosureMisfit::ApprovalNeeded));
        assert_eq!(check(reason, true, true), refused(ClosureMisfit::SelfApproval));
        assert_eq!(check(reason, true, false), Ok(()));
    }
}
