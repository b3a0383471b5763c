//! Identifying something a person needs help with.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{Need, Severity};

/// Write down a need.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentifyNeed(pub NeedIdentified);

/// The person needs help with something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NeedIdentified {
    /// What with.
    pub need: Need,
    /// How badly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Who says so, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Code>,
}

impl IdentifyNeed {
    /// # Errors
    /// [`CaseError::OutsideEveryEpisode`] when nobody was working with the person then.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::NeedIdentified(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{IdentifyNeed, NeedIdentified};
    use crate::case::testing::{at, closed, given, open_case, with};
    use crate::case::{CaseError, CaseEvent};
    use crate::code_lists::Need;

    fn sample() -> NeedIdentified {
        NeedIdentified { need: Need::Housing, severity: None, source: None }
    }

    #[test]
    fn a_need_is_recorded() {
        given(open_case())
            .when(IdentifyNeed(sample()), at(6))
            .then(CaseEvent::NeedIdentified(sample()));
    }

    #[test]
    fn a_need_outside_every_episode_is_refused() {
        given(open_case())
            .when(IdentifyNeed(sample()), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }

    #[test]
    fn a_need_inside_a_closed_episode_is_still_recorded() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(IdentifyNeed(sample()), at(6))
            .then(CaseEvent::NeedIdentified(sample()));
    }
}
