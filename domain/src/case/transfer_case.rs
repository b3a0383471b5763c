//! Transferring a case to another of the programme's areas.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;

/// Move a case to another area.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferCase(pub CaseTransferred);

/// The case moved to another area of the programme. Figures of referrals stay with the area that
/// the person was referred in; a caseload goes by the area that the case is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseTransferred {
    /// The area it moved to.
    pub area: Code,
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
}

impl TransferCase {
    /// # Errors
    /// When nobody was working with the person then, or the case is in this area.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        if case.state().area.as_ref() == Some(&self.0.area) {
            return Err(CaseError::SameArea);
        }
        Ok(CaseEvent::CaseTransferred(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, code, given, open_case, with};

    fn to(area: &str) -> TransferCase {
        TransferCase(CaseTransferred { area: code(area), reason: None })
    }

    #[test]
    fn a_case_moves_to_another_area() {
        let moved = CaseEvent::CaseTransferred(to("north").0);
        given(open_case()).when(to("north"), at(8)).then(moved.clone());
        let state = given(with(open_case(), [(moved, at(8))])).state();
        assert_eq!(state.area, Some(code("north")));
    }

    #[test]
    fn a_case_does_not_move_to_where_it_is() {
        given(open_case()).when(to("south"), at(8)).then_refused(&CaseError::SameArea);
    }

    #[test]
    fn a_case_outside_every_episode_does_not_move() {
        given(open_case())
            .when(to("north"), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }
}
