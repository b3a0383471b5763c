//! Where a person is placed, and where they move.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;

/// Write down a move.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePlacement(pub PlacementChanged);

/// The person moved into, out of, or between placements. Codes name homes or kinds of home, never
/// an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlacementChanged {
    /// What kind of placement, as a code such as `specialist_home`.
    pub kind: Code,
    /// The placement left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Code>,
    /// The placement entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Code>,
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
}

impl PlacementChanged {
    pub(crate) fn check(&self) -> Result<(), CaseError> {
        if self.from == self.to { Err(CaseError::NoPlacement) } else { Ok(()) }
    }
}

impl ChangePlacement {
    /// # Errors
    /// When nobody was working with the person then.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::PlacementChanged(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, code, given, open_case};

    fn moved(from: Option<&str>, to: Option<&str>) -> ChangePlacement {
        ChangePlacement(PlacementChanged {
            kind: code("specialist_home"),
            from: from.map(code),
            to: to.map(code),
            reason: None,
        })
    }

    #[test]
    fn a_move_is_recorded() {
        for command in [
            moved(None, Some("home_1")),
            moved(Some("home_1"), Some("home_2")),
            moved(Some("home_2"), None),
        ] {
            let expected = CaseEvent::PlacementChanged(command.0.clone());
            given(open_case()).when(command, at(8)).then(expected);
        }
    }

    #[test]
    fn a_move_from_nowhere_to_nowhere_is_refused() {
        for command in [moved(None, None), moved(Some("home_1"), Some("home_1"))] {
            given(open_case()).when(command, at(8)).then_refused(&CaseError::NoPlacement);
        }
    }

    #[test]
    fn a_move_outside_every_episode_is_refused() {
        given(open_case())
            .when(moved(None, Some("home_1")), at(0))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
    }
}
