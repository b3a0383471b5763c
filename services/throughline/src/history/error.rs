//! Why a line of a history is refused.

use jiff::Timestamp;
use throughline_domain::case::CaseError;
use throughline_log::LogError;

use crate::history::misfit::Misfit;

/// One refusal, in words that hold nothing of the line but times and ids.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    #[error("the line is longer than 1 MiB")]
    TooLong,
    #[error("the line is not JSON")]
    NotJson,
    #[error("{0}")]
    Misfit(Misfit),
    #[error("there is no event of this type")]
    UnknownType,
    #[error("recorded_at lies in the future")]
    RecordedInFuture,
    #[error("recorded_at is not after {previous}, when the event before was recorded")]
    NotRising { previous: Timestamp },
    #[error(
        "recorded_at leaves no microsecond after {previous} for the registration of the person"
    )]
    NoRoomForPerson { previous: Timestamp },
    #[error("event_id is the id of an earlier event")]
    EventIdReused,
    #[error("the same id names a case and a person")]
    OneIdForTwo,
    #[error("the person is known already, so the identity would be a second one")]
    SecondIdentity,
    #[error("a correction keeps the request that the fact follows up")]
    OtherRequest,
    #[error("programme_version is none that there is")]
    UnknownProgrammeVersion,
    #[error("criteria_version is none that the definition has")]
    UnknownCriteriaVersion,
    #[error("the {0} given is not the one that the answers come to")]
    WrongComputed(&'static str),
    /// What a rule of the case says.
    #[error("{}", in_fixed_words(.0))]
    Rule(CaseError),
    #[error("the line has no JSON form")]
    NoForm,
}

/// Why a line could not be taken: its own fault, or the log's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error("the log cannot be read")]
    Log(#[from] LogError),
    #[error("a case of the log cannot be read")]
    Unreadable(#[from] throughline_log::UnreadableEvent),
}

impl From<Misfit> for LineError {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl From<CaseError> for LineError {
    fn from(error: CaseError) -> Self {
        Self::Rule(error)
    }
}

impl From<serde_json::Error> for LineError {
    fn from(_: serde_json::Error) -> Self {
        Self::NoForm
    }
}

/// A rule's words without the codes of the line, which may say something about a person.
fn in_fixed_words(error: &CaseError) -> String {
    match error {
        CaseError::UnknownProgramme { .. } => "there is no such programme".to_owned(),
        CaseError::UnknownInstrument { .. } => {
            "there is no instrument of this kind with that name and version".to_owned()
        }
        CaseError::UnknownMeasureKey { .. } => {
            "the instrument has no such key as one of the values'".to_owned()
        }
        CaseError::ValueOutsideInstrument { .. } => {
            "the instrument has no such value as one of those given".to_owned()
        }
        CaseError::AnswersOfUnknownInstrument { .. } => {
            "the questions of the instrument are not known: give the level alone".to_owned()
        }
        CaseError::UnknownQuestion { .. } => {
            "the instrument has no such question as one of the answers'".to_owned()
        }
        CaseError::NotReferred
        | CaseError::AlreadyReferred
        | CaseError::InFuture { .. }
        | CaseError::OutsideEveryEpisode { .. }
        | CaseError::NotAwaitingDecision { .. }
        | CaseError::AlreadyWaiting
        | CaseError::NotInWork { .. }
        | CaseError::AlreadyClosed
        | CaseError::NotClosed { .. }
        | CaseError::BeforePreviousStep { .. }
        | CaseError::GivenAndMissing { .. }
        | CaseError::IncidentAfterReferral
        | CaseError::NoRiskResult
        | CaseError::JudgementLowers { .. }
        | CaseError::LevelContradictsAnswers { .. }
        | CaseError::NoMeasureValues
        | CaseError::UnknownEvidence { .. }
        | CaseError::UnknownRequest { .. }
        | CaseError::RequestClosed
        | CaseError::DueBeforeRequest
        | CaseError::UnknownNeed { .. }
        | CaseError::NeedResolved
        | CaseError::UnknownContactHold { .. }
        | CaseError::ContactHoldLifted
        | CaseError::EmptySafeContactPlan
        | CaseError::HandoverIncomplete { .. }
        | CaseError::ConditionsNotGiven
        | CaseError::HoursBackwards
        | CaseError::UnsafeContact { .. }
        | CaseError::ContactOnHold { .. }
        | CaseError::NothingToOverride
        | CaseError::SameWorker
        | CaseError::SameArea
        | CaseError::NoPlacement
        | CaseError::DueBeforeReview
        | CaseError::ArmIsFinal
        | CaseError::LinkedInformationIsFinal
        | CaseError::ClosureProposed
        | CaseError::ClosureProposalDecided
        | CaseError::UnknownClosureProposal { .. }
        | CaseError::UnknownFact { .. }
        | CaseError::NotAFact { .. }
        | CaseError::OtherKindOfFact
        | CaseError::OtherPerson
        | CaseError::AlreadyRetracted
        | CaseError::BreaksLifecycle => error.to_string(),
    }
}
