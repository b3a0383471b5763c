//! Providing support.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{Need, SupportKind, SupportStatus};

/// Write down support that was given.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvideSupport(pub SupportProvided);

/// The person was given support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupportProvided {
    /// What kind.
    pub kind: SupportKind,
    /// The need it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<Need>,
    /// How far a group programme has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme_status: Option<SupportStatus>,
    /// A skill learnt, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<Code>,
}

impl ProvideSupport {
    /// # Errors
    /// [`CaseError::OutsideEveryEpisode`] when nobody was working with the person then.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::SupportProvided(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{ProvideSupport, SupportProvided};
    use crate::case::testing::{at, closed, given, open_case, with};
    use crate::case::{CaseError, CaseEvent};
    use crate::code_lists::SupportKind;

    fn sample() -> SupportProvided {
        SupportProvided {
            kind: SupportKind::Practical,
            need: None,
            programme_status: None,
            skill: None,
        }
    }

    #[test]
    fn support_is_recorded() {
        given(open_case())
            .when(ProvideSupport(sample()), at(6))
            .then(CaseEvent::SupportProvided(sample()));
    }

    #[test]
    fn support_outside_every_episode_is_refused() {
        given(open_case())
            .when(ProvideSupport(sample()), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }

    #[test]
    fn support_inside_a_closed_episode_is_still_recorded() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(ProvideSupport(sample()), at(6))
            .then(CaseEvent::SupportProvided(sample()));
    }
}
