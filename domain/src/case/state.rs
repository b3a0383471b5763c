//! The state of a case: what a fold of its facts comes to.
//!
//! `apply` accepts anything that was recorded and holds no rules; refusal belongs to the commands.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::case::assessors::Assessors;
use crate::case::contact_safety::ContactSafety;
use crate::case::lifecycle::Transition;
use crate::case::record_contact_attempt::ContactAttempted;
use crate::case::record_risk_assessment::RiskAssessed;
use crate::case::request_information::InformationRequested;
use crate::case::{CaseEvent, CaseStatus};
use crate::code::Code;
use crate::code_lists::{
    Agency, CaseRole, ContactOutcome, Need, OwnView, ReferralSource, RiskLevel,
};
use crate::ids::{CaseId, EventId, PersonId};
use crate::recorded::Recorded;
use crate::time::Occurred;
use crate::two_clocks::{self, Asked};

/// A case at two dates.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseState {
    /// The referral; `None` when none is in view at the dates asked about.
    pub referral: Option<Referral>,
    /// Where the case stands; of no meaning before a referral.
    pub status: CaseStatus,
    /// The episodes, oldest first; the last is the present one.
    pub episodes: Vec<Episode>,
    /// The worker who has, or last had, the case.
    pub worker: Option<Code>,
    /// Their team.
    pub team: Option<Code>,
    /// The programme's area that the case is in; of the referral, until it is transferred.
    pub area: Option<Code>,
    /// The arm of the trial that the case belongs to.
    pub arm: Option<Code>,
    /// The latest risk assessment, whoever made it. The case's level is for a rule to find
    /// ([`crate::rules::case_risk`]).
    pub risk: Option<Risk>,
    /// What each assessor said last.
    pub assessors: Assessors,
    /// What came of the attempts to reach the person.
    pub contacts: Contacts,
    /// When and how the person may be turned to.
    pub contact_safety: ContactSafety,
    /// Needs not resolved, oldest first.
    pub open_needs: Vec<OpenNeed>,
    /// Needs resolved, likewise dated before or after they were identified.
    pub(crate) resolved_needs: Vec<EventId>,
    /// Where the person is placed.
    pub placement: Option<Code>,
    /// The latest review.
    pub review: Option<Review>,
    /// When each stage was last reviewed, in the order of time.
    pub stage_reviews: BTreeMap<Code, Occurred>,
    /// When the case was last looked at as a whole, in the order of time: assessed, or reviewed
    /// without a stage.
    pub looked_at: Option<Occurred>,
    /// The proposal to close the case that waits, by the event that made it.
    pub closure_proposal: Option<EventId>,
    /// Information requests neither answered nor refused, oldest first.
    pub open_requests: Vec<OpenRequest>,
    /// Requests answered or refused: an answer may be dated before its request, when a date is
    /// known to the day alone or was corrected, and closes it all the same.
    pub(crate) closed_requests: Vec<EventId>,
    /// When the latest step of the lifecycle was taken.
    pub(crate) last_step_at: Option<Timestamp>,
    /// When the latest fact happened.
    pub(crate) latest_occurred_at: Option<Timestamp>,
}

/// How the case began.
#[derive(Debug, Clone, PartialEq)]
pub struct Referral {
    /// Whose case it is.
    pub person_id: PersonId,
    /// The programme.
    pub programme: Code,
    /// The version of its definition, which the case keeps.
    pub programme_version: u16,
    /// The criteria that the person met.
    pub criteria: Vec<Code>,
    /// The version of the criteria that was in force, where the referral says so.
    pub criteria_version: Option<u16>,
    /// Whom the case is about.
    pub role: CaseRole,
    /// The programme's area.
    pub area: Code,
    /// Who referred.
    pub source: ReferralSource,
    /// When the referral was received.
    pub received: Occurred,
    /// The person's earlier case that the referral comes back to.
    pub returns_from: Option<CaseId>,
}

/// One stretch of work with a person: from the referral or a reopening to the closure, or to the
/// decision not to take the person on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// When it began.
    pub started: Occurred,
    /// When it ended, if it has.
    pub ended: Option<Occurred>,
}

/// A risk assessment.
#[derive(Debug, Clone, PartialEq)]
pub struct Risk {
    /// The resulting level.
    pub level: RiskLevel,
    /// When the assessment was made.
    pub occurred: Occurred,
    /// With which instrument.
    pub instrument: Code,
    /// By whom, as a role.
    pub assessor_role: Code,
    /// Their organisation.
    pub source_organisation: Option<Code>,
    /// The person's own view of the level.
    pub own_view: Option<OwnView>,
    /// The assessment: the id of the original fact.
    pub event_id: EventId,
}

/// What came of the attempts to reach the person, over all episodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contacts {
    /// How many attempts were made, in either direction.
    pub attempts: u32,
    /// How many reached the person.
    pub reached: u32,
    /// When the latest attempt was made.
    pub last_attempt_at: Option<Timestamp>,
    /// When the person was last reached.
    pub last_reached_at: Option<Timestamp>,
}

/// An information request that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRequest {
    /// The event that made it.
    pub request: EventId,
    /// Whom it was made to.
    pub agency: Agency,
    /// When the answer is due.
    pub due_at: Option<Timestamp>,
}

/// Something that the person needs help with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenNeed {
    /// The event that identified it.
    pub event_id: EventId,
    /// What.
    pub need: Need,
}

/// The latest review.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// When it took place.
    pub occurred: Occurred,
    /// The programme's stage that it was of.
    pub stage: Option<Code>,
    /// When the next is due, where that was set by hand.
    pub next_due: Option<Timestamp>,
    /// The event that recorded it.
    pub event_id: EventId,
}

impl Default for CaseState {
    fn default() -> Self {
        Self {
            referral: None,
            status: CaseStatus::Referred,
            episodes: Vec::new(),
            worker: None,
            team: None,
            area: None,
            arm: None,
            risk: None,
            assessors: Assessors::default(),
            contacts: Contacts::default(),
            contact_safety: ContactSafety::default(),
            open_needs: Vec::new(),
            resolved_needs: Vec::new(),
            placement: None,
            review: None,
            stage_reviews: BTreeMap::new(),
            looked_at: None,
            closure_proposal: None,
            open_requests: Vec::new(),
            closed_requests: Vec::new(),
            last_step_at: None,
            latest_occurred_at: None,
        }
    }
}

impl CaseState {
    /// Folds one case's history at the two dates asked about.
    ///
    /// `history` is in the order of recording.
    #[must_use]
    pub fn at(history: &[Recorded<CaseEvent>], asked: &Asked) -> Self {
        let mut state = Self::default();
        for fact in two_clocks::facts(history, asked) {
            state.apply(fact.recorded.event_id, fact.occurred, fact.event);
        }
        state
    }

    /// The number of the present episode, from 1; 0 before a referral.
    #[must_use]
    pub fn episode(&self) -> usize {
        self.episodes.len()
    }

    /// When the present episode began.
    #[must_use]
    pub fn episode_started_at(&self) -> Option<Timestamp> {
        self.episodes.last().map(|episode| episode.started.at)
    }

    /// Takes one more fact. Facts come in the order in which they happened.
    pub fn apply(&mut self, event_id: EventId, occurred: Occurred, event: &CaseEvent) {
        self.latest_occurred_at = self.latest_occurred_at.max(Some(occurred.at));
        if let Some(step) = Transition::of(event) {
            self.status = step.leads_to();
            self.last_step_at = self.last_step_at.max(Some(occurred.at));
        }
        match event {
            CaseEvent::ReferralReceived(facts) => {
                self.referral = Some(Referral {
                    person_id: facts.person_id,
                    programme: facts.programme.clone(),
                    programme_version: facts.programme_version,
                    criteria: facts.criteria.clone(),
                    criteria_version: facts.criteria_version,
                    role: facts.role,
                    area: facts.area.clone(),
                    source: facts.source,
                    received: occurred,
                    returns_from: facts.returns_from,
                });
                self.area = Some(facts.area.clone());
                self.begin_episode(occurred);
            }
            CaseEvent::CaseReopened(_) => self.begin_episode(occurred),
            CaseEvent::ReferralDeclined(_) => self.end_episode(occurred),
            CaseEvent::CaseClosed(_) => {
                self.closure_proposal = None;
                self.end_episode(occurred);
            }
            CaseEvent::CaseAllocated(facts) => self.give_to(&facts.worker, facts.team.as_ref()),
            CaseEvent::CaseHandedOver(facts) => self.give_to(&facts.worker, facts.team.as_ref()),
            CaseEvent::CaseTransferred(facts) => self.area = Some(facts.area.clone()),
            CaseEvent::ArmAllocated(facts) => self.arm = Some(facts.arm.clone()),
            CaseEvent::SafeContactPlanSet(_)
            | CaseEvent::ContactHeld(_)
            | CaseEvent::ContactHoldLifted(_) => {
                self.contact_safety.apply(event_id, occurred, event);
            }
            CaseEvent::NeedIdentified(facts) => self.begin_need(event_id, facts.need),
            CaseEvent::NeedResolved(facts) => {
                self.resolved_needs.push(facts.need);
                self.open_needs.retain(|open| open.event_id != facts.need);
            }
            CaseEvent::PlacementChanged(facts) => self.placement.clone_from(&facts.to),
            CaseEvent::ReviewCompleted(facts) => {
                self.review = Some(Review {
                    occurred,
                    stage: facts.stage.clone(),
                    next_due: facts.next_due,
                    event_id,
                });
                self.look(facts.stage.as_ref(), occurred);
            }
            CaseEvent::ClosureProposed(_) => self.closure_proposal = Some(event_id),
            CaseEvent::ClosureRefused(facts) => {
                self.closure_proposal.take_if(|proposal| *proposal == facts.proposal);
            }
            CaseEvent::ContactAttempted(facts) => self.contacts.apply(occurred, facts),
            CaseEvent::RiskAssessed(facts) => {
                let risk = Risk::of(event_id, occurred, facts);
                self.assessors.take(&risk);
                self.look(None, occurred);
                self.risk = Some(risk);
            }
            CaseEvent::InformationRequested(facts) => self.begin_request(event_id, facts),
            CaseEvent::InformationReceived(facts) => self.end_request(facts.request),
            CaseEvent::InformationRefused(facts) => self.end_request(facts.request),
            CaseEvent::ReferralAccepted(_)
            | CaseEvent::ReferralWaitlisted(_)
            | CaseEvent::AgencyActionRecorded(_)
            | CaseEvent::MeasureRecorded(_)
            | CaseEvent::SupportProvided(_)
            | CaseEvent::IncidentReported(_)
            | CaseEvent::MultiAgencyReferralMade(_)
            | CaseEvent::ProtectiveOrderRecorded(_)
            | CaseEvent::ChildProtectionStatusChanged(_)
            | CaseEvent::InformationChased(_)
            | CaseEvent::InformationEscalated(_)
            // Of another's case: nothing here rests on it.
            | CaseEvent::LinkedInformationReceived(_)
            | CaseEvent::FactCorrected(_)
            | CaseEvent::FactRetracted(_) => {}
        }
    }

    fn begin_episode(&mut self, started: Occurred) {
        self.episodes.push(Episode { started, ended: None });
    }

    fn end_episode(&mut self, ended: Occurred) {
        if let Some(episode) = self.episodes.last_mut() {
            episode.ended.get_or_insert(ended);
        }
    }

    fn give_to(&mut self, worker: &Code, team: Option<&Code>) {
        self.worker = Some(worker.clone());
        self.team = team.cloned();
    }

    fn look(&mut self, stage: Option<&Code>, occurred: Occurred) {
        let later = |before: Option<Occurred>| {
            before.filter(|before| occurred.bounds().1 < before.bounds().1).unwrap_or(occurred)
        };
        match stage {
            Some(stage) => {
                let latest = later(self.stage_reviews.get(stage).copied());
                self.stage_reviews.insert(stage.clone(), latest);
            }
            None => self.looked_at = Some(later(self.looked_at)),
        }
    }

    fn begin_need(&mut self, event_id: EventId, need: Need) {
        if !self.resolved_needs.contains(&event_id) {
            self.open_needs.push(OpenNeed { event_id, need });
        }
    }

    fn begin_request(&mut self, request: EventId, facts: &InformationRequested) {
        if !self.closed_requests.contains(&request) {
            self.open_requests.push(OpenRequest {
                request,
                agency: facts.agency,
                due_at: facts.due_at,
            });
        }
    }

    fn end_request(&mut self, request: EventId) {
        self.closed_requests.push(request);
        self.open_requests.retain(|open| open.request != request);
    }
}

impl Contacts {
    fn apply(&mut self, occurred: Occurred, facts: &ContactAttempted) {
        self.attempts += 1;
        // In the order of recording a late fact comes after what happened later.
        self.last_attempt_at = self.last_attempt_at.max(Some(occurred.at));
        if facts.outcome == ContactOutcome::Reached {
            self.reached += 1;
            self.last_reached_at = self.last_reached_at.max(Some(occurred.at));
        }
    }
}

impl Risk {
    fn of(event_id: EventId, occurred: Occurred, facts: &RiskAssessed) -> Self {
        Self {
            level: facts.level,
            occurred,
            instrument: facts.instrument.clone(),
            assessor_role: facts.assessor_role.clone(),
            source_organisation: facts.source_organisation.clone(),
            own_view: facts.own_view,
            event_id,
        }
    }
}
