//! Which problems each operation can answer: those of everything that is asked, of what carries a
//! body, of what records, and its own. The description lists them, and the tests hold every answer
//! against that list.
//!
//! Every operation chooses its own here, as every refusal of the domain chooses its problem in
//! `refusal.rs`: there is no wildcard arm.

use actix_web::http::Method;

use crate::access::Operation;
use crate::problem::{self as p, ProblemType};

/// The problems that an operation can answer, each once, by status.
#[must_use]
pub fn of(operation: Operation) -> Vec<ProblemType> {
    let mut problems = vec![p::UNAUTHENTICATED, p::FORBIDDEN, p::INTERNAL, p::UNAVAILABLE];
    if operation.path().contains('{') {
        problems.push(p::NOT_FOUND);
    }
    let has_body = [Method::POST, Method::PUT].contains(&operation.method());
    if has_body {
        problems.extend(BODY);
    }
    if has_body && !operation.is_operators() && !operation.is_question_with_body() {
        problems.extend(RECORDED);
    }
    if operation.is_about_one_case() && has_body {
        // A version that is no longer there, and words for somebody who is erased.
        problems.extend([p::STALE_VERSION, p::SUBJECT_ERASED]);
    }
    if operation.is_about_staff() && has_body {
        problems.push(p::BEFORE_PREVIOUS_STEP);
    }
    problems.extend(own(operation));
    problems.sort_unstable_by_key(|kind| (kind.status, kind.name));
    problems.dedup();
    problems
}

/// Of what carries a body.
const BODY: [ProblemType; 6] = [
    p::UNREADABLE,
    p::INVALID,
    p::TOO_LARGE,
    p::UNSUPPORTED_MEDIA_TYPE,
    p::INVALID_IDEMPOTENCY_KEY,
    p::IDEMPOTENCY_KEY_REUSED,
];

/// Of what is recorded in the tenant's log.
const RECORDED: [ProblemType; 4] = [p::IN_FUTURE, p::TENANT_LOADING, p::OVERLOADED, p::CONTENDED];

/// Of what has a query.
const QUERY: [ProblemType; 2] = [p::UNREADABLE, p::INVALID];

/// Of what is answered at two dates: the answer may be not yet there.
const DATED: [ProblemType; 3] = [p::UNREADABLE, p::INVALID, p::NOT_YET];

/// Of what is answered out of every case: there may be too many such questions.
const EVERY_CASE: [ProblemType; 4] = [p::UNREADABLE, p::INVALID, p::NOT_YET, p::OVERLOADED];

/// Of a step of the lifecycle: it names the version it was decided on, and comes after the one before.
const STEP: [ProblemType; 2] = [p::PRECONDITION_REQUIRED, p::BEFORE_PREVIOUS_STEP];

/// Of giving a case to somebody.
const GIVING: [ProblemType; 5] =
    [p::NOT_IN_WORK, p::UNKNOWN_WORKER, p::WORKER_LEFT, p::OVER_CAPACITY, p::NOT_YET];

/// Of a referral, by itself and by its programme.
const REFERRAL: [ProblemType; 9] = [
    p::UNKNOWN_PROGRAMME,
    p::UNKNOWN_AREA,
    p::ROLE_NOT_SERVED,
    p::UNKNOWN_CRITERION,
    p::INCIDENT_AFTER_REFERRAL,
    p::GIVEN_AND_MISSING,
    p::UNKNOWN_CASE,
    p::NOT_CLOSED,
    p::BEFORE_PREVIOUS_STEP,
];

/// Of joining a team.
const JOINING: [ProblemType; 2] = [p::UNKNOWN_TEAM, p::TEAM_DISSOLVED];

const RISK: [ProblemType; 6] = [
    p::NO_RISK_RESULT,
    p::UNKNOWN_INSTRUMENT,
    p::ANSWERS_OF_UNKNOWN_INSTRUMENT,
    p::UNKNOWN_QUESTION,
    p::JUDGEMENT_LOWERS,
    p::LEVEL_CONTRADICTS_ANSWERS,
];

const MEASURE: [ProblemType; 4] = [
    p::NO_MEASURE_VALUES,
    p::UNKNOWN_INSTRUMENT,
    p::UNKNOWN_MEASURE_KEY,
    p::VALUE_OUTSIDE_INSTRUMENT,
];

const PLAN: [ProblemType; 3] =
    [p::EMPTY_SAFE_CONTACT_PLAN, p::CONDITIONS_NOT_GIVEN, p::HOURS_BACKWARDS];

/// Of why a case is closed, and on what.
const CLOSING: [ProblemType; 4] = [
    p::CLOSURE_REASON_NOT_ALLOWED,
    p::CLOSURE_EVIDENCE_NEEDED,
    p::UNKNOWN_EVIDENCE,
    p::ALREADY_RETRACTED,
];

const APPROVAL: [ProblemType; 2] = [p::CLOSURE_APPROVAL_NEEDED, p::SELF_APPROVAL];

#[expect(clippy::too_many_lines, reason = "one table")]
fn own(operation: Operation) -> Vec<ProblemType> {
    let lists: &[&[ProblemType]] = match operation {
        Operation::ReceiveReferral => &[&REFERRAL, &[p::UNKNOWN_PERSON, p::SUBJECT_ERASED]],
        Operation::AcceptReferral | Operation::DeclineReferral => {
            &[&STEP, &[p::NOT_AWAITING_DECISION]]
        }
        Operation::WaitlistReferral => &[&STEP, &[p::NOT_AWAITING_DECISION, p::ALREADY_WAITING]],
        Operation::AllocateCase => &[&STEP, &GIVING],
        Operation::HandOverCase => &[&STEP, &GIVING, &[p::SAME_WORKER, p::HANDOVER_INCOMPLETE]],
        Operation::TransferCase => &[&[p::OUTSIDE_EVERY_EPISODE, p::SAME_AREA, p::UNKNOWN_AREA]],
        Operation::ProposeClosure => {
            &[&CLOSING, &[p::NOT_IN_WORK, p::BEFORE_PREVIOUS_STEP, p::CLOSURE_PROPOSED]]
        }
        Operation::RefuseClosure => &[&[p::CLOSURE_PROPOSAL_DECIDED, p::ALREADY_RETRACTED]],
        Operation::CloseCase => &[
            &STEP,
            &CLOSING,
            &APPROVAL,
            &[p::NOT_IN_WORK, p::ALREADY_CLOSED, p::UNKNOWN_CLOSURE_PROPOSAL],
        ],
        Operation::ReopenCase => &[&STEP, &[p::NOT_CLOSED]],
        Operation::RecordContactAttempt => &[&[
            p::OUTSIDE_EVERY_EPISODE,
            p::UNSAFE_CONTACT,
            p::CONTACT_ON_HOLD,
            p::NOTHING_TO_OVERRIDE,
        ]],
        Operation::RecordRiskAssessment => &[&RISK, &[p::OUTSIDE_EVERY_EPISODE]],
        Operation::RecordMeasure => &[&MEASURE, &[p::OUTSIDE_EVERY_EPISODE]],
        Operation::RecordAgencyAction
        | Operation::IdentifyNeed
        | Operation::ProvideSupport
        | Operation::ReferToMultiAgencyForum
        | Operation::HoldContact => &[&[p::OUTSIDE_EVERY_EPISODE]],
        Operation::ResolveNeed => &[&[p::NEED_RESOLVED, p::ALREADY_RETRACTED]],
        Operation::ChangePlacement => &[&[p::OUTSIDE_EVERY_EPISODE, p::NO_PLACEMENT]],
        Operation::CompleteReview => &[&[p::OUTSIDE_EVERY_EPISODE, p::DUE_BEFORE_REVIEW]],
        Operation::SetSafeContactPlan => &[&PLAN],
        Operation::LiftContactHold => {
            &[&[p::CONTACT_HOLD_LIFTED, p::ALREADY_RETRACTED, p::BEFORE_PREVIOUS_STEP]]
        }
        Operation::RequestInformation => &[&[p::OUTSIDE_EVERY_EPISODE, p::DUE_BEFORE_REQUEST]],
        Operation::ChaseInformation
        | Operation::EscalateInformation
        | Operation::ReceiveInformation
        | Operation::RefuseInformation => &[&[p::REQUEST_CLOSED, p::ALREADY_RETRACTED]],
        Operation::CorrectFact => &[
            &REFERRAL,
            &RISK,
            &MEASURE,
            &PLAN,
            &CLOSING,
            &APPROVAL,
            &[
                p::NOT_A_FACT,
                p::ARM_IS_FINAL,
                p::LINKED_INFORMATION_IS_FINAL,
                p::BREAKS_LIFECYCLE,
                p::OUTSIDE_EVERY_EPISODE,
                p::OTHER_KIND_OF_FACT,
                p::OTHER_PERSON,
                p::DUE_BEFORE_REQUEST,
                p::DUE_BEFORE_REVIEW,
                p::NO_PLACEMENT,
            ],
        ],
        Operation::RetractFact => &[
            &[p::NOT_A_FACT, p::ALREADY_RETRACTED, p::BREAKS_LIFECYCLE],
            &[p::ARM_IS_FINAL, p::LINKED_INFORMATION_IS_FINAL],
        ],
        Operation::EraseSubject => &[&[p::LEGAL_HOLD]],
        Operation::PlaceLegalHold => &[&[p::SUBJECT_ERASED]],
        Operation::ReleaseLegalHold => &[&[p::HOLD_RELEASED, p::SUBJECT_ERASED]],
        Operation::FormTeam => {
            &[&[p::TEAM_EXISTS, p::STAFF_LIMIT, p::UNKNOWN_PROGRAMME, p::UNKNOWN_AREA]]
        }
        Operation::DissolveTeam => &[&[p::TEAM_DISSOLVED]],
        Operation::JoinWorker => {
            &[&JOINING, &[p::ALREADY_JOINED, p::STAFF_LIMIT, p::CAPACITY_CONTRADICTS]]
        }
        Operation::SetCapacity => &[&[p::WORKER_LEFT, p::CAPACITY_CONTRADICTS]],
        Operation::MoveWorker => &[&JOINING, &[p::WORKER_LEFT, p::SAME_TEAM]],
        Operation::LeaveWorker => &[&[p::WORKER_LEFT, p::NOT_YET]],
        Operation::DefineProgramme => &[&[
            p::CONTRADICTORY_PROGRAMME,
            p::NOT_THE_NEXT_VERSION,
            p::DEFINITION_NEVER_CHANGES,
            p::TOO_MANY_DEFINITIONS,
        ]],
        Operation::DrawArm => &[
            &[p::NOT_IN_WORK, p::ARM_IS_FINAL, p::NO_SCHEDULE, p::NOT_OF_TRIAL],
            &[p::SCHEDULE_CLOSED, p::SCHEDULE_FULL],
        ],
        Operation::OpenAllocationSchedule => &[
            &[p::UNKNOWN_PROGRAMME, p::NO_ARMS, p::INVALID_ARMS, p::INVALID_BLOCKS],
            &[p::SCHEDULE_OPEN, p::TOO_MANY_SCHEDULES],
        ],
        Operation::CloseAllocationSchedule => &[&[p::SCHEDULE_CLOSED, p::STALE_VERSION]],
        Operation::DefineCohort => &[&[
            p::CONTRADICTORY_COHORT,
            p::NOT_THE_NEXT_VERSION,
            p::DEFINITION_NEVER_CHANGES,
            p::TOO_MANY_DEFINITIONS,
        ]],
        Operation::PublishEdition => {
            &[&EVERY_CASE, &[p::NOT_FOUND, p::EDITION_EXISTS, p::EDITION_TOO_LARGE]]
        }
        Operation::RerunEdition | Operation::CompareEdition => {
            &[&EVERY_CASE, &[p::EDITION_UNREADABLE]]
        }
        Operation::LinkCases => &[
            &[p::UNKNOWN_CASE, p::SAME_CASE, p::SUBJECT_ERASED],
            &[p::ALREADY_LINKED, p::LINK_LIMIT, p::BEFORE_PREVIOUS_STEP],
        ],
        Operation::EndCaseLink => &[&[p::LINK_ENDED, p::BEFORE_PREVIOUS_STEP]],
        Operation::ReadCase
        | Operation::ReadTimeline
        | Operation::ReadRiskTrajectory
        | Operation::ReadCaseRules
        | Operation::ReadSafeContactPlan
        | Operation::ReadRiskAssessments
        | Operation::ReadTeams
        | Operation::ReadEvents => &[&DATED],
        Operation::ReadCaseLinks
        | Operation::ReadCaseLink
        | Operation::ReadCaseloads
        | Operation::ReadCaseload
        | Operation::ReadWorkers
        | Operation::ReadOutcomes
        | Operation::ReadReferralPipeline
        | Operation::ReadAgencyResponse
        | Operation::ReadOverdueRequests
        | Operation::ReadContactOverrides
        | Operation::ReadWorkload
        | Operation::ReadRiskTrajectories
        | Operation::ReadMembership
        | Operation::TabulateCohort
        | Operation::ReadRiskDisagreement => &[&EVERY_CASE],
        Operation::StreamEvents => &[&DATED, &[p::OVERLOADED, p::TOO_MANY_STREAMS]],
        Operation::ReadAllocationSchedules
        | Operation::ReadAllocationSchedule
        | Operation::ReadCohorts
        | Operation::ReadEditions
        | Operation::ReadReleases
        | Operation::ReadRules
        | Operation::ReadInstruments
        | Operation::ReadInstrument
        | Operation::ReadOperations
        | Operation::ReadProjectionAudit
        | Operation::ReadParked => &[&QUERY],
        Operation::ReportIncident
        | Operation::RecordProtectiveOrder
        | Operation::ChangeChildProtectionStatus
        | Operation::ReadEvent
        | Operation::ReadProgrammes
        | Operation::ReadProgramme
        | Operation::ReadCohort
        | Operation::ReadEdition
        | Operation::ReadProjections
        | Operation::ReadOperation
        | Operation::RetryParked => &[],
        Operation::RebuildProjection | Operation::VerifyProjection => &[&[p::ALREADY_UNDER_WAY]],
        Operation::RollBackProjection => &[&[p::NOTHING_TO_ROLL_BACK_TO, p::ALREADY_UNDER_WAY]],
        Operation::DropBuild => &[&[p::LIVE_BUILD, p::ALREADY_UNDER_WAY]],
        Operation::CancelOperation => &[&[p::OPERATION_OVER]],
    };
    lists.concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A new problem is some operation's, or nobody could be answered it. What no operation answers
    /// is of a path without one, or cannot come over HTTP: ids of new cases are drawn at random.
    #[test]
    fn every_problem_is_of_some_operation() {
        let answered: BTreeSet<&str> =
            Operation::ALL.iter().flat_map(|one| of(*one)).map(|kind| kind.name).collect();
        let none: Vec<&str> =
            p::ALL.iter().map(|kind| kind.name).filter(|name| !answered.contains(name)).collect();
        assert_eq!(none, [p::METHOD_NOT_ALLOWED.name, p::ALREADY_REFERRED.name]);
    }

    #[test]
    fn an_operation_answers_a_narrow_part_of_all_problems() {
        for operation in Operation::ALL.iter().filter(|one| **one != Operation::CorrectFact) {
            let problems = of(*operation).len();
            assert!((4..=28).contains(&problems), "{}: {problems}", operation.name());
        }
    }
}
