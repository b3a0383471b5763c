//! Recording an attempt to reach a person.

use serde::{Deserialize, Serialize};

use crate::case::contact_safety::{ContactSafety, Unsafe};
use crate::case::{Case, CaseError, CaseEvent, Moment};
use crate::code::Code;
use crate::code_lists::{
    Agency, ContactChannel, ContactDirection, ContactOutcome, ContactOverrideReason,
};
use crate::time::Occurred;

/// Write down an attempt, successful or not.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordContactAttempt(pub ContactAttempted);

/// Somebody tried to reach the person, or the person turned to the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactAttempted {
    /// How.
    pub channel: ContactChannel,
    /// What came of it; only `reached` is a success.
    pub outcome: ContactOutcome,
    /// Who turned to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<ContactDirection>,
    /// How long it took, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_min: Option<u32>,
    /// What for, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Code>,
    /// Where, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Code>,
    /// The agency it was made together with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint_with: Option<Agency>,
    /// Why the person was turned to although the plan for safe contact, or a hold, spoke against
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_reason: Option<ContactOverrideReason>,
}

impl RecordContactAttempt {
    /// # Errors
    /// When nobody was working with the person then; when the person was turned to although that
    /// was called unsafe, and no reason is given; when a reason is given and there was none.
    pub fn decide(self, case: &Case, moment: &Moment) -> Result<CaseEvent, CaseError> {
        case.require_episode_at(moment.occurred)?;
        let objection = self.0.objection(&case.state().contact_safety, moment.occurred);
        match (objection, self.0.override_reason) {
            (None, Some(_)) => Err(CaseError::NothingToOverride),
            (Some(Unsafe::ByPlan { plan }), None) => Err(CaseError::UnsafeContact { plan }),
            (Some(Unsafe::OnHold { hold }), None) => Err(CaseError::ContactOnHold { hold }),
            (None, None) | (Some(_), Some(_)) => Ok(CaseEvent::ContactAttempted(self.0)),
        }
    }
}

impl ContactAttempted {
    /// What speaks against it, by the plans and holds in view. Nothing speaks against the person's
    /// turning to the service; an attempt of which the direction is not said was the service's.
    #[must_use]
    pub fn objection(&self, safety: &ContactSafety, occurred: Occurred) -> Option<Unsafe> {
        match self.direction {
            Some(ContactDirection::Incoming) => None,
            Some(ContactDirection::Outgoing) | None => safety.objection(self.channel, occurred),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::case::hold_contact::ContactHeld;
    use crate::case::set_safe_contact_plan::{ChannelPlan, SafeContactPlanSet};
    use crate::case::testing::{
        at, attempt, attempted, closed, event_id, given, open_case, reopened, with,
    };
    use crate::code_lists::{ChannelSafety, ContactHoldReason};

    /// An open case whose fourth event calls the telephone unsafe.
    fn a_case_where_the_telephone_is_unsafe() -> Vec<(CaseEvent, Occurred)> {
        let phone = ChannelPlan { safety: ChannelSafety::Unsafe, hours: vec![], third_party: None };
        let plan = SafeContactPlanSet {
            channels: BTreeMap::from([(ContactChannel::Phone, phone)]),
            otherwise: None,
            may_be_told: vec![],
            in_force_from: None,
        };
        with(open_case(), [(CaseEvent::SafeContactPlanSet(plan), at(5))])
    }

    fn overridden() -> RecordContactAttempt {
        let mut command = attempt();
        command.0.override_reason = Some(ContactOverrideReason::ImmediateDanger);
        command
    }

    #[test]
    fn an_attempt_is_recorded() {
        given(open_case()).when(attempt(), at(6)).then(attempted());
    }

    #[test]
    fn a_late_attempt_inside_a_closed_episode_is_still_recorded() {
        given(with(open_case(), [(closed(), at(8))])).when(attempt(), at(6)).then(attempted());
    }

    #[test]
    fn an_attempt_outside_every_episode_is_refused() {
        let case = with(open_case(), [(closed(), at(8)), (reopened(), at(12))]);
        for day in [0, 9, 11] {
            given(case.clone())
                .when(attempt(), at(day))
                .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(day).at });
        }
        given(case).when(attempt(), at(13)).then(attempted());
    }

    #[test]
    fn an_attempt_in_the_future_is_refused() {
        given(open_case())
            .when(attempt(), at(1000))
            .then_refused(&CaseError::InFuture { occurred_at: at(1000).at });
    }

    #[test]
    fn a_telephone_that_is_unsafe_is_not_rung_without_a_reason() {
        let unsafe_contact = CaseError::UnsafeContact { plan: event_id(4) };
        given(a_case_where_the_telephone_is_unsafe())
            .when(attempt(), at(6))
            .then_refused(&unsafe_contact);
        let expected = CaseEvent::ContactAttempted(overridden().0);
        given(a_case_where_the_telephone_is_unsafe()).when(overridden(), at(6)).then(expected);
    }

    #[test]
    fn the_plan_speaks_of_its_own_time_and_channel_and_of_outgoing_attempts() {
        given(a_case_where_the_telephone_is_unsafe()).when(attempt(), at(4)).then(attempted());
        let mut letter = attempt();
        letter.0.channel = ContactChannel::Letter;
        let mut incoming = attempt();
        incoming.0.direction = Some(ContactDirection::Incoming);
        for command in [letter, incoming] {
            let expected = CaseEvent::ContactAttempted(command.0.clone());
            given(a_case_where_the_telephone_is_unsafe()).when(command, at(6)).then(expected);
        }
    }

    #[test]
    fn a_person_on_hold_is_not_turned_to_without_a_reason() {
        let held = CaseEvent::ContactHeld(ContactHeld { reason: ContactHoldReason::OnHoldCjs });
        let case = with(open_case(), [(held, at(5))]);
        given(case.clone())
            .when(attempt(), at(6))
            .then_refused(&CaseError::ContactOnHold { hold: event_id(4) });
        let expected = CaseEvent::ContactAttempted(overridden().0);
        given(case).when(overridden(), at(6)).then(expected);
    }

    #[test]
    fn where_nothing_speaks_against_it_there_is_nothing_to_override() {
        given(open_case()).when(overridden(), at(6)).then_refused(&CaseError::NothingToOverride);
    }
}
