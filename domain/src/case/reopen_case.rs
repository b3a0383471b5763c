//! Reopening a closed case: the next episode.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, CaseStatus, Moment};
use crate::code::Code;

/// Take a closed case up again.
#[derive(Debug, Clone, PartialEq)]
pub struct ReopenCase(pub CaseReopened);

/// The next episode began.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseReopened {
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
}

impl ReopenCase {
    /// # Errors
    /// When the case is not closed, or it would reopen before it closed.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        match case.status() {
            None => return Err(CaseError::NotReferred),
            Some(CaseStatus::Closed) => case.may_take(moment)?,
            Some(status) => return Err(CaseError::NotClosed { status }),
        }
        Ok(CaseEvent::CaseReopened(self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::testing::{at, closed, given, open_case, reopen, reopened, with};
    use crate::case::{CaseError, CaseStatus};

    #[test]
    fn a_closed_case_begins_its_next_episode() {
        given(with(open_case(), [(closed(), at(8))])).when(reopen(), at(9)).then(reopened());
    }

    #[test]
    fn an_open_case_is_not_reopened() {
        given(open_case())
            .when(reopen(), at(8))
            .then_refused(&CaseError::NotClosed { status: CaseStatus::Open });
    }

    #[test]
    fn a_case_cannot_reopen_before_it_closed() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(reopen(), at(7))
            .then_refused(&CaseError::BeforePreviousStep { previous_at: at(8).at });
    }
}
