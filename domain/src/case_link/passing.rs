//! What passes over a link: the difference that an event of one case makes to what the other may be
//! told, and the present state of it when there is somebody new to tell.
//!
//! Every answer rests on a prefix of a case's history and nothing else, so that whoever asks again
//! is answered the same.

use jiff::Timestamp;
use uuid::Uuid;

use crate::case::contact_safety::PlanInForce;
use crate::case::receive_linked_information::{
    LaterPlan, LinkedChannel, LinkedInformationReceived, LinkedPlan, LinkedRisk, LinkedStrategy,
};
use crate::case::set_safe_contact_plan::{ChannelPlan, SafeContactPlanSet};
use crate::case::{CaseEvent, CaseState};
use crate::code_lists::CaseRole;
use crate::ids::{CaseId, EventId};
use crate::programme::Programme;
use crate::programme::definition::SharedKind;
use crate::recorded::Recorded;
use crate::rules::case_risk::{CaseRisk, case_risk};
use crate::time::{Occurred, Precision, uk_time};
use crate::two_clocks::Asked;

/// The types of events after which something may pass: all others change nothing that does.
pub const SOURCES: &[&str] = &[
    "CasesLinked",
    "RiskAssessed",
    "SafeContactPlanSet",
    "ContactHeld",
    "ContactHoldLifted",
    "FactCorrected",
    "FactRetracted",
    "ReferralReceived",
    "ReferralWaitlisted",
    "ReferralAccepted",
    "ReferralDeclined",
    "CaseAllocated",
    "CaseHandedOver",
    "CaseClosed",
    "CaseReopened",
];

/// How many plans that are not in force yet are told of.
const LATER_PLANS_MAX: usize = 16;

/// Why something passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The last event of the sender's history made a difference.
    Changed,
    /// The link began, or there is somebody to tell again: the present state passes.
    Began,
}

/// What passes from a case to another's worker. `sender` is the case's history as far as it is to be
/// told of, in the order of recording; `at` is when its last event, or the beginning, was recorded.
#[must_use]
pub fn passing(
    cause: Cause,
    sender: &[Recorded<CaseEvent>],
    at: Timestamp,
    programme: &Programme,
    may_pass: impl Fn(SharedKind) -> bool,
) -> Vec<(SharedKind, LinkedInformationReceived)> {
    let after = CaseState::at(sender, &Asked::LATEST);
    let before = match (cause, sender) {
        (Cause::Changed, [before @ .., _]) => CaseState::at(before, &Asked::LATEST),
        (Cause::Changed, []) | (Cause::Began, _) => CaseState::default(),
    };
    let risk =
        may_pass(SharedKind::RiskChange).then(|| risk_change(&before, &after, programme)).flatten();
    let strategy = may_pass(SharedKind::SafeToContactStrategy)
        .then(|| strategy_change(&before, &after, at))
        .flatten();
    let risk =
        risk.map(|facts| (SharedKind::RiskChange, LinkedInformationReceived::RiskChange(facts)));
    let strategy = strategy.map(|facts| {
        let information = LinkedInformationReceived::SafeToContactStrategy(facts);
        (SharedKind::SafeToContactStrategy, information)
    });
    risk.into_iter().chain(strategy).collect()
}

/// Whether the sender's programme lets something pass to a case of that role.
#[must_use]
pub fn lets_through(programme: &Programme, kind: SharedKind, from: CaseRole, to: CaseRole) -> bool {
    programme.sharing.iter().any(|rule| (rule.kind, rule.from, rule.to) == (kind, from, to))
}

/// Whether the last event of a case brought it into work.
#[must_use]
pub fn came_into_work(case: &[Recorded<CaseEvent>]) -> bool {
    let is_in_work = |history| {
        let state = CaseState::at(history, &Asked::LATEST);
        state.referral.is_some() && state.status.is_in_work()
    };
    match case {
        [before @ .., _] => !is_in_work(before) && is_in_work(case),
        [] => false,
    }
}

/// The id of what passes: the same whenever it is asked for, and told by nobody who does not know
/// the id of the linking.
#[must_use]
pub fn event_id(linking: EventId, source: EventId, to: CaseId, kind: SharedKind) -> EventId {
    let kind: &[u8] = match kind {
        SharedKind::RiskChange => b"risk_change",
        SharedKind::SafeToContactStrategy => b"safe_to_contact_strategy",
    };
    let name = [source.0.as_bytes(), to.0.as_bytes(), kind].concat();
    EventId(Uuid::new_v5(&linking.0, &name))
}

fn risk_change(before: &CaseState, after: &CaseState, programme: &Programme) -> Option<LinkedRisk> {
    let (was, is) = (case_risk(before, programme), case_risk(after, programme));
    let level = is.as_ref().map(CaseRisk::level);
    let previous_level = was.as_ref().map(CaseRisk::level);
    (level != previous_level).then(|| LinkedRisk {
        level,
        previous_level,
        assessed: is.map(|risk| no_closer_than_a_day(risk.deciding.occurred)),
    })
}

fn strategy_change(before: &CaseState, after: &CaseState, at: Timestamp) -> Option<LinkedStrategy> {
    let is = strategy(after, at);
    (is != strategy(before, at)).then_some(is)
}

/// How the person can be contacted from a moment on.
fn strategy(case: &CaseState, at: Timestamp) -> LinkedStrategy {
    let safety = &case.contact_safety;
    let on_hold = safety
        .holds()
        .any(|hold| hold.forbids() && hold.from.at <= at && hold.until.is_none_or(|u| at < u.at));
    let later =
        |plan: &PlanInForce| LaterPlan { from: plan.from, plan: LinkedPlan::of(&plan.plan) };
    LinkedStrategy {
        on_hold,
        present: safety.plan_at(at).map(|plan| LinkedPlan::of(&plan.plan)),
        later: safety.plans_after(at).take(LATER_PLANS_MAX).map(later).collect(),
    }
}

impl LinkedPlan {
    fn of(plan: &SafeContactPlanSet) -> Self {
        let channels = plan.channels.iter();
        Self {
            channels: channels.map(|(name, plan)| (*name, LinkedChannel::of(plan))).collect(),
            otherwise: plan.otherwise,
        }
    }
}

impl LinkedChannel {
    fn of(plan: &ChannelPlan) -> Self {
        Self {
            safety: plan.safety,
            hours: plan.hours.clone(),
            more_conditions: plan.third_party.is_some(),
        }
    }
}

/// The day by the clocks of the United Kingdom, so that the very moment leads nobody to the source.
fn no_closer_than_a_day(occurred: Occurred) -> Occurred {
    let date = match occurred.precision {
        Precision::Day | Precision::Month => return occurred,
        Precision::Instant => uk_time(occurred.at).date(),
    };
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC);
    midnight.map_or(occurred, |at| Occurred { at: at.timestamp(), precision: Precision::Day })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use jiff::civil::time;

    use super::*;
    use crate::case::amend_fact::{FactCorrected, FactRetracted};
    use crate::case::hold_contact::ContactHeld;
    use crate::case::set_safe_contact_plan::SafeHours;
    use crate::case::testing::{
        accepted, assessed, at, closed, code, event_id as nth, given, open_case, received,
        reopened, with,
    };
    use crate::code_lists::ChannelSafety::{Conditions, Safe, Unsafe};
    use crate::code_lists::ContactChannel::{Phone, Text};
    use crate::code_lists::ContactHoldReason;
    use crate::code_lists::RiskLevel::{self, High, Medium};
    use crate::programme::Programmes;

    type History = Vec<(CaseEvent, Occurred)>;

    fn drive() -> Arc<Programme> {
        Arc::clone(Programmes::shipped().newest("drive").unwrap())
    }

    fn told(cause: Cause, history: &History) -> Vec<LinkedInformationReceived> {
        let given = given(history.clone());
        let told = passing(cause, given.history(), at(50).at, &drive(), |_| true);
        told.into_iter().map(|(_, information)| information).collect()
    }

    fn risk(
        level: Option<RiskLevel>,
        previous_level: Option<RiskLevel>,
        day: Option<i64>,
    ) -> LinkedInformationReceived {
        let assessed = day.map(|day| no_closer_than_a_day(at(day)));
        LinkedInformationReceived::RiskChange(LinkedRisk { level, previous_level, assessed })
    }

    fn channel(safety: crate::code_lists::ChannelSafety) -> ChannelPlan {
        ChannelPlan { safety, hours: vec![], third_party: None }
    }

    fn plan(channels: BTreeMap<crate::code_lists::ContactChannel, ChannelPlan>) -> CaseEvent {
        CaseEvent::SafeContactPlanSet(SafeContactPlanSet {
            channels,
            otherwise: None,
            may_be_told: vec![code("gp")],
            in_force_from: None,
        })
    }

    #[test]
    fn a_change_of_level_passes_and_the_same_level_does_not() {
        let medium = with(open_case(), [(assessed(Medium), at(5))]);
        assert_eq!(told(Cause::Changed, &medium), [risk(Some(Medium), None, Some(5))]);
        let again = with(medium.clone(), [(assessed(Medium), at(6))]);
        assert_eq!(told(Cause::Changed, &again), []);
        let high = with(again, [(assessed(High), at(7))]);
        assert_eq!(told(Cause::Changed, &high), [risk(Some(High), Some(Medium), Some(7))]);
        assert_eq!(told(Cause::Began, &high), [risk(Some(High), None, Some(7))]);
    }

    #[test]
    fn a_backdated_assessment_passes_only_if_it_changes_what_holds() {
        let medium = with(open_case(), [(assessed(Medium), at(5))]);
        let before = with(medium.clone(), [(assessed(High), at(4))]);
        assert_eq!(told(Cause::Changed, &before), []);
        let after = with(medium, [(assessed(High), at(6))]);
        assert_eq!(told(Cause::Changed, &after), [risk(Some(High), Some(Medium), Some(6))]);
    }

    #[test]
    fn a_correction_and_a_retraction_pass_as_the_change_they_make() {
        let high = with(open_case(), [(assessed(Medium), at(5)), (assessed(High), at(6))]);
        let correction = CaseEvent::FactCorrected(FactCorrected {
            corrects: nth(5),
            occurred: at(6),
            replacement: Box::new(assessed(Medium)),
        });
        let corrected = with(high.clone(), [(correction, at(8))]);
        assert_eq!(told(Cause::Changed, &corrected), [risk(Some(Medium), Some(High), Some(6))]);
        let retraction = |n| CaseEvent::FactRetracted(FactRetracted { retracts: nth(n) });
        let retracted = with(high, [(retraction(5), at(8))]);
        assert_eq!(told(Cause::Changed, &retracted), [risk(Some(Medium), Some(High), Some(5))]);
        let nothing_left = with(retracted, [(retraction(4), at(9))]);
        assert_eq!(told(Cause::Changed, &nothing_left), [risk(None, Some(Medium), None)]);
        assert_eq!(told(Cause::Began, &nothing_left), []);
    }

    #[test]
    fn a_strategy_has_no_third_party_and_nobody_who_may_be_told() {
        let hours = SafeHours { days: vec![], from: time(9, 0, 0, 0), until: time(15, 0, 0, 0) };
        let through_her_sister = ChannelPlan {
            safety: Conditions,
            hours: vec![hours.clone()],
            third_party: Some(code("sister")),
        };
        let set = plan(BTreeMap::from([(Phone, through_her_sister), (Text, channel(Unsafe))]));
        let history = with(open_case(), [(set, at(5))]);
        let told = told(Cause::Changed, &history);
        let phone = LinkedChannel { safety: Conditions, hours: vec![hours], more_conditions: true };
        let text = LinkedChannel { safety: Unsafe, hours: vec![], more_conditions: false };
        let channels = BTreeMap::from([(Phone, phone), (Text, text)]);
        let present = Some(LinkedPlan { channels, otherwise: None });
        let strategy = LinkedStrategy { on_hold: false, present, later: vec![] };
        assert_eq!(told, [LinkedInformationReceived::SafeToContactStrategy(strategy)]);
        let text = serde_json::to_string(&told).unwrap();
        assert!(!text.contains("sister") && !text.contains("gp"), "{text}");
    }

    #[test]
    fn a_hold_passes_and_so_does_a_plan_for_later() {
        let held = CaseEvent::ContactHeld(ContactHeld { reason: ContactHoldReason::NotSafe });
        let history = with(open_case(), [(held, at(5))]);
        let on_hold = LinkedStrategy { on_hold: true, ..LinkedStrategy::default() };
        let on_hold = LinkedInformationReceived::SafeToContactStrategy(on_hold);
        assert_eq!(told(Cause::Changed, &history), [on_hold]);

        let mut from_day_80 = plan(BTreeMap::from([(Phone, channel(Safe))]));
        if let CaseEvent::SafeContactPlanSet(facts) = &mut from_day_80 {
            facts.in_force_from = Some(at(80).at);
        }
        let history = with(open_case(), [(from_day_80, at(5))]);
        let [LinkedInformationReceived::SafeToContactStrategy(strategy)] =
            &told(Cause::Changed, &history)[..]
        else {
            panic!("a strategy passes")
        };
        assert_eq!((&strategy.present, strategy.later[0].from), (&None, at(80).at));
    }

    #[test]
    fn nothing_else_passes() {
        assert_eq!(told(Cause::Changed, &open_case()), []);
        assert_eq!(told(Cause::Began, &open_case()), []);
        let history = given(with(open_case(), [(assessed(High), at(5))]));
        assert_eq!(passing(Cause::Changed, history.history(), at(50).at, &drive(), |_| false), []);
    }

    #[test]
    fn drives_rules_say_who_is_told_what() {
        use CaseRole::{Perpetrator, VictimSurvivor};
        use SharedKind::{RiskChange, SafeToContactStrategy};
        let drive = drive();
        assert!(lets_through(&drive, RiskChange, Perpetrator, VictimSurvivor));
        assert!(lets_through(&drive, SafeToContactStrategy, VictimSurvivor, Perpetrator));
        assert!(!lets_through(&drive, SafeToContactStrategy, Perpetrator, VictimSurvivor));
        assert!(!lets_through(&drive, RiskChange, Perpetrator, Perpetrator));
    }

    #[test]
    fn a_case_comes_into_work_when_it_is_accepted_and_when_it_is_reopened() {
        let comes = |history: &History| came_into_work(given(history.clone()).history());
        assert!(!comes(&vec![(received(), at(1))]));
        assert!(comes(&vec![(received(), at(1)), (accepted(), at(2))]));
        assert!(!comes(&open_case()));
        let shut = with(open_case(), [(closed(), at(4))]);
        assert!(!comes(&shut));
        assert!(comes(&with(shut.clone(), [(reopened(), at(5))])));
        let retraction = CaseEvent::FactRetracted(FactRetracted { retracts: nth(4) });
        assert!(comes(&with(shut, [(retraction, at(5))])));
    }

    #[test]
    fn what_passes_has_one_id_for_each_linking_source_receiver_and_kind() {
        let case = |n| CaseId(Uuid::from_u128(n));
        let id = event_id(nth(1), nth(2), case(3), SharedKind::RiskChange);
        assert_eq!(id, event_id(nth(1), nth(2), case(3), SharedKind::RiskChange));
        // Asked for again by a later program, it must be the same.
        assert_eq!(id.0.to_string(), "b72b6d22-9a5c-52b6-82b9-1144a34f6ac4");
        for other in [
            event_id(nth(9), nth(2), case(3), SharedKind::RiskChange),
            event_id(nth(1), nth(9), case(3), SharedKind::RiskChange),
            event_id(nth(1), nth(2), case(9), SharedKind::RiskChange),
            event_id(nth(1), nth(2), case(3), SharedKind::SafeToContactStrategy),
        ] {
            assert_ne!(id, other);
        }
    }
}
