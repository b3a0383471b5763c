//! Which problem each refusal becomes. No wildcard arm: a new rule must choose its answer.

use throughline_domain::allocation_schedule::ScheduleError;
use throughline_domain::case::CaseError;
use throughline_domain::case_link::CaseLinkError;
use throughline_domain::code::Code;
use throughline_domain::cohort::CohortError;
use throughline_domain::edition::EditionError;
use throughline_domain::person::PersonError;
use throughline_domain::programme::{ClosureMisfit, ProgrammeError};
use throughline_domain::staff::StaffError;
use throughline_evaluation::TableError;
use throughline_log::{AppendError, EraseError, ExecuteError, LogError};
use throughline_projections::ReadError;
use throughline_projector::{RebuildError, SwitchError, VerifyError};
use uuid::Uuid;

use crate::problem::{self, FieldError, Problem, ProblemType};
use crate::projections::operations;

/// Seconds after which a caller may try again when the service is overloaded.
const RETRY_OVERLOADED_S: u32 = 1;
/// Seconds after which a caller may try again when the database is out of reach.
const RETRY_UNAVAILABLE_S: u32 = 2;

impl From<CaseError> for Problem {
    fn from(error: CaseError) -> Self {
        if let CaseError::HandoverIncomplete { missing } = &error {
            return handover_incomplete(missing);
        }
        let (kind, pointer) = case_problem(&error);
        let problem = Self::new(kind);
        match pointer {
            Some(pointer) => problem.with(FieldError::at(pointer, kind.title)),
            None => problem,
        }
    }
}

fn case_problem(error: &CaseError) -> (ProblemType, Option<String>) {
    let (kind, pointer) = match error {
        CaseError::NotReferred
        | CaseError::UnknownNeed { .. }
        | CaseError::UnknownContactHold { .. }
        | CaseError::UnknownFact { .. }
        | CaseError::UnknownRequest { .. } => (problem::NOT_FOUND, None),
        CaseError::AlreadyReferred => (problem::ALREADY_REFERRED, None),
        CaseError::UnknownProgramme { .. } => (problem::UNKNOWN_PROGRAMME, Some("/programme")),
        CaseError::InFuture { .. } => (problem::IN_FUTURE, Some("/occurred_at")),
        CaseError::OutsideEveryEpisode { .. } => {
            (problem::OUTSIDE_EVERY_EPISODE, Some("/occurred_at"))
        }
        CaseError::NotAwaitingDecision { .. } => (problem::NOT_AWAITING_DECISION, None),
        CaseError::AlreadyWaiting => (problem::ALREADY_WAITING, None),
        CaseError::NotInWork { .. } => (problem::NOT_IN_WORK, None),
        CaseError::AlreadyClosed => (problem::ALREADY_CLOSED, None),
        CaseError::NotClosed { .. } => (problem::NOT_CLOSED, None),
        CaseError::BeforePreviousStep { .. } => {
            (problem::BEFORE_PREVIOUS_STEP, Some("/occurred_at"))
        }
        CaseError::IncidentAfterReferral => {
            (problem::INCIDENT_AFTER_REFERRAL, Some("/latest_incident_at"))
        }
        CaseError::GivenAndMissing { member } => {
            return (problem::GIVEN_AND_MISSING, Some(format!("/missing_reasons/{member}")));
        }
        CaseError::UnknownInstrument { .. } => (problem::UNKNOWN_INSTRUMENT, Some("/instrument")),
        // Keys are the caller's own text as well.
        CaseError::UnknownMeasureKey { .. } => (problem::UNKNOWN_MEASURE_KEY, Some("/values")),
        CaseError::ValueOutsideInstrument { .. } => {
            (problem::VALUE_OUTSIDE_INSTRUMENT, Some("/values"))
        }
        CaseError::NoRiskResult => (problem::NO_RISK_RESULT, Some("/level")),
        CaseError::AnswersOfUnknownInstrument { .. } => {
            (problem::ANSWERS_OF_UNKNOWN_INSTRUMENT, Some("/answers"))
        }
        // The question is the caller's own text, so the pointer stops before it.
        CaseError::UnknownQuestion { .. } => (problem::UNKNOWN_QUESTION, Some("/answers")),
        CaseError::JudgementLowers { .. } => (problem::JUDGEMENT_LOWERS, Some("/judgement_level")),
        CaseError::LevelContradictsAnswers { .. } => {
            (problem::LEVEL_CONTRADICTS_ANSWERS, Some("/level"))
        }
        CaseError::NoMeasureValues => (problem::NO_MEASURE_VALUES, Some("/values")),
        CaseError::UnknownEvidence { .. } => (problem::UNKNOWN_EVIDENCE, Some("/evidence")),
        CaseError::RequestClosed => (problem::REQUEST_CLOSED, None),
        CaseError::DueBeforeRequest => (problem::DUE_BEFORE_REQUEST, Some("/due_at")),
        CaseError::NeedResolved => (problem::NEED_RESOLVED, None),
        CaseError::ContactHoldLifted => (problem::CONTACT_HOLD_LIFTED, None),
        CaseError::EmptySafeContactPlan => (problem::EMPTY_SAFE_CONTACT_PLAN, Some("/channels")),
        CaseError::ConditionsNotGiven => (problem::CONDITIONS_NOT_GIVEN, Some("/channels")),
        CaseError::HoursBackwards => (problem::HOURS_BACKWARDS, Some("/channels")),
        CaseError::UnsafeContact { .. } => (problem::UNSAFE_CONTACT, Some("/channel")),
        CaseError::ContactOnHold { .. } => (problem::CONTACT_ON_HOLD, Some("/channel")),
        CaseError::NothingToOverride => (problem::NOTHING_TO_OVERRIDE, Some("/override_reason")),
        CaseError::SameWorker => (problem::SAME_WORKER, Some("/worker")),
        CaseError::HandoverIncomplete { .. } => (problem::HANDOVER_INCOMPLETE, Some("/checklist")),
        CaseError::SameArea => (problem::SAME_AREA, Some("/area")),
        CaseError::NoPlacement => (problem::NO_PLACEMENT, Some("/to")),
        CaseError::DueBeforeReview => (problem::DUE_BEFORE_REVIEW, Some("/next_due")),
        CaseError::LinkedInformationIsFinal => (problem::LINKED_INFORMATION_IS_FINAL, None),
        CaseError::ArmIsFinal => (problem::ARM_IS_FINAL, None),
        CaseError::ClosureProposed => (problem::CLOSURE_PROPOSED, None),
        CaseError::ClosureProposalDecided => (problem::CLOSURE_PROPOSAL_DECIDED, None),
        CaseError::UnknownClosureProposal { .. } => {
            (problem::UNKNOWN_CLOSURE_PROPOSAL, Some("/proposal"))
        }
        CaseError::NotAFact { .. } => (problem::NOT_A_FACT, None),
        CaseError::OtherKindOfFact => (problem::OTHER_KIND_OF_FACT, Some("/replacement")),
        CaseError::OtherPerson => (problem::OTHER_PERSON, Some("/replacement")),
        CaseError::AlreadyRetracted => (problem::ALREADY_RETRACTED, None),
        CaseError::BreaksLifecycle => (problem::BREAKS_LIFECYCLE, None),
    };
    (kind, pointer.map(str::to_owned))
}

/// Names the items that are open: they are the programme's own words, not the caller's.
fn handover_incomplete(missing: &[Code]) -> Problem {
    let item = |item: &Code| {
        let pointer = format!("/checklist/{}", item.as_str().replace('/', "~1"));
        FieldError::at(pointer, "is to be done or not_applicable")
    };
    missing.iter().map(item).fold(Problem::new(problem::HANDOVER_INCOMPLETE), Problem::with)
}

impl From<StaffError> for Problem {
    fn from(error: StaffError) -> Self {
        let (kind, pointer) = match error {
            // In a path. Of one that is named in a body, the handler says where.
            StaffError::UnknownWorker | StaffError::UnknownTeam => (problem::NOT_FOUND, None),
            StaffError::InFuture { .. } => (problem::IN_FUTURE, Some("/occurred_at".to_owned())),
            StaffError::BeforePreviousStep { .. } => {
                (problem::BEFORE_PREVIOUS_STEP, Some("/occurred_at".to_owned()))
            }
            StaffError::TeamExists => (problem::TEAM_EXISTS, None),
            StaffError::TeamDissolved => (problem::TEAM_DISSOLVED, None),
            StaffError::UnknownProgramme => {
                (problem::UNKNOWN_PROGRAMME, Some("/programme".to_owned()))
            }
            StaffError::UnknownArea { place } => {
                (problem::UNKNOWN_AREA, Some(format!("/areas/{place}")))
            }
            StaffError::AlreadyJoined => (problem::ALREADY_JOINED, None),
            StaffError::WorkerLeft => (problem::WORKER_LEFT, None),
            StaffError::SameTeam => (problem::SAME_TEAM, Some("/team".to_owned())),
            StaffError::CapacityContradicts { .. } => (problem::CAPACITY_CONTRADICTS, None),
            StaffError::OverCapacity => (problem::OVER_CAPACITY, None),
        };
        match pointer {
            Some(pointer) => Self::new(kind).with(FieldError::at(pointer, kind.title)),
            None => Self::new(kind),
        }
    }
}

impl From<CaseLinkError> for Problem {
    fn from(error: CaseLinkError) -> Self {
        let (kind, pointer) = match error {
            CaseLinkError::InFuture { .. } => (problem::IN_FUTURE, Some("/occurred_at")),
            CaseLinkError::BeforePreviousStep { .. } => {
                (problem::BEFORE_PREVIOUS_STEP, Some("/occurred_at"))
            }
            CaseLinkError::AlreadyLinked => (problem::ALREADY_LINKED, None),
            CaseLinkError::NeverLinked => (problem::NOT_FOUND, None),
            CaseLinkError::LinkEnded => (problem::LINK_ENDED, None),
        };
        match pointer {
            Some(pointer) => Self::new(kind).with(FieldError::at(pointer, kind.title)),
            None => Self::new(kind),
        }
    }
}

impl From<ProgrammeError> for Problem {
    fn from(error: ProgrammeError) -> Self {
        match error {
            ProgrammeError::Contradictions(found) => {
                let problem = Self::new(problem::CONTRADICTORY_PROGRAMME);
                found.into_iter().fold(problem, |problem, one| {
                    problem.with(FieldError::at(one.place, one.kind.to_string()))
                })
            }
            ProgrammeError::NotTheNextVersion { next } => {
                let error = FieldError::at("/version", format!("the next version is {next}"));
                Self::new(problem::NOT_THE_NEXT_VERSION).with(error)
            }
            ProgrammeError::TooMany { .. } => Self::new(problem::TOO_MANY_DEFINITIONS),
            ProgrammeError::NeverChanged => Self::new(problem::DEFINITION_NEVER_CHANGES),
        }
    }
}

impl From<CohortError> for Problem {
    fn from(error: CohortError) -> Self {
        match error {
            CohortError::Contradictions(found) => {
                let problem = Self::new(problem::CONTRADICTORY_COHORT);
                found.into_iter().fold(problem, |problem, one| {
                    problem.with(FieldError::at(one.place, one.kind.to_string()))
                })
            }
            CohortError::NotTheNextVersion { next } => {
                let error = FieldError::at("/version", format!("the next version is {next}"));
                Self::new(problem::NOT_THE_NEXT_VERSION).with(error)
            }
            CohortError::NeverChanged => Self::new(problem::DEFINITION_NEVER_CHANGES),
            // Nothing is released over HTTP.
            CohortError::UnknownVersion | CohortError::AlreadyReleased => internal(&error),
        }
    }
}

impl From<EditionError> for Problem {
    fn from(error: EditionError) -> Self {
        let at =
            |pointer| Self::new(problem::INVALID).with(FieldError::at(pointer, error.to_string()));
        match error {
            EditionError::AlreadyPublished => Self::new(problem::EDITION_EXISTS),
            EditionError::TooLarge { .. } => Self::new(problem::EDITION_TOO_LARGE),
            EditionError::Title { .. } => at("/title"),
            EditionError::Questions { .. } => at("/questions"),
        }
    }
}

impl From<TableError> for Problem {
    fn from(error: TableError) -> Self {
        match error {
            TableError::TooManyLevels { .. } => {
                Self::new(problem::INVALID).with(FieldError::at("/questions", error.to_string()))
            }
        }
    }
}

impl From<ClosureMisfit> for Problem {
    fn from(misfit: ClosureMisfit) -> Self {
        let (kind, pointer) = match misfit {
            ClosureMisfit::ReasonNotAllowed => (problem::CLOSURE_REASON_NOT_ALLOWED, "/reason"),
            ClosureMisfit::EvidenceNeeded => (problem::CLOSURE_EVIDENCE_NEEDED, "/evidence"),
            ClosureMisfit::ApprovalNeeded => (problem::CLOSURE_APPROVAL_NEEDED, "/proposal"),
            ClosureMisfit::SelfApproval => (problem::SELF_APPROVAL, "/proposal"),
        };
        Self::new(kind).with(FieldError::at(pointer, kind.title))
    }
}

impl From<PersonError> for Problem {
    fn from(error: PersonError) -> Self {
        match error {
            // Ids of new persons are drawn at random, so this cannot be the caller's doing.
            PersonError::AlreadyRegistered => internal(&error),
            PersonError::NotRegistered | PersonError::UnknownHold { .. } => {
                Self::new(problem::NOT_FOUND)
            }
            PersonError::InFuture { .. } => Self::new(problem::IN_FUTURE)
                .with(FieldError::at("/occurred_at", problem::IN_FUTURE.title)),
            PersonError::Erased => Self::new(problem::SUBJECT_ERASED),
            PersonError::LegalHold { .. } => Self::new(problem::LEGAL_HOLD),
            PersonError::HoldReleased { .. } => Self::new(problem::HOLD_RELEASED),
        }
    }
}

impl From<ScheduleError> for Problem {
    fn from(error: ScheduleError) -> Self {
        let at = |kind: ProblemType, pointer: &str| {
            Self::new(kind).with(FieldError::at(pointer, kind.title))
        };
        match error {
            ScheduleError::NotOpened => Self::new(problem::NOT_FOUND),
            ScheduleError::AlreadyOpen => Self::new(problem::SCHEDULE_OPEN),
            ScheduleError::Closed => Self::new(problem::SCHEDULE_CLOSED),
            ScheduleError::InFuture { .. } => Self::new(problem::IN_FUTURE),
            ScheduleError::InvalidArms => at(problem::INVALID_ARMS, "/arms"),
            ScheduleError::InvalidBlocks => at(problem::INVALID_BLOCKS, "/block_sizes"),
            ScheduleError::AlreadyDrawn => Self::new(problem::ARM_IS_FINAL),
            ScheduleError::Full { .. } => Self::new(problem::SCHEDULE_FULL),
            // The seed is opened from beside its own commitment: one of them was altered.
            ScheduleError::OtherSeed => internal(&error),
        }
    }
}

impl From<EraseError> for Problem {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Refused(refusal) => refusal.into(),
            EraseError::Loading => Self::new(problem::TENANT_LOADING),
            EraseError::Log(error) => error.into(),
            EraseError::Repeated(remembered) => AppendError::Repeated(remembered).into(),
            EraseError::Ledger(_) | EraseError::TooManyCases { .. } => internal(&error),
        }
    }
}

impl<E> From<ExecuteError<E>> for Problem
where
    E: std::error::Error + 'static,
    Problem: From<E>,
{
    fn from(error: ExecuteError<E>) -> Self {
        match error {
            ExecuteError::Refused(refusal) => refusal.into(),
            ExecuteError::Stale { .. } => Self::new(problem::STALE_VERSION),
            ExecuteError::Append(error) => error.into(),
            ExecuteError::Log(error) => error.into(),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } => {
                Self::new(problem::CONTENDED).retry_after(RETRY_OVERLOADED_S)
            }
            // A command with a key is answered from what is remembered before it comes to this.
            AppendError::Repeated(_) => internal(&error),
            AppendError::Loading => Self::new(problem::TENANT_LOADING),
            AppendError::Overloaded => {
                Self::new(problem::OVERLOADED).retry_after(RETRY_OVERLOADED_S)
            }
            AppendError::Unavailable { .. } => unavailable(&error),
            AppendError::Log(error) => error.into(),
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(_) => unavailable(&error),
            LogError::OtherKind { .. } => Self::new(problem::NOT_FOUND),
            // Only of cases and persons anything is sealed, and those begin with a key.
            LogError::NoKey { .. } => Self::new(problem::SUBJECT_ERASED),
            LogError::Refused(_)
            | LogError::Migration(_)
            | LogError::NoSuchTenant { .. }
            | LogError::AlreadyLive { .. }
            | LogError::NotATenantName
            | LogError::Size { .. }
            | LogError::Seal(_)
            | LogError::NoStoredForm { .. }
            | LogError::Event(_)
            | LogError::Unreadable { .. } => internal(&error),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            // The server's own text may quote values; the log's error has only its code and place.
            ReadError::Database(error) => LogError::from(error).into(),
            ReadError::Unreadable { .. } | ReadError::TooManyFacts { .. } => internal(&error),
            ReadError::TooManyLevels { .. } => Self::new(problem::INVALID)
                .with(FieldError::parameter("measure", "has too many values to make a table of")),
            ReadError::TooMany { counted_max } => {
                let detail =
                    format!("ask of a shorter time: no more than {counted_max} are counted");
                Self::new(problem::INVALID).with(FieldError::parameter("from", detail))
            }
            ReadError::TooWide { parameter, counted_max } => {
                let detail = format!("is needed: no more than {counted_max} are counted at once");
                Self::new(problem::INVALID).with(FieldError::parameter(parameter, detail))
            }
        }
    }
}

impl From<RebuildError> for Problem {
    fn from(error: RebuildError) -> Self {
        match error {
            RebuildError::AlreadyUnderWay { operation_id } => already_under_way(operation_id),
            RebuildError::NoSuchRebuild { .. } => Self::new(problem::NOT_FOUND),
            RebuildError::Log(error) => error.into(),
        }
    }
}

impl From<SwitchError> for Problem {
    fn from(error: SwitchError) -> Self {
        match error {
            SwitchError::NothingBefore => Self::new(problem::NOTHING_TO_ROLL_BACK_TO),
            SwitchError::IsLive { .. } => Self::new(problem::LIVE_BUILD),
            SwitchError::UnderWay { operation_id } => already_under_way(operation_id),
            SwitchError::NoSuchBuild { .. } => Self::new(problem::NOT_FOUND),
            SwitchError::Log(error) => error.into(),
        }
    }
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::NoSuchBuild { .. } => Self::new(problem::NOT_FOUND),
            VerifyError::Log(error) => error.into(),
        }
    }
}

fn already_under_way(operation_id: Uuid) -> Problem {
    Problem::new(problem::ALREADY_UNDER_WAY).located(operations::location(operation_id))
}

/// The database is out of reach: the caller may try again.
pub fn unavailable(error: &dyn std::error::Error) -> Problem {
    Problem::new(problem::UNAVAILABLE).because(chain(error)).retry_after(RETRY_UNAVAILABLE_S)
}

/// A bug: the log has the error, the caller has the trace id.
pub fn internal(error: &dyn std::error::Error) -> Problem {
    Problem::new(problem::INTERNAL).because(chain(error))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
