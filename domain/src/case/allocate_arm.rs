//! Allocating a case to an arm of a trial. Drawn once, and never again: an allocation is neither
//! corrected nor retracted.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::case::lifecycle::Transition;
use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;

/// Write down the arm that was drawn for a case.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocateArm(pub ArmAllocated);

/// The case belongs to an arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmAllocated {
    /// Which, as the programme names it.
    pub arm: Code,
    /// How it was drawn, by name and version, such as `permuted-block/1`.
    pub method: Code,
    /// The allocation schedule that it was drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Uuid>,
    /// Its place in the schedule, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// The block of the schedule that this place lies in, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u32>,
    /// The SHA-256 of the schedule's seed in hexadecimal: the seed itself stays concealed while the
    /// schedule is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Code>,
}

impl AllocateArm {
    /// # Errors
    /// When the case has an arm, or is not in work.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.may_be_drawn(moment)?;
        Ok(CaseEvent::ArmAllocated(self.0))
    }
}

impl Case {
    /// Whether an arm may be drawn for the case now.
    ///
    /// # Errors
    /// When the case has an arm, or is not in work.
    pub fn may_be_drawn(&self, moment: &Moment) -> Result<(), CaseError> {
        if self.state().arm.is_some() {
            return Err(CaseError::ArmIsFinal);
        }
        // Between acceptance and closure, as a closure is: but no step of its own.
        self.may_work(Transition::Close, moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::amend_fact::{CorrectFact, FactCorrected, FactRetracted, RetractFact};
    use crate::case::testing::{at, code, event_id, given, open_case, with};

    fn arm(name: &str) -> AllocateArm {
        AllocateArm(ArmAllocated {
            arm: code(name),
            method: code("permuted-block/1"),
            schedule: Some(Uuid::from_u128(5)),
            sequence: Some(3),
            block: Some(1),
            seed: None,
        })
    }

    fn allocated(name: &str) -> CaseEvent {
        CaseEvent::ArmAllocated(arm(name).0)
    }

    #[test]
    fn a_case_is_given_an_arm_once() {
        given(open_case()).when(arm("control"), at(8)).then(allocated("control"));
        given(with(open_case(), [(allocated("control"), at(8))]))
            .when(arm("intervention"), at(9))
            .then_refused(&CaseError::ArmIsFinal);
    }

    #[test]
    fn an_arm_is_neither_corrected_nor_retracted() {
        let case = with(open_case(), [(allocated("control"), at(8))]);
        given(case.clone())
            .when(RetractFact(FactRetracted { retracts: event_id(4) }), at(9))
            .then_refused(&CaseError::ArmIsFinal);
        let corrects = event_id(4);
        let replacement = Box::new(allocated("intervention"));
        given(case)
            .when(CorrectFact(FactCorrected { corrects, occurred: at(8), replacement }), at(9))
            .then_refused(&CaseError::ArmIsFinal);
    }
}
