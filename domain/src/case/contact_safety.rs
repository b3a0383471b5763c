//! When and how the person may be turned to: the plans for safe contact and the holds on contact,
//! each over its time.

use jiff::Timestamp;

use crate::case::CaseEvent;
use crate::case::set_safe_contact_plan::{ChannelPlan, SafeContactPlanSet, SafeHours};
use crate::code_lists::{
    ChannelSafety, CodeList as _, ContactChannel, ContactHoldReason, DayOfWeek,
};
use crate::ids::EventId;
use crate::time::{Occurred, Precision, uk_time};

/// The plans and holds in view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContactSafety {
    /// In the order in which they came into force; of two at once, the later fact last.
    plans: Vec<PlanInForce>,
    /// In the order in which they were set.
    holds: Vec<Hold>,
    /// Lifted: a lifting may be dated before its hold, when a date was corrected.
    lifted: Vec<(EventId, Occurred)>,
}

/// A plan for safe contact, and from when it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanInForce {
    /// The event that set it.
    pub event_id: EventId,
    /// From when it holds, until the next does.
    pub from: Timestamp,
    /// What it says.
    pub plan: SafeContactPlanSet,
}

/// A time in which nobody is to turn to the person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hold {
    /// The event that set it.
    pub event_id: EventId,
    /// Why.
    pub reason: ContactHoldReason,
    /// Since when.
    pub from: Occurred,
    /// Until when, once it was lifted.
    pub until: Option<Occurred>,
}

/// What speaks against turning to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsafe {
    /// The plan calls the channel unsafe at that time.
    ByPlan {
        /// The event that set the plan.
        plan: EventId,
    },
    /// Contact is on hold.
    OnHold {
        /// The event that set the hold.
        hold: EventId,
    },
}

/// How a channel stands at a moment, for whoever is about to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Contact is on hold, whatever the channel.
    OnHold {
        /// The event that set the hold.
        hold: EventId,
    },
    /// The plan calls it unsafe at any time.
    Unsafe {
        /// The event that set the plan.
        plan: EventId,
    },
    /// The plan calls it safe at other hours.
    OutsideHours {
        /// The event that set the plan.
        plan: EventId,
    },
    /// It is safe now, through a third party alone.
    ThroughThirdParty {
        /// The event that set the plan.
        plan: EventId,
    },
    /// The plan calls it safe at these hours.
    WithinHours {
        /// The event that set the plan.
        plan: EventId,
    },
    /// The plan calls it safe at any time.
    Safe {
        /// The event that set the plan.
        plan: EventId,
    },
    /// No plan speaks of it.
    NotSaid,
}

impl ContactSafety {
    /// The plan in force at a moment.
    #[must_use]
    pub fn plan_at(&self, at: Timestamp) -> Option<&PlanInForce> {
        self.plans.iter().rev().find(|plan| plan.from <= at)
    }

    /// The plan that will be next after a moment.
    #[must_use]
    pub fn plan_after(&self, at: Timestamp) -> Option<&PlanInForce> {
        self.plans.iter().find(|plan| plan.from > at)
    }

    /// The plans that will be in force after a moment, in that order.
    pub fn plans_after(&self, at: Timestamp) -> impl Iterator<Item = &PlanInForce> {
        self.plans.iter().filter(move |plan| plan.from > at)
    }

    /// Every hold there was, in the order in which they were set.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter()
    }

    /// What speaks against turning to the person on this channel at this time; `None` when it was,
    /// or as far as the time is known may have been, safe.
    ///
    /// What no plan speaks of is not called unsafe.
    #[must_use]
    pub fn objection(&self, channel: ContactChannel, occurred: Occurred) -> Option<Unsafe> {
        let (first, last) = occurred.bounds();
        let hold = self.holds.iter().find(|hold| hold.forbids() && hold.covers(first, last));
        if let Some(hold) = hold {
            return Some(Unsafe::OnHold { hold: hold.event_id });
        }
        let begun_since = self.plans.iter().filter(|plan| first < plan.from && plan.from <= last);
        let mut plan = self.plan_at(first)?;
        for next in begun_since {
            if plan.plan.may_be_safe(channel, occurred) {
                return None;
            }
            plan = next;
        }
        (!plan.plan.may_be_safe(channel, occurred))
            .then_some(Unsafe::ByPlan { plan: plan.event_id })
    }

    /// How a channel stands at a moment: called unsafe exactly where an attempt would be refused.
    #[must_use]
    pub fn standing(&self, channel: ContactChannel, at: Timestamp) -> Standing {
        let objection = self.objection(channel, Occurred::at(at));
        if let Some(Unsafe::OnHold { hold }) = objection {
            return Standing::OnHold { hold };
        }
        let Some(PlanInForce { event_id: plan, plan: says, .. }) = self.plan_at(at) else {
            return Standing::NotSaid;
        };
        let plan = *plan;
        let conditions = says.channels.get(&channel);
        match (says.safety_of(channel), objection.is_some()) {
            (None, _) => Standing::NotSaid,
            (Some(ChannelSafety::Safe), _) => Standing::Safe { plan },
            (Some(ChannelSafety::Unsafe), _) => Standing::Unsafe { plan },
            (Some(ChannelSafety::Conditions), true) => Standing::OutsideHours { plan },
            (Some(ChannelSafety::Conditions), false) => {
                let third_party = conditions.and_then(|given| given.third_party.as_ref());
                match third_party {
                    Some(_) => Standing::ThroughThirdParty { plan },
                    None => Standing::WithinHours { plan },
                }
            }
        }
    }

    /// Takes one more fact; most are about something else. Facts come in the order of the reading.
    pub fn apply(&mut self, event_id: EventId, occurred: Occurred, event: &CaseEvent) {
        if let CaseEvent::SafeContactPlanSet(facts) = event {
            self.set_plan(event_id, occurred.at, facts);
        } else if let CaseEvent::ContactHeld(facts) = event {
            self.hold(event_id, occurred, facts.reason);
        } else if let CaseEvent::ContactHoldLifted(facts) = event {
            self.lift(facts.hold, occurred);
        }
    }

    fn set_plan(&mut self, event_id: EventId, at: Timestamp, plan: &SafeContactPlanSet) {
        let from = plan.in_force_from.unwrap_or(at);
        let place = self.plans.partition_point(|earlier| earlier.from <= from);
        self.plans.insert(place, PlanInForce { event_id, from, plan: plan.clone() });
    }

    fn hold(&mut self, event_id: EventId, from: Occurred, reason: ContactHoldReason) {
        let until = self.lifted.iter().find(|(hold, _)| *hold == event_id).map(|(_, at)| *at);
        self.holds.push(Hold { event_id, reason, from, until });
    }

    fn lift(&mut self, hold: EventId, at: Occurred) {
        self.lifted.push((hold, at));
        if let Some(held) = self.holds.iter_mut().find(|held| held.event_id == hold) {
            held.until.get_or_insert(at);
        }
    }
}

impl Standing {
    /// Whether an attempt would be refused without a reason.
    #[must_use]
    pub fn is_unsafe(self) -> bool {
        match self {
            Self::OnHold { .. } | Self::Unsafe { .. } | Self::OutsideHours { .. } => true,
            Self::ThroughThirdParty { .. }
            | Self::WithinHours { .. }
            | Self::Safe { .. }
            | Self::NotSaid => false,
        }
    }

    /// The plan or hold that it rests on, by the event that set it.
    #[must_use]
    pub fn rests_on(self) -> Option<EventId> {
        match self {
            Self::OnHold { hold } => Some(hold),
            Self::Unsafe { plan }
            | Self::OutsideHours { plan }
            | Self::ThroughThirdParty { plan }
            | Self::WithinHours { plan }
            | Self::Safe { plan } => Some(plan),
            Self::NotSaid => None,
        }
    }
}

impl Hold {
    /// Whether it forbids turning to the person: a contact that is only planned does not.
    #[must_use]
    pub fn forbids(&self) -> bool {
        match self.reason {
            ContactHoldReason::OnHoldCjs | ContactHoldReason::NotSafe => true,
            ContactHoldReason::PlannedOrPending => false,
        }
    }

    /// Whether it was surely in force from `first` to `last`.
    fn covers(&self, first: Timestamp, last: Timestamp) -> bool {
        self.from.at <= first && self.until.is_none_or(|until| last < until.at)
    }
}

impl SafeContactPlanSet {
    /// What the plan says of a channel; `None` when it says nothing.
    #[must_use]
    pub fn safety_of(&self, channel: ContactChannel) -> Option<ChannelSafety> {
        self.channels.get(&channel).map(|plan| plan.safety).or(self.otherwise)
    }

    fn may_be_safe(&self, channel: ContactChannel, occurred: Occurred) -> bool {
        match self.channels.get(&channel) {
            Some(plan) => plan.may_be_safe(occurred),
            None => self.otherwise != Some(ChannelSafety::Unsafe),
        }
    }
}

impl ChannelPlan {
    fn may_be_safe(&self, occurred: Occurred) -> bool {
        match self.safety {
            ChannelSafety::Safe => true,
            ChannelSafety::Unsafe => false,
            ChannelSafety::Conditions => {
                self.hours.is_empty() || self.hours.iter().any(|hours| hours.may_hold(occurred))
            }
        }
    }
}

impl SafeHours {
    fn may_hold(&self, occurred: Occurred) -> bool {
        let local = uk_time(occurred.at);
        let is_day = || {
            let day =
                DayOfWeek::ALL[usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
            self.days.is_empty() || self.days.contains(&day)
        };
        match occurred.precision {
            Precision::Instant => is_day() && (self.from..self.until).contains(&local.time()),
            Precision::Day => is_day(),
            // Every month has every day of the week.
            Precision::Month => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::time;
    use uuid::Uuid;

    use super::*;
    use crate::code_lists::ContactChannel::{Phone, Text};

    fn id(n: u128) -> EventId {
        EventId(Uuid::from_u128(n))
    }

    fn t(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn on(text: &str) -> Occurred {
        Occurred::at(t(text))
    }

    fn phone(safety: ChannelSafety, hours: Vec<SafeHours>) -> SafeContactPlanSet {
        let plan = ChannelPlan { safety, hours, third_party: None };
        SafeContactPlanSet {
            channels: BTreeMap::from([(Phone, plan)]),
            otherwise: None,
            may_be_told: vec![],
            in_force_from: None,
        }
    }

    fn with_plan(plan: &SafeContactPlanSet) -> ContactSafety {
        let mut safety = ContactSafety::default();
        safety.set_plan(id(1), t("2014-03-01T00:00:00Z"), plan);
        safety
    }

    const BY_PLAN: Option<Unsafe> = Some(Unsafe::ByPlan { plan: EventId(Uuid::from_u128(1)) });

    #[test]
    fn a_channel_is_unsafe_from_the_plan_on_and_no_other_is() {
        let safety = with_plan(&phone(ChannelSafety::Unsafe, vec![]));
        assert_eq!(safety.objection(Phone, on("2014-02-28T23:59:59Z")), None);
        assert_eq!(safety.objection(Phone, on("2014-03-01T00:00:00Z")), BY_PLAN);
        assert_eq!(safety.objection(Text, on("2014-03-01T00:00:00Z")), None);
    }

    #[test]
    fn a_plan_may_call_every_channel_unsafe_that_it_does_not_name() {
        let plan = SafeContactPlanSet {
            otherwise: Some(ChannelSafety::Unsafe),
            ..phone(ChannelSafety::Safe, vec![])
        };
        let safety = with_plan(&plan);
        assert_eq!(safety.objection(Phone, on("2014-03-02T00:00:00Z")), None);
        assert_eq!(safety.objection(Text, on("2014-03-02T00:00:00Z")), BY_PLAN);
    }

    #[test]
    fn hours_are_those_of_a_clock_in_the_united_kingdom() {
        let hours = SafeHours {
            days: vec![DayOfWeek::Monday],
            from: time(9, 0, 0, 0),
            until: time(15, 0, 0, 0),
        };
        let safety = with_plan(&phone(ChannelSafety::Conditions, vec![hours]));
        // Monday 3 March: Greenwich time.
        assert_eq!(safety.objection(Phone, on("2014-03-03T09:00:00Z")), None);
        assert_eq!(safety.objection(Phone, on("2014-03-03T14:59:59Z")), None);
        assert_eq!(safety.objection(Phone, on("2014-03-03T15:00:00Z")), BY_PLAN);
        // Tuesday.
        assert_eq!(safety.objection(Phone, on("2014-03-04T10:00:00Z")), BY_PLAN);
        // Monday 7 July: summer time, an hour ahead.
        assert_eq!(safety.objection(Phone, on("2014-07-07T08:00:00Z")), None);
        assert_eq!(safety.objection(Phone, on("2014-07-07T14:00:00Z")), BY_PLAN);
    }

    #[test]
    fn what_may_have_been_safe_is_not_called_unsafe() {
        let hours = SafeHours { days: vec![], from: time(9, 0, 0, 0), until: time(15, 0, 0, 0) };
        let safety = with_plan(&phone(ChannelSafety::Conditions, vec![hours]));
        let some_time_that_day =
            Occurred { at: t("2014-03-04T00:00:00Z"), precision: Precision::Day };
        assert_eq!(safety.objection(Phone, some_time_that_day), None);

        let mut safety = with_plan(&phone(ChannelSafety::Unsafe, vec![]));
        safety.set_plan(id(2), t("2014-03-20T00:00:00Z"), &phone(ChannelSafety::Safe, vec![]));
        let in_march = Occurred { at: t("2014-03-02T00:00:00Z"), precision: Precision::Month };
        assert_eq!(safety.objection(Phone, in_march), None);
        assert_eq!(safety.objection(Phone, on("2014-03-19T00:00:00Z")), BY_PLAN);
    }

    #[test]
    fn the_plan_in_force_is_the_latest_that_has_begun() {
        let mut safety = with_plan(&phone(ChannelSafety::Unsafe, vec![]));
        let april = t("2014-04-01T00:00:00Z");
        let later =
            SafeContactPlanSet { in_force_from: Some(april), ..phone(ChannelSafety::Safe, vec![]) };
        // Made before, for April.
        safety.set_plan(id(2), t("2014-02-01T00:00:00Z"), &later);
        assert_eq!(safety.plan_at(t("2014-03-05T00:00:00Z")).map(|p| p.event_id), Some(id(1)));
        assert_eq!(safety.plan_after(t("2014-03-05T00:00:00Z")).map(|p| p.event_id), Some(id(2)));
        assert_eq!(safety.plan_at(april).map(|p| p.event_id), Some(id(2)));
        assert_eq!(safety.plan_at(t("2014-02-05T00:00:00Z")), None);
    }

    /// What the worker about to call is told is what recording the call would say.
    #[test]
    fn a_channel_stands_as_an_attempt_on_it_would_be_decided() {
        let hours = |third_party: Option<&str>| {
            let third_party = third_party.map(|code| code.parse().unwrap());
            let hours =
                SafeHours { days: vec![], from: time(9, 0, 0, 0), until: time(15, 0, 0, 0) };
            ChannelPlan { safety: ChannelSafety::Conditions, hours: vec![hours], third_party }
        };
        let plan = SafeContactPlanSet {
            channels: BTreeMap::from([(Phone, hours(None)), (Text, hours(Some("sister")))]),
            otherwise: Some(ChannelSafety::Unsafe),
            may_be_told: vec![],
            in_force_from: None,
        };
        let mut safety = with_plan(&plan);
        safety.set_plan(
            id(2),
            t("2014-03-10T00:00:00Z"),
            &SafeContactPlanSet { otherwise: None, ..phone(ChannelSafety::Safe, vec![]) },
        );
        safety.hold(id(3), on("2014-03-20T00:00:00Z"), ContactHoldReason::NotSafe);
        let plan = id(1);
        for (channel, at, expected) in [
            (Phone, "2014-02-28T10:00:00Z", Standing::NotSaid),
            (Phone, "2014-03-03T10:00:00Z", Standing::WithinHours { plan }),
            (Phone, "2014-03-03T16:00:00Z", Standing::OutsideHours { plan }),
            (Text, "2014-03-03T10:00:00Z", Standing::ThroughThirdParty { plan }),
            (Text, "2014-03-03T16:00:00Z", Standing::OutsideHours { plan }),
            (ContactChannel::Letter, "2014-03-03T10:00:00Z", Standing::Unsafe { plan }),
            (Phone, "2014-03-10T16:00:00Z", Standing::Safe { plan: id(2) }),
            (Text, "2014-03-10T16:00:00Z", Standing::NotSaid),
            (Text, "2014-03-20T16:00:00Z", Standing::OnHold { hold: id(3) }),
        ] {
            let standing = safety.standing(channel, t(at));
            assert_eq!(standing, expected, "{channel:?} {at}");
            let objection = safety.objection(channel, on(at));
            assert_eq!(standing.is_unsafe(), objection.is_some(), "{channel:?} {at}");
        }
    }

    #[test]
    fn a_hold_forbids_until_it_is_lifted_unless_contact_is_only_planned() {
        let mut safety = ContactSafety::default();
        safety.hold(id(3), on("2014-03-01T00:00:00Z"), ContactHoldReason::NotSafe);
        safety.hold(id(4), on("2014-05-01T00:00:00Z"), ContactHoldReason::PlannedOrPending);
        let on_hold = Some(Unsafe::OnHold { hold: id(3) });
        assert_eq!(safety.objection(Phone, on("2014-03-05T00:00:00Z")), on_hold);
        safety.lift(id(3), on("2014-04-01T00:00:00Z"));
        assert_eq!(safety.objection(Phone, on("2014-03-05T00:00:00Z")), on_hold);
        assert_eq!(safety.objection(Phone, on("2014-04-01T00:00:00Z")), None);
        assert_eq!(safety.objection(Phone, on("2014-05-05T00:00:00Z")), None);
    }
}
