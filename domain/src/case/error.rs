//! Why the case refuses a command.

use jiff::Timestamp;

use crate::case::CaseStatus;
use crate::code::Code;
use crate::code_lists::RiskLevel;
use crate::ids::EventId;

/// One refusal; every variant has its own problem type over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// There is no case to act on: nothing was ever referred under this id.
    #[error("the case has no referral")]
    NotReferred,
    /// The case already has its referral.
    #[error("the case has been referred already")]
    AlreadyReferred,
    /// No programme has this name.
    #[error("no programme is called {programme}")]
    UnknownProgramme {
        /// The name that was given.
        programme: Code,
    },
    /// A fact lies in the future.
    #[error("{occurred_at} lies in the future")]
    InFuture {
        /// When the fact is said to have happened.
        occurred_at: Timestamp,
    },
    /// A fact lies outside every episode of the case.
    #[error("{occurred_at} lies outside every episode of the case")]
    OutsideEveryEpisode {
        /// When the fact is said to have happened.
        occurred_at: Timestamp,
    },
    /// The referral has been decided on, or is not there to be decided.
    #[error("a referral that is {} cannot be decided on", .status.as_str())]
    NotAwaitingDecision {
        /// Where the case stands.
        status: CaseStatus,
    },
    /// The referral waits already.
    #[error("the referral is on the waiting list already")]
    AlreadyWaiting,
    /// The case is not in work.
    #[error("the case is {}, not in work", .status.as_str())]
    NotInWork {
        /// Where the case stands.
        status: CaseStatus,
    },
    /// The case is closed already.
    #[error("the case is closed already")]
    AlreadyClosed,
    /// Only a closed case can be reopened.
    #[error("the case is {}, not closed", .status.as_str())]
    NotClosed {
        /// Where the case stands.
        status: CaseStatus,
    },
    /// A step would come before the step it follows.
    #[error("the step comes before {previous_at}, when the previous one was taken")]
    BeforePreviousStep {
        /// When the previous step was taken.
        previous_at: Timestamp,
    },
    /// The latest incident lies after the referral that it led to.
    #[error("the latest incident lies after the referral")]
    IncidentAfterReferral,
    /// A fact is given, and a reason why it is missing.
    #[error("{member} is given, and said to be missing")]
    GivenAndMissing {
        /// The member that the fact is.
        member: &'static str,
    },
    /// A risk assessment gives neither answers, nor a level, nor a judgement.
    #[error("a risk assessment needs answers, a level or a judgement")]
    NoRiskResult,
    /// No instrument of the kind that is needed has this name and version.
    #[error("no instrument of this kind is {instrument}")]
    UnknownInstrument {
        /// The instrument that was named.
        instrument: Code,
    },
    /// Only the result of this instrument can be recorded, as its questions are not known.
    #[error("the questions of {instrument} are not known: give the level alone")]
    AnswersOfUnknownInstrument {
        /// The instrument that was named.
        instrument: Code,
    },
    /// The instrument has no such question.
    #[error("the instrument has no question {question}")]
    UnknownQuestion {
        /// The key that was given.
        question: Code,
    },
    /// Judgement may raise a level and never lowers it.
    #[error("judgement cannot lower {level} to {judgement}")]
    JudgementLowers {
        /// The level without judgement.
        level: RiskLevel,
        /// The level that was judged.
        judgement: RiskLevel,
    },
    /// The level that was given is not the one that the answers and the judgement lead to.
    #[error("the answers lead to {computed}, not to {stated}")]
    LevelContradictsAnswers {
        /// The level that the rule gives.
        computed: RiskLevel,
        /// The level that was given.
        stated: RiskLevel,
    },
    /// A measure without a value says nothing.
    #[error("a measure needs at least one value")]
    NoMeasureValues,
    /// The instrument measures no such thing.
    #[error("the instrument has no key {key}")]
    UnknownMeasureKey {
        /// The key that was given.
        key: Code,
    },
    /// The instrument does not give such a value.
    #[error("the instrument has no such value of {key}")]
    ValueOutsideInstrument {
        /// The key whose value it is.
        key: Code,
    },
    /// Evidence must be an event of this case.
    #[error("{event_id} is not an event of this case")]
    UnknownEvidence {
        /// The event that was named.
        event_id: EventId,
    },
    /// The case has no such information request.
    #[error("the case has no information request {request}")]
    UnknownRequest {
        /// The event that was named.
        request: EventId,
    },
    /// The information request has been answered or refused.
    #[error("the information request is closed already")]
    RequestClosed,
    /// A request cannot be due before it is made.
    #[error("a request cannot be due before it is made")]
    DueBeforeRequest,
    /// The case has no such need.
    #[error("the case has no need {need}")]
    UnknownNeed {
        /// The event that was named.
        need: EventId,
    },
    /// The need is resolved already.
    #[error("the need is resolved already")]
    NeedResolved,
    /// The case has no such hold on contact.
    #[error("the case has no hold on contact {hold}")]
    UnknownContactHold {
        /// The event that was named.
        hold: EventId,
    },
    /// The hold on contact is lifted already.
    #[error("the hold on contact is lifted already")]
    ContactHoldLifted,
    /// A plan for safe contact speaks of no channel.
    #[error("a plan for safe contact says something of a channel")]
    EmptySafeContactPlan,
    /// Conditions of safe contact are given when, and only when, they are said to hold.
    #[error("conditions are given when, and only when, a channel is safe under conditions")]
    ConditionsNotGiven,
    /// Hours end before they begin.
    #[error("hours of safe contact end after they begin")]
    HoursBackwards,
    /// The plan for safe contact calls the channel unsafe at that time.
    #[error("the plan {plan} calls the channel unsafe at that time")]
    UnsafeContact {
        /// The event that set the plan.
        plan: EventId,
    },
    /// Contact is on hold.
    #[error("contact is on hold since {hold}")]
    ContactOnHold {
        /// The event that set the hold.
        hold: EventId,
    },
    /// Nothing speaks against the contact, so nothing can be overridden.
    #[error("nothing speaks against the contact")]
    NothingToOverride,
    /// The case is with this worker already.
    #[error("the case is with this worker already")]
    SameWorker,
    /// A handover leaves open what the programme wants settled.
    #[error("the handover leaves {} items open", .missing.len())]
    HandoverIncomplete {
        /// The programme's items that are neither done nor said not to apply.
        missing: Vec<Code>,
    },
    /// The case is in this area already.
    #[error("the case is in this area already")]
    SameArea,
    /// A move from nowhere to nowhere, or to where the person is.
    #[error("a move leaves a placement, or enters another")]
    NoPlacement,
    /// A review cannot be due before the one that sets it.
    #[error("the next review comes after this one")]
    DueBeforeReview,
    /// An arm is drawn once, and stays.
    #[error("the arm of a case is drawn once, and stays")]
    ArmIsFinal,
    /// What was told of a linked case was told: a later event supersedes it.
    #[error("what was received of a linked case is neither corrected nor retracted")]
    LinkedInformationIsFinal,
    /// A proposal to close the case waits already.
    #[error("a proposal to close the case waits already")]
    ClosureProposed,
    /// The proposal was refused, or the case closed since.
    #[error("the proposal to close the case waits no longer")]
    ClosureProposalDecided,
    /// No such proposal to close the case waits.
    #[error("no proposal {proposal} to close the case waits")]
    UnknownClosureProposal {
        /// The event that was named.
        proposal: EventId,
    },
    /// The case has no such fact.
    #[error("{event_id} is not a fact of this case")]
    UnknownFact {
        /// The event that was named.
        event_id: EventId,
    },
    /// Corrections and retractions name the original fact, never each other.
    #[error("{event_id} is a correction or retraction; name the fact itself")]
    NotAFact {
        /// The event that was named.
        event_id: EventId,
    },
    /// A correction must be of the same kind as the fact.
    #[error("a correction must be of the same kind as the fact")]
    OtherKindOfFact,
    /// A case stays with its person.
    #[error("a correction cannot move a case to another person")]
    OtherPerson,
    /// The fact has been retracted already.
    #[error("the fact has been retracted already")]
    AlreadyRetracted,
    /// Without this step, or with it at this time, the rest of the case's life could not be.
    #[error("the other steps of the case could not have followed")]
    BreaksLifecycle,
}
