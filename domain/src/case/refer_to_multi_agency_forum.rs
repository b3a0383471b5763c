//! Referring a case to a multi-agency forum.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{Forum, ForumCriterion};

/// Write down a referral to a forum.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferToMultiAgencyForum(pub MultiAgencyReferralMade);

/// The case was referred to a forum in which agencies meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultiAgencyReferralMade {
    /// Which forum.
    pub forum: Forum,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<ForumCriterion>,
    /// The rule, with its version, that the criterion rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Code>,
}

impl ReferToMultiAgencyForum {
    /// # Errors
    /// [`CaseError::OutsideEveryEpisode`] when nobody was working with the person then.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::MultiAgencyReferralMade(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{MultiAgencyReferralMade, ReferToMultiAgencyForum};
    use crate::case::testing::{at, closed, given, open_case, with};
    use crate::case::{CaseError, CaseEvent};
    use crate::code_lists::Forum;

    fn sample() -> MultiAgencyReferralMade {
        MultiAgencyReferralMade { forum: Forum::Marac, criterion: None, rule: None }
    }

    #[test]
    fn a_referral_to_a_forum_is_recorded() {
        given(open_case())
            .when(ReferToMultiAgencyForum(sample()), at(6))
            .then(CaseEvent::MultiAgencyReferralMade(sample()));
    }

    #[test]
    fn a_referral_to_a_forum_outside_every_episode_is_refused() {
        given(open_case())
            .when(ReferToMultiAgencyForum(sample()), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }

    #[test]
    fn a_referral_to_a_forum_inside_a_closed_episode_is_still_recorded() {
        given(with(open_case(), [(closed(), at(8))]))
            .when(ReferToMultiAgencyForum(sample()), at(6))
            .then(CaseEvent::MultiAgencyReferralMade(sample()));
    }
}
