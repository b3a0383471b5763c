//! Allocating a case to a worker. The first allocation opens it; a later one moves it.

use serde::{Deserialize, Serialize};

use crate::case::lifecycle::Transition;
use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;

/// Give an accepted case to a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocateCase(pub CaseAllocated);

/// A worker took the case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseAllocated {
    /// The worker, as the subject of their token.
    pub worker: Code,
    /// Their team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Code>,
    /// Where they work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Code>,
    /// Why this worker, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// Whether the case was given although that may be more than the worker can take.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_capacity: bool,
}

impl AllocateCase {
    /// # Errors
    /// When the case is not accepted, or closed, or the allocation comes before the last step.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.may_work(Transition::Allocate, moment)?;
        Ok(CaseEvent::CaseAllocated(self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::testing::{accepted, allocate, allocated, at, given, open_case, received};
    use crate::case::{CaseError, CaseStatus};

    #[test]
    fn an_accepted_case_is_allocated() {
        given([(received(), at(1)), (accepted(), at(2))])
            .when(allocate("mrp-south"), at(3))
            .then(allocated("mrp-south"));
    }

    #[test]
    fn an_open_case_moves_to_another_worker() {
        given(open_case()).when(allocate("mrp-north"), at(8)).then(allocated("mrp-north"));
    }

    #[test]
    fn an_undecided_referral_is_not_allocated() {
        given([(received(), at(1))])
            .when(allocate("mrp-south"), at(3))
            .then_refused(&CaseError::NotInWork { status: CaseStatus::Referred });
    }
}
