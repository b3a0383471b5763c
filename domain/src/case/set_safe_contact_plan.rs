//! Setting how the person can be contacted safely.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseError, CaseEvent};
use crate::code::Code;
use crate::code_lists::{ChannelSafety, ContactChannel, DayOfWeek};

/// Write down how the person can be contacted safely.
#[derive(Debug, Clone, PartialEq)]
pub struct SetSafeContactPlan(pub SafeContactPlanSet);

/// How the person can be contacted safely, whole: it takes the place of the plan before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SafeContactPlanSet {
    /// What holds of each channel that the plan names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<ContactChannel, ChannelPlan>,
    /// What holds of every other channel; a plan may leave that open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<ChannelSafety>,
    /// Who may be told that the service is in touch with the person, as codes such as `gp`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_be_told: Vec<Code>,
    /// From when the plan holds; from when it was made, if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_from: Option<Timestamp>,
}

/// What holds of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelPlan {
    /// Whether it is safe.
    pub safety: ChannelSafety,
    /// When it is safe, where that is the condition; any time, where none are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<SafeHours>,
    /// Through whom alone it is safe, where that is the condition, as a code such as `sister`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party: Option<Code>,
}

/// Hours of days of the week, on a clock in the United Kingdom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SafeHours {
    /// The days; every day, where none are given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<DayOfWeek>,
    /// From this time of day.
    pub from: Time,
    /// Until before this time of the same day.
    pub until: Time,
}

impl SafeContactPlanSet {
    pub(crate) fn check(&self) -> Result<(), CaseError> {
        if self.channels.is_empty() && self.otherwise.is_none() {
            return Err(CaseError::EmptySafeContactPlan);
        }
        // Without a channel of its own there is nowhere to write a condition.
        if self.otherwise == Some(ChannelSafety::Conditions) {
            return Err(CaseError::ConditionsNotGiven);
        }
        self.channels.values().try_for_each(ChannelPlan::check)
    }
}

impl ChannelPlan {
    fn check(&self) -> Result<(), CaseError> {
        let has_conditions = !self.hours.is_empty() || self.third_party.is_some();
        if has_conditions != (self.safety == ChannelSafety::Conditions) {
            return Err(CaseError::ConditionsNotGiven);
        }
        if self.hours.iter().any(|hours| hours.until <= hours.from) {
            return Err(CaseError::HoursBackwards);
        }
        Ok(())
    }
}

impl SetSafeContactPlan {
    /// # Errors
    /// When there is no case. A plan may be older than the case, and may be set when it is closed:
    /// somebody may turn to the person again.
    pub fn decide(self, case: &Case) -> Result<CaseEvent, CaseError> {
        case.require_referral()?;
        Ok(CaseEvent::SafeContactPlanSet(self.0))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;
    use crate::case::testing::{at, given, open_case};

    fn plan(safety: ChannelSafety, hours: Vec<SafeHours>) -> SetSafeContactPlan {
        let plan = ChannelPlan { safety, hours, third_party: None };
        SetSafeContactPlan(SafeContactPlanSet {
            channels: BTreeMap::from([(ContactChannel::Phone, plan)]),
            otherwise: Some(ChannelSafety::Unsafe),
            may_be_told: vec![],
            in_force_from: None,
        })
    }

    fn hours(from: i8, until: i8) -> SafeHours {
        SafeHours { days: vec![], from: time(from, 0, 0, 0), until: time(until, 0, 0, 0) }
    }

    #[test]
    fn a_plan_is_set() {
        let command = plan(ChannelSafety::Conditions, vec![hours(9, 15)]);
        let expected = CaseEvent::SafeContactPlanSet(command.0.clone());
        given(open_case()).when(command, at(5)).then(expected);
    }

    #[test]
    fn a_plan_that_says_nothing_is_refused() {
        let mut empty = plan(ChannelSafety::Safe, vec![]);
        empty.0.channels.clear();
        empty.0.otherwise = None;
        given(open_case()).when(empty, at(5)).then_refused(&CaseError::EmptySafeContactPlan);
    }

    #[test]
    fn conditions_are_given_when_and_only_when_they_are_said_to_hold() {
        for (safety, given_hours) in [
            (ChannelSafety::Conditions, vec![]),
            (ChannelSafety::Safe, vec![hours(9, 15)]),
            (ChannelSafety::Unsafe, vec![hours(9, 15)]),
        ] {
            given(open_case())
                .when(plan(safety, given_hours), at(5))
                .then_refused(&CaseError::ConditionsNotGiven);
        }
    }

    #[test]
    fn hours_end_after_they_begin() {
        given(open_case())
            .when(plan(ChannelSafety::Conditions, vec![hours(15, 9)]), at(5))
            .then_refused(&CaseError::HoursBackwards);
    }
}
