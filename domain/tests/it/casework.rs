//! Histories as work makes them: commands put to the rules one after another, of which the
//! accepted ones are recorded.

use cqrs_es::Aggregate as _;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use throughline_domain::case::aggregate::{self, Case, CaseCommand, Intent, Moment};
use throughline_domain::case::amend_fact::{CorrectFact, FactCorrected, RetractFact};
use throughline_domain::case::request_information::FollowRequestUp;
use throughline_domain::case::{
    CaseError, CaseEvent, accept_referral, allocate_arm, allocate_case,
    change_child_protection_status, change_placement, close_case, complete_review,
    decline_referral, hand_over_case, hold_contact, identify_need, propose_closure,
    provide_support, receive_linked_information, receive_referral, record_agency_action,
    record_contact_attempt, record_measure, record_protective_order, record_risk_assessment,
    refer_to_multi_agency_forum, reopen_case, report_incident, request_information, resolve_need,
    set_safe_contact_plan, transfer_case, waitlist_referral,
};
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::recorded::{Happened, Recorded};
use throughline_domain::time::{Occurred, Precision};

use crate::events::{self, event_id, hour};

/// One thing that somebody wants to do.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    kind: &'static str,
    hours_later: i64,
    when: When,
    pick: u8,
    about: usize,
}

/// When it is said to have happened.
#[derive(Debug, Clone, Copy)]
enum When {
    Now,
    HoursAgo(i64),
    OnDayAgo(i64),
    InMonthAgo(i64),
    /// At the very time of an earlier event.
    With(usize),
    /// For a correction: when the fact itself is said to have happened.
    Unmoved,
    ClockAhead,
}

/// A case as it is worked on, and its part of the log.
#[derive(Debug, Default)]
pub(crate) struct Casework {
    pub(crate) case: Case,
    pub(crate) history: Vec<Recorded<CaseEvent>>,
    now: Timestamp,
}

/// Up to `longest` acts, the first of them a referral.
pub(crate) fn acts(longest: usize) -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 1..=longest).prop_map(|mut acts| {
        acts[0].kind = "ReferralReceived";
        acts
    })
}

/// What comes of up to `longest` acts.
pub(crate) fn histories(longest: usize) -> impl Strategy<Value = Vec<Recorded<CaseEvent>>> {
    acts(longest).prop_map(|acts| {
        let mut work = Casework::begin();
        for act in &acts {
            // A refusal is as good as a rest: the clock has moved on.
            let _refused = work.perform(act);
        }
        work.history
    })
}

impl Casework {
    pub(crate) fn begin() -> Self {
        Self { now: hour(0), ..Self::default() }
    }

    /// Puts one command to the case, and records what it comes to.
    pub(crate) fn perform(&mut self, act: &Act) -> Result<(), CaseError> {
        self.now += SignedDuration::from_hours(act.hours_later);
        let moment = Moment {
            event_id: event_id(self.history.len()),
            occurred: self.occurred(act),
            now: self.now,
        };
        let intent = self.intent(act);
        let event = aggregate::decide(&self.case, CaseCommand { moment, intent })?;
        let n = self.history.len() + 1;
        let previous = self.history.last();
        let soonest = previous.map(|e| e.recorded_at + SignedDuration::from_micros(1));
        self.history.push(Recorded {
            // Other cases' events lie between.
            position: Position(previous.map_or(0, |e| e.position.0) + 1 + i64::from(act.pick % 3)),
            version: Version(i32::try_from(n).unwrap()),
            recorded_at: soonest.map_or(self.now, |soonest| soonest.max(self.now)),
            event_id: moment.event_id,
            occurred: moment.occurred,
            event: event.clone(),
        });
        self.case.apply(Happened { event_id: moment.event_id, occurred: moment.occurred, event });
        Ok(())
    }

    fn occurred(&self, act: &Act) -> Occurred {
        let hours_ago = |hours| self.now - SignedDuration::from_hours(hours);
        let civil = |hours| hours_ago(hours).to_zoned(TimeZone::UTC).date();
        let start_of = |date: jiff::civil::Date, precision| Occurred {
            at: date.to_zoned(TimeZone::UTC).unwrap().timestamp(),
            precision,
        };
        match act.when {
            When::Now | When::Unmoved => Occurred::at(self.now),
            When::HoursAgo(hours) => Occurred::at(hours_ago(hours)),
            When::OnDayAgo(days) => start_of(civil(24 * days), Precision::Day),
            When::InMonthAgo(days) => start_of(civil(24 * days).first_of_month(), Precision::Month),
            When::With(nth) => self.nth(nth).map_or(Occurred::at(self.now), |e| e.occurred),
            When::ClockAhead => Occurred::at(self.now + SignedDuration::from_secs(30)),
        }
    }

    fn nth(&self, nth: usize) -> Option<&Recorded<CaseEvent>> {
        self.history.get(nth % self.history.len().max(1))
    }

    fn intent(&self, act: &Act) -> Intent {
        let about = self.nth(act.about).map_or(event_id(999), |e| e.event_id);
        if act.kind == "FactCorrected" {
            return self.correction(act, about);
        }
        let about =
            if let Some(kind) = followed(act.kind) { self.nth_of(kind, act.about) } else { about };
        intent(events::event(act.kind, act.pick, about))
    }

    fn nth_of(&self, kind: &str, nth: usize) -> EventId {
        let of_kind = self.history.iter().filter(|e| e.event.type_name() == kind);
        let events: Vec<EventId> = of_kind.map(|e| e.event_id).collect();
        *events.get(nth % events.len().max(1)).unwrap_or(&event_id(999))
    }

    fn correction(&self, act: &Act, about: EventId) -> Intent {
        let original = self.nth(act.about);
        let kind = original.map_or("RiskAssessed", |e| e.event.type_name());
        let occurred = match (act.when, original) {
            (When::Unmoved, Some(original)) => original.occurred,
            _ => self.occurred(act),
        };
        Intent::CorrectFact(CorrectFact(FactCorrected {
            corrects: about,
            occurred,
            replacement: Box::new(events::event(kind, act.pick, about)),
        }))
    }
}

/// The type of the events that those of this type follow.
fn followed(kind: &str) -> Option<&'static str> {
    match kind {
        "ContactHoldLifted" => Some("ContactHeld"),
        "NeedResolved" => Some("NeedIdentified"),
        "ClosureRefused" => Some("ClosureProposed"),
        _ if kind.starts_with("Information") => Some("InformationRequested"),
        _ => None,
    }
}

fn act() -> impl Strategy<Value = Act> {
    let every: Vec<&str> = CaseEvent::TYPES.iter().map(|(name, _)| *name).collect();
    let kind = prop_oneof![
        3 => prop::sample::select(every),
        2 => Just("ReferralAccepted"),
        3 => Just("CaseAllocated"),
        2 => Just("CaseClosed"),
        2 => Just("CaseReopened"),
        3 => Just("ContactAttempted"),
        3 => Just("RiskAssessed"),
        2 => Just("InformationRequested"),
        2 => Just("InformationReceived"),
        4 => Just("FactCorrected"),
        3 => Just("FactRetracted"),
        2 => Just("CaseHandedOver"),
        1 => Just("SafeContactPlanSet"),
        6 => prop::sample::select(vec![
            "ContactHeld",
            "ContactHoldLifted",
            "ClosureProposed",
            "ClosureRefused",
            "NeedIdentified",
            "NeedResolved",
        ]),
    ];
    let when = prop_oneof![
        4 => Just(When::Now),
        3 => (0..1000_i64).prop_map(When::HoursAgo),
        2 => (0..60_i64).prop_map(When::OnDayAgo),
        1 => (0..90_i64).prop_map(When::InMonthAgo),
        2 => any::<usize>().prop_map(When::With),
        3 => Just(When::Unmoved),
        1 => Just(When::ClockAhead),
    ];
    (kind, 0..200_i64, when, any::<u8>(), any::<usize>()).prop_map(
        |(kind, hours_later, when, pick, about)| Act { kind, hours_later, when, pick, about },
    )
}

/// The command that would record these facts.
pub(crate) fn intent(event: CaseEvent) -> Intent {
    match event {
        CaseEvent::ReferralReceived(f) => receive_referral::ReceiveReferral(f).into(),
        CaseEvent::ReferralAccepted(f) => accept_referral::AcceptReferral(f).into(),
        CaseEvent::ReferralDeclined(f) => decline_referral::DeclineReferral(f).into(),
        CaseEvent::ReferralWaitlisted(f) => waitlist_referral::WaitlistReferral(f).into(),
        CaseEvent::CaseAllocated(f) => allocate_case::AllocateCase(f).into(),
        CaseEvent::ContactAttempted(f) => record_contact_attempt::RecordContactAttempt(f).into(),
        CaseEvent::RiskAssessed(f) => record_risk_assessment::RecordRiskAssessment {
            instrument: f.instrument,
            answers: f.answers,
            judgement_level: f.judgement_level,
            level: Some(f.level),
            assessor_role: f.assessor_role,
            source_organisation: f.source_organisation,
            own_view: f.own_view,
            stage: f.stage,
        }
        .into(),
        CaseEvent::AgencyActionRecorded(f) => record_agency_action::RecordAgencyAction(f).into(),
        CaseEvent::MeasureRecorded(f) => record_measure::RecordMeasure(f).into(),
        CaseEvent::NeedIdentified(f) => identify_need::IdentifyNeed(f).into(),
        CaseEvent::SupportProvided(f) => provide_support::ProvideSupport(f).into(),
        CaseEvent::IncidentReported(f) => report_incident::ReportIncident(f).into(),
        CaseEvent::MultiAgencyReferralMade(f) => {
            refer_to_multi_agency_forum::ReferToMultiAgencyForum(f).into()
        }
        CaseEvent::ProtectiveOrderRecorded(f) => {
            record_protective_order::RecordProtectiveOrder(f).into()
        }
        CaseEvent::ChildProtectionStatusChanged(f) => {
            change_child_protection_status::ChangeChildProtectionStatus(f).into()
        }
        CaseEvent::InformationRequested(f) => request_information::RequestInformation(f).into(),
        CaseEvent::InformationChased(f) => FollowRequestUp::Chase(f).into(),
        CaseEvent::InformationEscalated(f) => FollowRequestUp::Escalate(f).into(),
        CaseEvent::InformationReceived(f) => FollowRequestUp::Receive(f).into(),
        CaseEvent::InformationRefused(f) => FollowRequestUp::Refuse(f).into(),
        CaseEvent::CaseHandedOver(f) => hand_over_case::HandOverCase(f).into(),
        CaseEvent::CaseTransferred(f) => transfer_case::TransferCase(f).into(),
        CaseEvent::ArmAllocated(f) => allocate_arm::AllocateArm(f).into(),
        CaseEvent::SafeContactPlanSet(f) => set_safe_contact_plan::SetSafeContactPlan(f).into(),
        CaseEvent::ContactHeld(f) => hold_contact::HoldContact(f).into(),
        CaseEvent::ContactHoldLifted(f) => hold_contact::LiftContactHold(f).into(),
        CaseEvent::NeedResolved(f) => resolve_need::ResolveNeed(f).into(),
        CaseEvent::PlacementChanged(f) => change_placement::ChangePlacement(f).into(),
        CaseEvent::ReviewCompleted(f) => complete_review::CompleteReview(f).into(),
        CaseEvent::ClosureProposed(f) => propose_closure::ProposeClosure(f).into(),
        CaseEvent::ClosureRefused(f) => propose_closure::RefuseClosure(f).into(),
        CaseEvent::LinkedInformationReceived(f) => {
            receive_linked_information::ReceiveLinkedInformation(f).into()
        }
        CaseEvent::CaseClosed(f) => close_case::CloseCase(f).into(),
        CaseEvent::CaseReopened(f) => reopen_case::ReopenCase(f).into(),
        CaseEvent::FactCorrected(f) => CorrectFact(f).into(),
        CaseEvent::FactRetracted(f) => RetractFact(f).into(),
    }
}
