//! Recording what an agency did, or was asked to do.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{Agency, AgencyAction, AgencyPurpose, AgencyWork};

/// Write down an agency's action.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordAgencyAction(pub AgencyActionRecorded);

/// An agency acted, or was asked to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgencyActionRecorded {
    /// Which agency.
    pub agency: Agency,
    /// What it did.
    pub action: AgencyAction,
    /// With the person, or about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<AgencyWork>,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<AgencyPurpose>,
    /// What came of it, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Code>,
}

impl RecordAgencyAction {
    /// # Errors
    /// [`CaseError::OutsideEveryEpisode`] when nobody was working with the person then.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::AgencyActionRecorded(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{AgencyActionRecorded, RecordAgencyAction};
    use crate::case::testing::{at, closed, given, open_case, with};
    use crate::case::{CaseError, CaseEvent};
    use crate::code_lists::{Agency, AgencyAction};

    fn sample() -> AgencyActionRecorded {
        AgencyActionRecorded {
            agency: Agency::Police,
            action: AgencyAction::JointMeeting,
            work: None,
            purpose: None,
            outcome: None,
        }
    }

    #[test]
    fn an_agency_action_is_recorded() {
        given(open_case())
            .when(RecordAgencyAction(sample()), at(6))
            .then(CaseEvent::AgencyActionRecorded(sample()));
    }

    #[test]
    fn an_agency_action_outside_every_episode_is_refused() {
        given(open_case())
            .when(RecordAgencyAction(sample()), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }

    #[test]
    fn an_agency_action_inside_a_closed_episode_is_still_recorded() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(RecordAgencyAction(sample()), at(6))
            .then(CaseEvent::AgencyActionRecorded(sample()));
    }
}
