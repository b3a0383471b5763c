//! Completing a review: the case was looked at as a whole, and the next time is set.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::time::Occurred;

/// Write down a review.
#[derive(Debug, Clone, PartialEq)]
pub struct CompleteReview(pub ReviewCompleted);

/// The case was reviewed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewCompleted {
    /// The programme's stage that it was the review of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Code>,
    /// When the next is due, where that was set by hand; else the programme's schedule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Timestamp>,
}

impl ReviewCompleted {
    pub(crate) fn check(&self, occurred: Occurred) -> Result<(), CaseError> {
        let (earliest, _) = occurred.bounds();
        match self.next_due {
            Some(due) if due <= earliest => Err(CaseError::DueBeforeReview),
            _ => Ok(()),
        }
    }
}

impl CompleteReview {
    /// # Errors
    /// When nobody was working with the person then.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::ReviewCompleted(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, code, given, open_case};

    fn reviewed(next_due: Option<i64>) -> CompleteReview {
        let next_due = next_due.map(|day| at(day).at);
        CompleteReview(ReviewCompleted { stage: Some(code("review")), next_due })
    }

    #[test]
    fn a_review_is_recorded() {
        let expected = CaseEvent::ReviewCompleted(reviewed(Some(90)).0);
        given(open_case()).when(reviewed(Some(90)), at(8)).then(expected);
    }

    #[test]
    fn the_next_review_comes_after_this_one() {
        given(open_case()).when(reviewed(Some(8)), at(8)).then_refused(&CaseError::DueBeforeReview);
    }

    #[test]
    fn a_review_outside_every_episode_is_refused() {
        given(open_case())
            .when(reviewed(None), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }
}
