//! Given, when, then: the words in which a rule of the case is tested.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::case::accept_referral::{AcceptReferral, ReferralAccepted};
use crate::case::aggregate::{self, Case, CaseCommand, Intent, Moment};
use crate::case::allocate_case::{AllocateCase, CaseAllocated};
use crate::case::amend_fact::FactRetracted;
use crate::case::close_case::{CaseClosed, CloseCase};
use crate::case::decline_referral::{DeclineReferral, ReferralDeclined};
use crate::case::receive_referral::{MissingFacts, ReceiveReferral, ReferralReceived};
use crate::case::record_contact_attempt::{ContactAttempted, RecordContactAttempt};
use crate::case::record_risk_assessment::RecordRiskAssessment;
use crate::case::reopen_case::{CaseReopened, ReopenCase};
use crate::case::waitlist_referral::{ReferralWaitlisted, WaitlistReferral};
use crate::case::{CaseError, CaseEvent};
use crate::code::Code;
use crate::code_lists::{
    CaseRole, ClosureReason, ContactChannel, ContactOutcome, DeclineReason, ReferralSource,
    RiskLevel,
};
use crate::ids::{EventId, PersonId};
use crate::recorded::Happened;
use crate::time::Occurred;

/// Noon on a day of the test's calendar; the present is day 100.
pub(crate) fn at(day: i64) -> Occurred {
    let epoch: Timestamp = "2014-01-01T12:00:00Z".parse().unwrap();
    Occurred::at(epoch + SignedDuration::from_hours(24 * day))
}

pub(crate) fn code(text: &str) -> Code {
    text.parse().unwrap()
}

/// The id of the n-th event of a history under test, from 1.
pub(crate) fn event_id(n: u8) -> EventId {
    EventId(Uuid::from_u128(u128::from(n)))
}

pub(crate) struct Given(Case);

pub(crate) fn given(history: impl IntoIterator<Item = (CaseEvent, Occurred)>) -> Given {
    let events = history.into_iter().zip(1..).map(|((event, occurred), n)| Happened {
        event_id: event_id(n),
        occurred,
        event,
    });
    Given(Case::from(events.collect::<Vec<_>>()))
}

impl Given {
    #[track_caller]
    pub(crate) fn when(&self, intent: impl Into<Intent>, occurred: Occurred) -> Then {
        let moment = Moment { event_id: event_id(200), occurred, now: at(100).at };
        Then(aggregate::decide(&self.0, CaseCommand { moment, intent: intent.into() }))
    }
}

impl Given {
    pub(crate) fn history(&self) -> &[crate::recorded::Recorded<CaseEvent>] {
        self.0.history()
    }

    pub(crate) fn state(&self) -> crate::case::CaseState {
        self.0.state().clone()
    }
}

pub(crate) struct Then(Result<CaseEvent, CaseError>);

impl Then {
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "reads as a sentence in the tests")]
    pub(crate) fn then(self, event: CaseEvent) {
        assert_eq!(self.0.as_ref(), Ok(&event));
    }

    #[track_caller]
    pub(crate) fn then_refused(self, error: &CaseError) {
        assert_eq!(self.0.as_ref(), Err(error));
    }
}

/// A case referred on day 1, accepted on day 2 and allocated on day 3.
pub(crate) fn open_case() -> Vec<(CaseEvent, Occurred)> {
    vec![(received(), at(1)), (accepted(), at(2)), (allocated("mrp-south"), at(3))]
}

pub(crate) fn with<const N: usize>(
    mut history: Vec<(CaseEvent, Occurred)>,
    more: [(CaseEvent, Occurred); N],
) -> Vec<(CaseEvent, Occurred)> {
    history.extend(more);
    history
}

pub(crate) fn referral() -> ReceiveReferral {
    ReceiveReferral(ReferralReceived {
        person_id: PersonId(Uuid::from_u128(7)),
        programme: code("mrp"),
        programme_version: 1,
        role: CaseRole::VictimSurvivor,
        area: code("south"),
        source: ReferralSource::Police,
        latest_incident_at: None,
        incidents_12_months: Some(3),
        age_years: None,
        criteria: vec![code("repeat_victimisation")],
        criteria_version: None,
        returns_from: None,
        list_date: None,
        missing_reasons: MissingFacts::default(),
    })
}

pub(crate) fn received() -> CaseEvent {
    CaseEvent::ReferralReceived(referral().0)
}

pub(crate) fn accept() -> AcceptReferral {
    AcceptReferral(ReferralAccepted::default())
}

pub(crate) fn accepted() -> CaseEvent {
    CaseEvent::ReferralAccepted(accept().0)
}

pub(crate) fn decline() -> DeclineReferral {
    DeclineReferral(ReferralDeclined { reason: DeclineReason::OutOfArea, decided_by: None })
}

pub(crate) fn declined() -> CaseEvent {
    CaseEvent::ReferralDeclined(decline().0)
}

pub(crate) fn waitlist() -> WaitlistReferral {
    WaitlistReferral(ReferralWaitlisted::default())
}

pub(crate) fn waitlisted() -> CaseEvent {
    CaseEvent::ReferralWaitlisted(waitlist().0)
}

pub(crate) fn allocate(worker: &str) -> AllocateCase {
    AllocateCase(CaseAllocated {
        worker: code(worker),
        team: None,
        location: None,
        reason: None,
        over_capacity: false,
    })
}

pub(crate) fn allocated(worker: &str) -> CaseEvent {
    CaseEvent::CaseAllocated(allocate(worker).0)
}

pub(crate) fn close() -> CloseCase {
    let reason = ClosureReason::GoalsMet;
    CloseCase(CaseClosed { reason, evidence: vec![], approver: None, proposal: None })
}

pub(crate) fn closed() -> CaseEvent {
    CaseEvent::CaseClosed(close().0)
}

pub(crate) fn reopen() -> ReopenCase {
    ReopenCase(CaseReopened::default())
}

pub(crate) fn reopened() -> CaseEvent {
    CaseEvent::CaseReopened(reopen().0)
}

pub(crate) fn attempt() -> RecordContactAttempt {
    RecordContactAttempt(ContactAttempted {
        channel: ContactChannel::Phone,
        outcome: ContactOutcome::Reached,
        direction: None,
        duration_min: None,
        purpose: None,
        location: None,
        joint_with: None,
        override_reason: None,
    })
}

pub(crate) fn attempted() -> CaseEvent {
    CaseEvent::ContactAttempted(attempt().0)
}

pub(crate) fn assess(level: RiskLevel) -> RecordRiskAssessment {
    RecordRiskAssessment {
        instrument: code("dash-safelives/2009"),
        answers: None,
        judgement_level: None,
        level: Some(level),
        assessor_role: code("dva_worker"),
        source_organisation: None,
        own_view: None,
        stage: None,
    }
}

pub(crate) fn assessed(level: RiskLevel) -> CaseEvent {
    CaseEvent::RiskAssessed(assess(level).resolve().unwrap())
}

pub(crate) fn retracted(fact: u8) -> CaseEvent {
    CaseEvent::FactRetracted(FactRetracted { retracts: event_id(fact) })
}
