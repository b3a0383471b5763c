//! Handing a case over from one worker to another: what was done for it, and whom the new worker
//! can turn to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::case::lifecycle::Transition;
use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{Agency, HandoverItem};

/// Give an open case to another worker, with what they need to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct HandOverCase(pub CaseHandedOver);

/// Another worker took the case over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseHandedOver {
    /// The new worker, as the subject of their token.
    pub worker: Code,
    /// Their team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Code>,
    /// Where they work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Code>,
    /// Why, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// What was done for the handover, by the programme's checklist.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checklist: BTreeMap<Code, HandoverItem>,
    /// The contacts passed on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<PassedContact>,
}

/// Somebody at an agency who knows the case. Their name and number belong in the narrative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassedContact {
    /// Where they work.
    pub agency: Agency,
    /// Their part in the case, as a code such as `social_worker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Code>,
}

impl HandOverCase {
    /// # Errors
    /// When the case is not open, or with this worker already.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.may_work(Transition::HandOver, moment)?;
        if case.state().worker.as_ref() == Some(&self.0.worker) {
            return Err(CaseError::SameWorker);
        }
        Ok(CaseEvent::CaseHandedOver(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseStatus;
    use crate::case::testing::{accepted, at, code, given, open_case, received};

    fn to(worker: &str) -> HandOverCase {
        HandOverCase(CaseHandedOver {
            worker: code(worker),
            team: None,
            location: None,
            reason: Some(code("worker_left")),
            checklist: BTreeMap::from([(code("introduced_to_person"), HandoverItem::Done)]),
            contacts: vec![PassedContact { agency: Agency::School, role: None }],
        })
    }

    #[test]
    fn an_open_case_is_handed_over() {
        let command = to("mrp-north");
        let expected = CaseEvent::CaseHandedOver(command.0.clone());
        given(open_case()).when(command, at(8)).then(expected);
    }

    #[test]
    fn a_case_is_not_handed_over_to_whoever_has_it() {
        given(open_case()).when(to("mrp-south"), at(8)).then_refused(&CaseError::SameWorker);
    }

    #[test]
    fn a_case_that_nobody_has_is_allocated_rather_than_handed_over() {
        given([(received(), at(1)), (accepted(), at(2))])
            .when(to("mrp-north"), at(8))
            .then_refused(&CaseError::NotInWork { status: CaseStatus::Accepted });
    }
}
