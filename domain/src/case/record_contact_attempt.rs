//! Recording an attempt to reach a person.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{Agency, ContactChannel, ContactDirection, ContactOutcome};

/// Write down an attempt, successful or not.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordContactAttempt(pub ContactAttempted);

/// Somebody tried to reach the person, or the person turned to the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactAttempted {
    /// How.
    pub channel: ContactChannel,
    /// What came of it; only `reached` is a success.
    pub outcome: ContactOutcome,
    /// Who turned to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<ContactDirection>,
    /// How long it took, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_min: Option<u32>,
    /// What for, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Code>,
    /// Where, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Code>,
    /// The agency it was made together with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint_with: Option<Agency>,
}

impl RecordContactAttempt {
    /// # Errors
    /// [`CaseError::OutsideEveryEpisode`] when nobody was working with the person then.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::ContactAttempted(self.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::case::CaseError;
    use crate::case::testing::{at, attempt, attempted, closed, given, open_case, reopened, with};

    #[test]
    fn an_attempt_is_recorded() {
        given(open_case()).when(attempt(), at(6)).then(attempted());
    }

    #[test]
    fn a_late_attempt_inside_a_closed_episode_is_still_recorded() {
        given(with(open_case(), [(closed(), at(8))])).when(attempt(), at(6)).then(attempted());
    }

    #[test]
    fn an_attempt_outside_every_episode_is_refused() {
        let case = with(open_case(), [(closed(), at(8)), (reopened(), at(12))]);
        for day in [0, 9, 11] {
            given(case.clone())
                .when(attempt(), at(day))
                .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(day).at });
        }
        given(case).when(attempt(), at(13)).then(attempted());
    }

    #[test]
    fn an_attempt_in_the_future_is_refused() {
        given(open_case())
            .when(attempt(), at(1000))
            .then_refused(&CaseError::InFuture { occurred_at: at(1000).at });
    }
}
