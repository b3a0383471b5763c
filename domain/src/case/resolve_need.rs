//! Resolving a need: what came of something that the person needed help with. A need is known by
//! the event that identified it.

use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent};
use crate::code_lists::NeedOutcome;
use crate::ids::EventId;

/// Write down what came of a need.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolveNeed(pub NeedResolved);

/// A need is no longer worked on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NeedResolved {
    /// The need: the event that identified it.
    pub need: EventId,
    /// What came of it.
    pub outcome: NeedOutcome,
}

impl ResolveNeed {
    /// # Errors
    /// When the case has no such need, or it is retracted or resolved already. Like an agency's answer, the
    /// outcome may come after the case closed.
    pub fn decide(self, case: &Case) -> Result<CaseEvent, CaseError> {
        case.require_referral()?;
        let need = self.0.need;
        let found = case.find(need).map(|recorded| &recorded.event);
        if !matches!(found, Some(CaseEvent::NeedIdentified(_))) {
            return Err(CaseError::UnknownNeed { need });
        }
        if case.state().open_needs.iter().all(|open| open.event_id != need) {
            case.require_standing(need)?;
            return Err(CaseError::NeedResolved);
        }
        Ok(CaseEvent::NeedResolved(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::identify_need::NeedIdentified;
    use crate::case::testing::{at, event_id, given, open_case, retracted, with};
    use crate::code_lists::Need;
    use crate::time::Occurred;

    fn resolve(need: u8) -> ResolveNeed {
        ResolveNeed(NeedResolved { need: event_id(need), outcome: NeedOutcome::Met })
    }

    fn resolved(need: u8) -> CaseEvent {
        CaseEvent::NeedResolved(resolve(need).0)
    }

    /// An open case whose fourth event identified a need.
    fn a_case_with_a_need() -> Vec<(CaseEvent, Occurred)> {
        let need = NeedIdentified { need: Need::Housing, severity: None, source: None };
        with(open_case(), [(CaseEvent::NeedIdentified(need), at(5))])
    }

    #[test]
    fn a_need_is_resolved() {
        given(a_case_with_a_need()).when(resolve(4), at(8)).then(resolved(4));
    }

    #[test]
    fn a_need_is_resolved_once() {
        given(with(a_case_with_a_need(), [(resolved(4), at(8))]))
            .when(resolve(4), at(9))
            .then_refused(&CaseError::NeedResolved);
    }

    #[test]
    fn a_need_that_was_retracted_is_not_resolved() {
        given(with(a_case_with_a_need(), [(retracted(4), at(8))]))
            .when(resolve(4), at(9))
            .then_refused(&CaseError::AlreadyRetracted);
    }

    #[test]
    fn an_event_that_is_no_need_of_this_case_is_not_resolved() {
        for event in [1, 99] {
            given(a_case_with_a_need())
                .when(resolve(event), at(8))
                .then_refused(&CaseError::UnknownNeed { need: event_id(event) });
        }
    }
}
