//! The case as the event-sourcing framework sees it: one function that decides, one that applies.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::accept_referral::AcceptReferral;
use crate::case::allocate_arm::AllocateArm;
use crate::case::allocate_case::AllocateCase;
use crate::case::amend_fact::{CorrectFact, RetractFact};
use crate::case::change_child_protection_status::ChangeChildProtectionStatus;
use crate::case::change_placement::ChangePlacement;
use crate::case::close_case::CloseCase;
use crate::case::complete_review::CompleteReview;
use crate::case::decline_referral::DeclineReferral;
use crate::case::hand_over_case::HandOverCase;
use crate::case::hold_contact::{HoldContact, LiftContactHold};
use crate::case::identify_need::IdentifyNeed;
use crate::case::lifecycle::Transition;
use crate::case::propose_closure::{ProposeClosure, RefuseClosure};
use crate::case::provide_support::ProvideSupport;
use crate::case::receive_linked_information::ReceiveLinkedInformation;
use crate::case::receive_referral::ReceiveReferral;
use crate::case::record_agency_action::RecordAgencyAction;
use crate::case::record_contact_attempt::RecordContactAttempt;
use crate::case::record_measure::RecordMeasure;
use crate::case::record_protective_order::RecordProtectiveOrder;
use crate::case::record_risk_assessment::RecordRiskAssessment;
use crate::case::refer_to_multi_agency_forum::ReferToMultiAgencyForum;
use crate::case::reopen_case::ReopenCase;
use crate::case::report_incident::ReportIncident;
use crate::case::request_information::{FollowRequestUp, RequestInformation};
use crate::case::resolve_need::ResolveNeed;
use crate::case::set_safe_contact_plan::SetSafeContactPlan;
use crate::case::transfer_case::TransferCase;
use crate::case::waitlist_referral::WaitlistReferral;
use crate::case::{CaseError, CaseEvent, CaseState, CaseStatus};
use crate::ids::{EventId, Position, Version};
use crate::recorded::{Happened, Recorded};
use crate::time::Occurred;
use crate::two_clocks::{self, Asked};

/// When a command's fact happened, when the command is decided, and the id its event gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The id of the event to come.
    pub event_id: EventId,
    /// When the fact happened.
    pub occurred: Occurred,
    /// The present.
    pub now: Timestamp,
}

/// What is to be decided, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: Intent,
}

macro_rules! intents {
    ($($intent:ident),+ $(,)?) => {
        /// What a caller wants of a case.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each command is documented where it is defined")]
        pub enum Intent {
            $($intent($intent),)+
        }

        $(impl From<$intent> for Intent {
            fn from(command: $intent) -> Self {
                Self::$intent(command)
            }
        })+
    };
}

intents! {
    ReceiveReferral, AcceptReferral, DeclineReferral, WaitlistReferral, AllocateCase,
    RecordContactAttempt, RecordRiskAssessment, RecordAgencyAction, RecordMeasure, IdentifyNeed,
    ProvideSupport, ReportIncident, ReferToMultiAgencyForum, RecordProtectiveOrder,
    ChangeChildProtectionStatus, RequestInformation, FollowRequestUp, HandOverCase, TransferCase,
    AllocateArm, SetSafeContactPlan, HoldContact, LiftContactHold, ResolveNeed, ChangePlacement,
    CompleteReview, ProposeClosure, RefuseClosure, CloseCase, ReopenCase,
    ReceiveLinkedInformation, CorrectFact, RetractFact,
}

/// A case with its whole history: what a command is decided against.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Happened<CaseEvent>>", into = "Vec<Happened<CaseEvent>>")]
pub struct Case {
    history: Vec<Recorded<CaseEvent>>,
    state: CaseState,
    /// Whether some amendment is older than what it amends: then a fact that comes now may have
    /// been amended already, and only a whole fold can tell.
    is_amended_ahead: bool,
}

/// Decides a command against a case.
///
/// # Errors
/// The first rule that refuses.
pub fn decide(case: &Case, command: CaseCommand) -> Result<CaseEvent, CaseError> {
    let CaseCommand { moment, intent } = command;
    if moment.occurred.is_after(moment.now) {
        return Err(CaseError::InFuture { occurred_at: moment.occurred.at });
    }
    let event = match intent {
        Intent::ReceiveReferral(command) => command.decide(case, &moment),
        Intent::AcceptReferral(command) => command.decide(case, &moment),
        Intent::DeclineReferral(command) => command.decide(case, &moment),
        Intent::WaitlistReferral(command) => command.decide(case, &moment),
        Intent::AllocateCase(command) => command.decide(case, &moment),
        Intent::RecordContactAttempt(command) => command.decide(case, &moment),
        Intent::RecordRiskAssessment(command) => command.decide(case, &moment),
        Intent::RecordAgencyAction(command) => command.decide(case, &moment),
        Intent::RecordMeasure(command) => command.decide(case, &moment),
        Intent::IdentifyNeed(command) => command.decide(case, &moment),
        Intent::ProvideSupport(command) => command.decide(case, &moment),
        Intent::ReportIncident(command) => command.decide(case),
        Intent::ReferToMultiAgencyForum(command) => command.decide(case, &moment),
        Intent::RecordProtectiveOrder(command) => command.decide(case),
        Intent::ChangeChildProtectionStatus(command) => command.decide(case),
        Intent::RequestInformation(command) => command.decide(case, &moment),
        Intent::FollowRequestUp(command) => command.decide(case),
        Intent::HandOverCase(command) => command.decide(case, &moment),
        Intent::TransferCase(command) => command.decide(case, &moment),
        Intent::AllocateArm(command) => command.decide(case, &moment),
        Intent::SetSafeContactPlan(command) => command.decide(case),
        Intent::HoldContact(command) => command.decide(case, &moment),
        Intent::LiftContactHold(command) => command.decide(case, &moment),
        Intent::ResolveNeed(command) => command.decide(case),
        Intent::ChangePlacement(command) => command.decide(case, &moment),
        Intent::CompleteReview(command) => command.decide(case, &moment),
        Intent::ProposeClosure(command) => command.decide(case, &moment),
        Intent::RefuseClosure(command) => command.decide(case),
        Intent::CloseCase(command) => command.decide(case, &moment),
        Intent::ReopenCase(command) => command.decide(case, &moment),
        Intent::ReceiveLinkedInformation(command) => command.decide(case, &moment),
        Intent::CorrectFact(command) => command.decide(case, moment.now),
        Intent::RetractFact(command) => command.decide(case),
    }?;
    event.check(moment.occurred)?;
    Ok(event)
}

impl Intent {
    /// The facts that the command would record, before any rule has looked at the case: what a
    /// correction puts in place of the original.
    ///
    /// # Errors
    /// When the facts contradict themselves.
    pub fn into_facts(self) -> Result<CaseEvent, CaseError> {
        Ok(match self {
            Self::ReceiveReferral(command) => CaseEvent::ReferralReceived(command.0),
            Self::AcceptReferral(command) => CaseEvent::ReferralAccepted(command.0),
            Self::DeclineReferral(command) => CaseEvent::ReferralDeclined(command.0),
            Self::WaitlistReferral(command) => CaseEvent::ReferralWaitlisted(command.0),
            Self::AllocateCase(command) => CaseEvent::CaseAllocated(command.0),
            Self::RecordContactAttempt(command) => CaseEvent::ContactAttempted(command.0),
            Self::RecordRiskAssessment(command) => CaseEvent::RiskAssessed(command.resolve()?),
            Self::RecordAgencyAction(command) => CaseEvent::AgencyActionRecorded(command.0),
            Self::RecordMeasure(command) => CaseEvent::MeasureRecorded(command.0),
            Self::IdentifyNeed(command) => CaseEvent::NeedIdentified(command.0),
            Self::ProvideSupport(command) => CaseEvent::SupportProvided(command.0),
            Self::ReportIncident(command) => CaseEvent::IncidentReported(command.0),
            Self::ReferToMultiAgencyForum(command) => CaseEvent::MultiAgencyReferralMade(command.0),
            Self::RecordProtectiveOrder(command) => CaseEvent::ProtectiveOrderRecorded(command.0),
            Self::ChangeChildProtectionStatus(command) => {
                CaseEvent::ChildProtectionStatusChanged(command.0)
            }
            Self::RequestInformation(command) => CaseEvent::InformationRequested(command.0),
            Self::FollowRequestUp(command) => command.into_facts(),
            Self::HandOverCase(command) => CaseEvent::CaseHandedOver(command.0),
            Self::TransferCase(command) => CaseEvent::CaseTransferred(command.0),
            Self::AllocateArm(command) => CaseEvent::ArmAllocated(command.0),
            Self::SetSafeContactPlan(command) => CaseEvent::SafeContactPlanSet(command.0),
            Self::HoldContact(command) => CaseEvent::ContactHeld(command.0),
            Self::LiftContactHold(command) => CaseEvent::ContactHoldLifted(command.0),
            Self::ResolveNeed(command) => CaseEvent::NeedResolved(command.0),
            Self::ChangePlacement(command) => CaseEvent::PlacementChanged(command.0),
            Self::CompleteReview(command) => CaseEvent::ReviewCompleted(command.0),
            Self::ProposeClosure(command) => CaseEvent::ClosureProposed(command.0),
            Self::RefuseClosure(command) => CaseEvent::ClosureRefused(command.0),
            Self::CloseCase(command) => CaseEvent::CaseClosed(command.0),
            Self::ReopenCase(command) => CaseEvent::CaseReopened(command.0),
            Self::ReceiveLinkedInformation(command) => {
                CaseEvent::LinkedInformationReceived(command.0)
            }
            Self::CorrectFact(command) => CaseEvent::FactCorrected(command.0),
            Self::RetractFact(command) => CaseEvent::FactRetracted(command.0),
        })
    }
}

impl Case {
    /// The case's events, in the order of recording.
    #[must_use]
    pub fn history(&self) -> &[Recorded<CaseEvent>] {
        &self.history
    }

    /// The case as everything recorded tells it.
    #[must_use]
    pub fn state(&self) -> &CaseState {
        &self.state
    }

    /// Where the case stands; `None` before its referral.
    #[must_use]
    pub fn status(&self) -> Option<CaseStatus> {
        self.state.referral.as_ref().map(|_| self.state.status)
    }

    /// The event with this id, if it is one of the case's.
    #[must_use]
    pub fn find(&self, event_id: EventId) -> Option<&Recorded<CaseEvent>> {
        self.history.iter().find(|recorded| recorded.event_id == event_id)
    }

    /// Takes one more event, the next in the order of recording.
    pub fn take(&mut self, Happened { event_id, occurred, event }: Happened<CaseEvent>) {
        let place = self.history.len() + 1;
        let amends = event.amends();
        self.is_amended_ahead |= amends.is_some_and(|fact| self.find(fact).is_none());
        let in_order = amends.is_none()
            && !self.is_amended_ahead
            && self.state.latest_occurred_at.is_none_or(|latest| latest <= occurred.at);
        self.history.push(Recorded {
            // Within one stream only the order of places matters, so the version serves as both.
            position: Position(i64::try_from(place).unwrap_or(i64::MAX)),
            version: Version(i32::try_from(place).unwrap_or(i32::MAX)),
            recorded_at: Timestamp::MIN,
            event_id,
            occurred,
            event,
        });
        if in_order && let Some(recorded) = self.history.last() {
            self.state.apply(recorded.event_id, recorded.occurred, &recorded.event);
        } else {
            self.state = CaseState::at(&self.history, &Asked::LATEST);
        }
    }

    pub(crate) fn has_open_request(&self, request: EventId) -> bool {
        self.state.open_requests.iter().any(|open| open.request == request)
    }

    pub(crate) fn require_referral(&self) -> Result<(), CaseError> {
        self.status().map(|_| ()).ok_or(CaseError::NotReferred)
    }

    /// Whether a fact of the case still stands: nothing follows from what was retracted.
    pub(crate) fn require_standing(&self, fact: EventId) -> Result<(), CaseError> {
        self.require_all_standing(&[fact])
    }

    fn require_all_standing(&self, facts: &[EventId]) -> Result<(), CaseError> {
        let is_retracted = two_clocks::entries(&self.history, &Asked::LATEST)
            .iter()
            .any(|entry| entry.retracted_by.is_some() && facts.contains(&entry.recorded.event_id));
        if is_retracted { Err(CaseError::AlreadyRetracted) } else { Ok(()) }
    }

    /// Whether what a decision rests on is of this case, and still stands.
    ///
    /// # Errors
    /// [`CaseError::UnknownEvidence`], or [`CaseError::AlreadyRetracted`].
    pub fn require_evidence(&self, evidence: &[EventId]) -> Result<(), CaseError> {
        match evidence.iter().find(|id| self.find(**id).is_none()) {
            Some(&event_id) => Err(CaseError::UnknownEvidence { event_id }),
            None if evidence.is_empty() => Ok(()),
            None => self.require_all_standing(evidence),
        }
    }

    /// Whether this proposal to close the case waits.
    pub(crate) fn require_proposal(&self, proposal: EventId) -> Result<(), CaseError> {
        if self.state.closure_proposal == Some(proposal) {
            Ok(())
        } else {
            Err(CaseError::UnknownClosureProposal { proposal })
        }
    }

    pub(crate) fn require_episode_at(&self, occurred: Occurred) -> Result<(), CaseError> {
        self.require_referral()?;
        let inside = self
            .state
            .episodes
            .iter()
            .any(|episode| occurred.can_lie_within(episode.started, episode.ended));
        if inside {
            Ok(())
        } else {
            Err(CaseError::OutsideEveryEpisode { occurred_at: occurred.at })
        }
    }

    /// Whether a referral's decision may be taken now.
    pub(crate) fn may_decide_referral(
        &self,
        step: Transition,
        moment: &Moment,
    ) -> Result<(), CaseError> {
        let status = self.status().ok_or(CaseError::NotReferred)?;
        if !step.may_follow(Some(status)) {
            return Err(CaseError::NotAwaitingDecision { status });
        }
        self.may_take(moment)
    }

    /// Whether a step of a case in work may be taken now.
    pub(crate) fn may_work(&self, step: Transition, moment: &Moment) -> Result<(), CaseError> {
        let status = self.status().ok_or(CaseError::NotReferred)?;
        if !step.may_follow(Some(status)) {
            return Err(CaseError::NotInWork { status });
        }
        self.may_take(moment)
    }

    /// Whether a step that the status allows may be taken at this time: not before the last one.
    pub(crate) fn may_take(&self, moment: &Moment) -> Result<(), CaseError> {
        match self.state.last_step_at {
            Some(previous_at) if moment.occurred.at < previous_at => {
                Err(CaseError::BeforePreviousStep { previous_at })
            }
            _ => Ok(()),
        }
    }

    /// Adds an event that has an id of its own nowhere else: to see what would come of it.
    pub(crate) fn append(&mut self, event: CaseEvent) {
        let occurred = Occurred::at(Timestamp::MAX);
        self.apply(Happened { event_id: EventId(uuid::Uuid::nil()), occurred, event });
    }
}

impl Aggregate for Case {
    const TYPE: &'static str = "case";
    type Command = CaseCommand;
    type Event = Happened<CaseEvent>;
    type Error = CaseError;
    type Services = ();

    async fn handle(
        &mut self,
        command: CaseCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), CaseError> {
        let Moment { event_id, occurred, .. } = command.moment;
        let event = decide(self, command)?;
        sink.write(Happened { event_id, occurred, event }, self).await;
        Ok(())
    }

    fn apply(&mut self, happened: Happened<CaseEvent>) {
        self.take(happened);
    }
}

impl DomainEvent for Happened<CaseEvent> {
    fn event_type(&self) -> String {
        self.event.type_name().to_owned()
    }

    fn event_version(&self) -> String {
        self.event.schema_version().to_string()
    }
}

impl From<Vec<Happened<CaseEvent>>> for Case {
    fn from(events: Vec<Happened<CaseEvent>>) -> Self {
        let mut case = Self::default();
        for event in events {
            case.apply(event);
        }
        case
    }
}

impl From<Case> for Vec<Happened<CaseEvent>> {
    fn from(case: Case) -> Self {
        case.history
            .into_iter()
            .map(|Recorded { event_id, occurred, event, .. }| Happened {
                event_id,
                occurred,
                event,
            })
            .collect()
    }
}
