//! The stretches of one case, in the order of time.

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::case::receive_referral::ReferralReceived;
use throughline_domain::code_lists::RiskLevel;
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{self, Asked, Entry};

use super::Stretch;

pub(super) fn lay_out(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
    asked: &Asked,
) -> Vec<Stretch> {
    let mut facts: Vec<Entry<'_>> = two_clocks::facts(history, asked).collect();
    facts.sort_by_key(|fact| (fact.occurred.at, fact.recorded.position));
    // A date known to the month alone may put an assessment before the referral: the whole is about
    // the case that was referred.
    let referral = facts.iter().rev().find_map(|fact| {
        if let CaseEvent::ReferralReceived(referral) = fact.event { Some(referral) } else { None }
    });
    let Some(referral) = referral else {
        return Vec::new();
    };
    let mut stretches =
        Stretches { case_id, referral, done: Vec::new(), current: None, level: None };
    for fact in &facts {
        stretches.take(fact);
    }
    stretches.finish()
}

struct Stretches<'a> {
    case_id: CaseId,
    referral: &'a ReferralReceived,
    done: Vec<Stretch>,
    /// Within an episode, what goes on.
    current: Option<Stretch>,
    /// The level last assessed, within an episode or not, and by which assessment.
    level: Option<(RiskLevel, EventId)>,
}

impl Stretches<'_> {
    fn take(&mut self, fact: &Entry<'_>) {
        let at = fact.occurred.at;
        match fact.event {
            CaseEvent::ReferralReceived(_) | CaseEvent::CaseReopened(_) => self.begin_episode(at),
            CaseEvent::ReferralDeclined(_) | CaseEvent::CaseClosed(_) => self.end(at),
            CaseEvent::RiskAssessed(facts) => self.assess(at, facts.level, fact.recorded.event_id),
            CaseEvent::ContactAttempted(_)
            | CaseEvent::CaseAllocated(_)
            | CaseEvent::ReferralAccepted(_)
            | CaseEvent::ReferralWaitlisted(_)
            | CaseEvent::AgencyActionRecorded(_)
            | CaseEvent::MeasureRecorded(_)
            | CaseEvent::NeedIdentified(_)
            | CaseEvent::SupportProvided(_)
            | CaseEvent::IncidentReported(_)
            | CaseEvent::MultiAgencyReferralMade(_)
            | CaseEvent::ProtectiveOrderRecorded(_)
            | CaseEvent::ChildProtectionStatusChanged(_)
            | CaseEvent::InformationRequested(_)
            | CaseEvent::InformationChased(_)
            | CaseEvent::InformationEscalated(_)
            | CaseEvent::InformationReceived(_)
            | CaseEvent::InformationRefused(_)
            | CaseEvent::CaseHandedOver(_)
            | CaseEvent::CaseTransferred(_)
            | CaseEvent::ArmAllocated(_)
            | CaseEvent::LinkedInformationReceived(_)
            | CaseEvent::SafeContactPlanSet(_)
            | CaseEvent::ContactHeld(_)
            | CaseEvent::ContactHoldLifted(_)
            | CaseEvent::NeedResolved(_)
            | CaseEvent::PlacementChanged(_)
            | CaseEvent::ReviewCompleted(_)
            | CaseEvent::ClosureProposed(_)
            | CaseEvent::ClosureRefused(_)
            | CaseEvent::FactCorrected(_)
            | CaseEvent::FactRetracted(_) => {}
        }
    }

    fn begin_episode(&mut self, at: Timestamp) {
        self.end(at);
        let level = self.level.map(|(level, _)| level);
        let stretch = Stretch { since: Some(at), level_before: level, ..self.stretch(at) };
        self.current = Some(stretch);
    }

    fn assess(&mut self, at: Timestamp, level: RiskLevel, event_id: EventId) {
        let before = self.level.replace((level, event_id)).map(|(level, _)| level);
        let assessed = Stretch { is_assessment: true, level_before: before, ..self.stretch(at) };
        let Some(current) = &self.current else {
            self.push(Stretch { until: Some(at), ..assessed });
            return;
        };
        let since = if before == Some(level) { current.since } else { Some(at) };
        self.end(at);
        self.current = Some(Stretch { since, ..assessed });
    }

    /// A stretch at the level in force.
    fn stretch(&self, from: Timestamp) -> Stretch {
        Stretch {
            case_id: self.case_id,
            place: 0,
            programme: self.referral.programme.clone(),
            role: self.referral.role,
            area: self.referral.area.clone(),
            from,
            until: None,
            since: None,
            level: self.level.map(|(level, _)| level),
            event_id: self.level.map(|(_, event_id)| event_id),
            is_assessment: false,
            level_before: None,
            is_first: false,
            is_first_at_level: false,
        }
    }

    fn end(&mut self, at: Timestamp) {
        if let Some(stretch) = self.current.take() {
            self.push(Stretch { until: Some(at), ..stretch });
        }
    }

    fn push(&mut self, stretch: Stretch) {
        let earlier = || self.done.iter().filter(|earlier| earlier.since.is_some());
        let is_counted = stretch.since.is_some();
        let stretch = Stretch {
            place: u32::try_from(self.done.len() + 1).unwrap_or(u32::MAX),
            is_first: is_counted && earlier().next().is_none(),
            is_first_at_level: is_counted && earlier().all(|e| e.level != stretch.level),
            ..stretch
        };
        self.done.push(stretch);
    }

    fn finish(mut self) -> Vec<Stretch> {
        if let Some(stretch) = self.current.take() {
            self.push(stretch);
        }
        self.done
    }
}
