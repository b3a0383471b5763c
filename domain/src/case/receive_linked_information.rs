//! Being told something of a linked case: what the sharing rule lets through, as a fact of the case
//! that is told.
//!
//! The service records it, and nobody else: it names neither the other case, nor its person, nor the
//! event that it comes from, and it is neither corrected nor retracted. A later one supersedes it.
//! Nothing of the case rests on it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::set_safe_contact_plan::SafeHours;
use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code_lists::{ChannelSafety, ContactChannel, RiskLevel};
use crate::time::Occurred;

/// Write down what was passed from a linked case.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiveLinkedInformation(pub LinkedInformationReceived);

/// Something passed from a linked case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LinkedInformationReceived {
    /// The level of risk changed there, or is told for the first time.
    RiskChange(LinkedRisk),
    /// How the person can be contacted safely.
    SafeToContactStrategy(LinkedStrategy),
}

/// A level of risk and the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkedRisk {
    /// The level now; none, when the only assessment was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<RiskLevel>,
    /// The level before; none, when there was none or it is told for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_level: Option<RiskLevel>,
    /// The day or month in which the level was assessed: never more exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessed: Option<Occurred>,
}

/// How the person can be contacted safely: coded, and no more than whoever must not endanger them
/// needs to know. It takes the place of the strategy told before; an empty one takes it back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LinkedStrategy {
    /// Whether nobody is to turn to the person at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_hold: bool,
    /// What holds when it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<LinkedPlan>,
    /// What will hold later, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<LaterPlan>,
}

/// A plan that is not in force yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaterPlan {
    /// From when it holds.
    pub from: Timestamp,
    /// What it says.
    pub plan: LinkedPlan,
}

/// What holds of the channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkedPlan {
    /// What holds of each channel that the plan names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<ContactChannel, LinkedChannel>,
    /// What holds of every other channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<ChannelSafety>,
}

/// What holds of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkedChannel {
    /// Whether it is safe.
    pub safety: ChannelSafety,
    /// When it is safe, where that is the condition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<SafeHours>,
    /// Whether there are conditions that are not told here: whoever would use the channel asks first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_conditions: bool,
}

impl LinkedStrategy {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ReceiveLinkedInformation {
    /// # Errors
    /// When the case is not in work: there is nobody to tell.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        let status = case.status().ok_or(CaseError::NotReferred)?;
        if !status.is_in_work() {
            return Err(CaseError::NotInWork { status });
        }
        case.require_episode_at(moment.occurred)?;
        Ok(CaseEvent::LinkedInformationReceived(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseStatus;
    use crate::case::amend_fact::{CorrectFact, FactCorrected, FactRetracted, RetractFact};
    use crate::case::testing::{
        assess, assessed, at, attempted, closed, event_id, given, open_case, received, with,
    };
    use crate::code_lists::RiskLevel::{High, Medium};

    fn told() -> LinkedInformationReceived {
        LinkedInformationReceived::RiskChange(LinkedRisk {
            level: Some(High),
            previous_level: Some(Medium),
            assessed: None,
        })
    }

    fn fact() -> CaseEvent {
        CaseEvent::LinkedInformationReceived(told())
    }

    #[test]
    fn a_case_in_work_is_told() {
        given(open_case()).when(ReceiveLinkedInformation(told()), at(5)).then(fact());
    }

    #[test]
    fn nobody_is_told_where_nobody_works() {
        given([(received(), at(1))])
            .when(ReceiveLinkedInformation(told()), at(5))
            .then_refused(&CaseError::NotInWork { status: CaseStatus::Referred });
        given(with(open_case(), [(closed(), at(4))]))
            .when(ReceiveLinkedInformation(told()), at(5))
            .then_refused(&CaseError::NotInWork { status: CaseStatus::Closed });
        given([])
            .when(ReceiveLinkedInformation(told()), at(5))
            .then_refused(&CaseError::NotReferred);
    }

    #[test]
    fn what_was_told_is_neither_corrected_nor_retracted() {
        let case = with(open_case(), [(fact(), at(5))]);
        let correction = FactCorrected {
            corrects: event_id(4),
            occurred: at(5),
            replacement: Box::new(attempted()),
        };
        given(case.clone())
            .when(CorrectFact(correction), at(6))
            .then_refused(&CaseError::LinkedInformationIsFinal);
        given(case)
            .when(RetractFact(FactRetracted { retracts: event_id(4) }), at(6))
            .then_refused(&CaseError::LinkedInformationIsFinal);
    }

    #[test]
    fn the_risk_of_the_case_is_its_own() {
        let own = with(open_case(), [(assessed(Medium), at(5)), (fact(), at(6))]);
        assert_eq!(given(own.clone()).state().risk.unwrap().level, Medium);
        given(own).when(assess(Medium), at(7)).then(assessed(Medium));
    }
}
