//! Who may do what: one table of role and operation. The tests walk every cell of it.

use std::fmt;
use std::str::FromStr;

use actix_web::http::Method;
use serde::{Deserialize, Serialize};

/// The part that a caller plays in the tenant, as their token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works with people: records, and reads what was recorded.
    Caseworker,
    /// Leads caseworkers: all they may do.
    TeamManager,
    /// Compares outcomes; sees no case and no identity.
    Evaluator,
    /// Runs the service; sees no case.
    Operator,
    /// Sends referrals.
    Partner,
    /// Answers for the data: reads cases, changes none; erases persons.
    DataProtectionOfficer,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[
        Self::Caseworker,
        Self::TeamManager,
        Self::Evaluator,
        Self::Operator,
        Self::Partner,
        Self::DataProtectionOfficer,
    ];

    /// The text in tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caseworker => "caseworker",
            Self::TeamManager => "team_manager",
            Self::Evaluator => "evaluator",
            Self::Operator => "operator",
            Self::Partner => "partner",
            Self::DataProtectionOfficer => "data_protection_officer",
        }
    }

    /// Whether the role reads narrative and the words of corrections.
    #[must_use]
    pub fn reads_narrative(self) -> bool {
        match self {
            Self::Caseworker | Self::TeamManager | Self::DataProtectionOfficer => true,
            Self::Evaluator | Self::Operator | Self::Partner => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// A text that is no role's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a role is one of caseworker, team_manager, evaluator, operator, partner, data_protection_officer"
)]
pub struct UnknownRole;

macro_rules! operations {
    ($(#[doc = $summary:literal] $name:ident = $method:ident $path:literal,)+) => {
        /// One thing that can be asked of the service: a method and a path.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[doc = $summary] $name,)+
        }

        impl Operation {
            /// Every operation, in the order of the description.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The HTTP method.
            #[must_use]
            pub fn method(self) -> Method {
                match self { $(Self::$name => Method::$method,)+ }
            }

            /// The path, with its parameters in braces.
            #[must_use]
            pub fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)+ }
            }

            /// What it does, in a sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary.trim_ascii(),)+ }
            }

            /// The name in the description and in telemetry.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }
        }
    };
}

impl Operation {
    /// Whether it is about a person rather than a case: then no version is asked for or answered.
    #[must_use]
    pub fn is_about_a_person(self) -> bool {
        self.path().starts_with("/v1/persons/")
    }

    /// Whether it is about workers and teams: then no version is asked for or answered.
    #[must_use]
    pub fn is_about_staff(self) -> bool {
        ["/v1/workers", "/v1/teams"].iter().any(|place| self.path().starts_with(place))
    }

    /// Whether it is about links between cases: then no version is asked for or answered.
    #[must_use]
    pub fn is_about_links(self) -> bool {
        self.path().starts_with("/v1/case-links")
    }

    /// Whether it is about one case that is there.
    #[must_use]
    pub fn is_about_one_case(self) -> bool {
        self.path().starts_with("/v1/cases/{case_id}")
    }

    /// Whether it is about what holds for every case, or was fixed for good: definitions,
    /// editions and releases, which no position changes.
    #[must_use]
    pub fn is_reference(self) -> bool {
        let places = [
            "/v1/rules",
            "/v1/programmes",
            "/v1/instruments",
            "/v1/cohorts",
            "/v1/editions",
            "/v1/releases",
        ];
        let is_there = places.iter().any(|place| self.path().starts_with(place));
        is_there
            && !matches!(self, Self::ReadMembership | Self::TabulateCohort | Self::CompareEdition)
    }

    /// Whether it is a question, although it has a body: nothing is recorded.
    #[must_use]
    pub fn is_question_with_body(self) -> bool {
        matches!(self, Self::TabulateCohort | Self::RerunEdition | Self::CompareEdition)
    }

    /// Whether it is about how the service runs: then no case, version or position is in it.
    #[must_use]
    pub fn is_operators(self) -> bool {
        let places = ["/v1/projections", "/v1/operations", "/v1/parked"];
        places.iter().any(|place| self.path().starts_with(place))
    }
}

operations! {
    /// Refer a person to a programme.
    ReceiveReferral = POST "/v1/referrals",
    /// Accept a referral.
    AcceptReferral = POST "/v1/cases/{case_id}/acceptance",
    /// Decline a referral.
    DeclineReferral = POST "/v1/cases/{case_id}/decline",
    /// Put a referral on the waiting list.
    WaitlistReferral = POST "/v1/cases/{case_id}/waitlisting",
    /// Give a case to a worker.
    AllocateCase = POST "/v1/cases/{case_id}/allocations",
    /// Draw the arm of a case, from the schedule of its programme and area.
    DrawArm = POST "/v1/cases/{case_id}/arm",
    /// Hand a case over to another worker.
    HandOverCase = POST "/v1/cases/{case_id}/handovers",
    /// Transfer a case to another area.
    TransferCase = POST "/v1/cases/{case_id}/transfers",
    /// Propose that a case be closed.
    ProposeClosure = POST "/v1/cases/{case_id}/closure-proposals",
    /// Refuse a proposal to close a case.
    RefuseClosure = POST "/v1/cases/{case_id}/closure-proposals/{proposal_id}/refusal",
    /// Close a case.
    CloseCase = POST "/v1/cases/{case_id}/closure",
    /// Reopen a closed case.
    ReopenCase = POST "/v1/cases/{case_id}/reopening",
    /// Record an attempt to reach the person.
    RecordContactAttempt = POST "/v1/cases/{case_id}/contact-attempts",
    /// Record a risk assessment.
    RecordRiskAssessment = POST "/v1/cases/{case_id}/risk-assessments",
    /// Record an agency's action.
    RecordAgencyAction = POST "/v1/cases/{case_id}/agency-actions",
    /// Record what an instrument measured at a stage.
    RecordMeasure = POST "/v1/cases/{case_id}/measures",
    /// Record something the person needs help with.
    IdentifyNeed = POST "/v1/cases/{case_id}/needs",
    /// Record what came of a need.
    ResolveNeed = POST "/v1/cases/{case_id}/needs/{need_id}/resolution",
    /// Record support that was given.
    ProvideSupport = POST "/v1/cases/{case_id}/support",
    /// Record an incident.
    ReportIncident = POST "/v1/cases/{case_id}/incidents",
    /// Record a referral to a multi-agency forum.
    ReferToMultiAgencyForum = POST "/v1/cases/{case_id}/multi-agency-referrals",
    /// Record a protective order.
    RecordProtectiveOrder = POST "/v1/cases/{case_id}/orders",
    /// Record a change in the protection of the person's children.
    ChangeChildProtectionStatus = POST "/v1/cases/{case_id}/child-protection-statuses",
    /// Record a move into, out of, or between placements.
    ChangePlacement = POST "/v1/cases/{case_id}/placements",
    /// Record a review.
    CompleteReview = POST "/v1/cases/{case_id}/reviews",
    /// Say how the person can be contacted safely.
    SetSafeContactPlan = PUT "/v1/cases/{case_id}/safe-contact-plan",
    /// Hold contact with the person.
    HoldContact = POST "/v1/cases/{case_id}/contact-holds",
    /// Lift a hold on contact.
    LiftContactHold = POST "/v1/cases/{case_id}/contact-holds/{hold_id}/lifting",
    /// Ask an agency for information.
    RequestInformation = POST "/v1/cases/{case_id}/information-requests",
    /// Ask an agency again.
    ChaseInformation = POST "/v1/cases/{case_id}/information-requests/{request_id}/chases",
    /// Take a request to somebody senior.
    EscalateInformation = POST "/v1/cases/{case_id}/information-requests/{request_id}/escalations",
    /// Record an agency's answer.
    ReceiveInformation = POST "/v1/cases/{case_id}/information-requests/{request_id}/response",
    /// Record an agency's refusal.
    RefuseInformation = POST "/v1/cases/{case_id}/information-requests/{request_id}/refusal",
    /// Correct a fact.
    CorrectFact = POST "/v1/cases/{case_id}/events/{event_id}/correction",
    /// Take a fact back.
    RetractFact = POST "/v1/cases/{case_id}/events/{event_id}/retraction",
    /// Destroy for good whatever was written about a person.
    EraseSubject = POST "/v1/persons/{person_id}/erasure",
    /// Keep a person from being erased.
    PlaceLegalHold = POST "/v1/persons/{person_id}/legal-holds",
    /// End a legal hold.
    ReleaseLegalHold = POST "/v1/persons/{person_id}/legal-holds/{hold_id}/release",
    /// Form a team.
    FormTeam = POST "/v1/teams",
    /// Dissolve a team.
    DissolveTeam = POST "/v1/teams/{team_id}/dissolution",
    /// Have a worker join a team.
    JoinWorker = POST "/v1/workers",
    /// Say how many cases a worker can take.
    SetCapacity = POST "/v1/workers/{worker_id}/capacity",
    /// Move a worker to another team.
    MoveWorker = POST "/v1/workers/{worker_id}/team",
    /// Have a worker leave.
    LeaveWorker = POST "/v1/workers/{worker_id}/departure",
    /// The teams at two dates.
    ReadTeams = GET "/v1/teams",
    /// The workers at two dates, with what they have and how much more they can take.
    ReadWorkers = GET "/v1/workers",
    /// Open a schedule that draws cases into arms, its seed concealed.
    OpenAllocationSchedule = POST "/v1/allocation-schedules",
    /// Close a schedule of arms, which discloses its seed.
    CloseAllocationSchedule = POST "/v1/allocation-schedules/{schedule_id}/closure",
    /// The schedules of arms, the newest first.
    ReadAllocationSchedules = GET "/v1/allocation-schedules",
    /// A schedule of arms: what was drawn so far, and once it is closed how to compute it again.
    ReadAllocationSchedule = GET "/v1/allocation-schedules/{schedule_id}",
    /// Link two cases.
    LinkCases = POST "/v1/case-links",
    /// End a link between two cases.
    EndCaseLink = POST "/v1/case-links/{link_id}/ending",
    /// The links between cases, at two dates.
    ReadCaseLinks = GET "/v1/case-links",
    /// One link between two cases, at two dates.
    ReadCaseLink = GET "/v1/case-links/{link_id}",
    /// A case at two dates.
    ReadCase = GET "/v1/cases/{case_id}",
    /// What happened in a case, at two dates.
    ReadTimeline = GET "/v1/cases/{case_id}/timeline",
    /// How a case's risk went, at two dates.
    ReadRiskTrajectory = GET "/v1/cases/{case_id}/risk-trajectory",
    /// What every computed rule says of a case, at two dates, and the events it rests on.
    ReadCaseRules = GET "/v1/cases/{case_id}/rules",
    /// How a person can be contacted safely, for the worker about to do so.
    ReadSafeContactPlan = GET "/v1/cases/{case_id}/safe-contact-plan",
    /// Who assessed a case's risk, and what each of them said last, at two dates.
    ReadRiskAssessments = GET "/v1/cases/{case_id}/risk-assessments",
    /// One event of a case, as it was recorded.
    ReadEvent = GET "/v1/cases/{case_id}/events/{event_id}",
    /// Everybody's open cases.
    ReadCaseloads = GET "/v1/caseloads",
    /// One worker's open cases.
    ReadCaseload = GET "/v1/caseloads/{worker_id}",
    /// How a measure changed between two stages, over a programme's cases.
    ReadOutcomes = GET "/v1/outcomes",
    /// What happened in the tenant's cases, in the order of recording: a page.
    ReadEvents = GET "/v1/events",
    /// What happens in the tenant's cases, as it is recorded: server-sent events.
    StreamEvents = GET "/v1/events/stream",
    /// What became of a programme's referrals, and how long those referred waited.
    ReadReferralPipeline = GET "/v1/referral-pipeline",
    /// How agencies respond to requests for information.
    ReadAgencyResponse = GET "/v1/agency-response",
    /// The requests for information that are overdue, the longest overdue first.
    ReadOverdueRequests = GET "/v1/agency-response/overdue",
    /// The contacts that were made although a plan for safe contact, or a hold, spoke against them.
    ReadContactOverrides = GET "/v1/contact-overrides",
    /// How many cases each worker has, step by step, and how often they try to reach people.
    ReadWorkload = GET "/v1/workload",
    /// How risk went over many cases: time at each level, rises and falls.
    ReadRiskTrajectories = GET "/v1/risk-trajectory",
    /// The computed rules, each version for itself.
    ReadRules = GET "/v1/rules",
    /// The programmes, with the versions of their definitions.
    ReadProgrammes = GET "/v1/programmes",
    /// Load a programme's definition: the next version of one, or the first of a new one.
    DefineProgramme = POST "/v1/programmes",
    /// One version of a programme's definition.
    ReadProgramme = GET "/v1/programmes/{programme}/versions/{version}",
    /// Cases whose risk is seen differently, and how often assessors agree.
    ReadRiskDisagreement = GET "/v1/risk-disagreement",
    /// The instruments that assess and measure.
    ReadInstruments = GET "/v1/instruments",
    /// One instrument: its questions and rule, or what it measures.
    ReadInstrument = GET "/v1/instruments/{instrument}/{version}",
    /// The cohorts, with the versions of their definitions.
    ReadCohorts = GET "/v1/cohorts",
    /// Define a cohort: its first version, or the next.
    DefineCohort = POST "/v1/cohorts",
    /// One version of a cohort's definition.
    ReadCohort = GET "/v1/cohorts/{cohort}/versions/{version}",
    /// How many cases are in a cohort at two dates, and how many are not, for which reason.
    ReadMembership = GET "/v1/cohorts/{cohort}/membership",
    /// Tables of a cohort at two dates, all in one pass.
    TabulateCohort = POST "/v1/cohorts/{cohort}/tables",
    /// The editions, the newest first.
    ReadEditions = GET "/v1/editions",
    /// Publish an edition: tables of a cohort, frozen for good.
    PublishEdition = POST "/v1/editions",
    /// One edition, to the byte as it was published.
    ReadEdition = GET "/v1/editions/{edition}",
    /// Compute an edition again, and say whether it is the same to the byte.
    RerunEdition = POST "/v1/editions/{edition}/rerun",
    /// Say which figures of an edition moved, and which events moved them.
    CompareEdition = POST "/v1/editions/{edition}/comparison",
    /// What left for evaluators outside, the newest first.
    ReadReleases = GET "/v1/releases",
    /// How far each projection has followed the log, build by build.
    ReadProjections = GET "/v1/projections",
    /// Make a projection's rows again from the log, beside those in use.
    RebuildProjection = POST "/v1/projections/{name}/rebuilds",
    /// Hold a projection's rows against the log: of every case, or of a sample.
    VerifyProjection = POST "/v1/projections/{name}/verifications",
    /// Answer readers from the build before.
    RollBackProjection = POST "/v1/projections/{name}/rollback",
    /// Drop a build that readers are not answered from.
    DropBuild = DELETE "/v1/projections/{name}/builds/{build}",
    /// What operators did to projections, the newest first.
    ReadProjectionAudit = GET "/v1/projections/audit",
    /// Rebuilds and verifications, the newest first.
    ReadOperations = GET "/v1/operations",
    /// How far an operation is, and what came of it.
    ReadOperation = GET "/v1/operations/{operation_id}",
    /// Call an operation off.
    CancelOperation = POST "/v1/operations/{operation_id}/cancellation",
    /// Cases that a projection has set aside, with the reason.
    ReadParked = GET "/v1/parked",
    /// Try what was set aside again at once.
    RetryParked = POST "/v1/parked/retries",
}

/// Whether a role may do something. Every cell is decided here and nowhere else.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one table")]
pub fn permits(role: Role, operation: Operation) -> bool {
    use Role::{Caseworker, DataProtectionOfficer, Evaluator, Operator, Partner, TeamManager};
    let permitted: &[Role] = match operation {
        Operation::ReceiveReferral => &[Caseworker, TeamManager, Partner],
        Operation::AcceptReferral
        | Operation::DeclineReferral
        | Operation::WaitlistReferral
        | Operation::AllocateCase
        | Operation::HandOverCase
        | Operation::TransferCase
        | Operation::ProposeClosure
        | Operation::CloseCase
        | Operation::ReopenCase
        | Operation::ResolveNeed
        | Operation::ChangePlacement
        | Operation::CompleteReview
        | Operation::SetSafeContactPlan
        | Operation::HoldContact
        | Operation::LiftContactHold
        | Operation::RecordContactAttempt
        | Operation::RecordRiskAssessment
        | Operation::RecordAgencyAction
        | Operation::RecordMeasure
        | Operation::IdentifyNeed
        | Operation::ProvideSupport
        | Operation::ReportIncident
        | Operation::ReferToMultiAgencyForum
        | Operation::RecordProtectiveOrder
        | Operation::ChangeChildProtectionStatus
        | Operation::RequestInformation
        | Operation::ChaseInformation
        | Operation::EscalateInformation
        | Operation::ReceiveInformation
        | Operation::RefuseInformation
        | Operation::CorrectFact
        | Operation::RetractFact
        | Operation::ReadCaseloads
        | Operation::ReadCaseload
        | Operation::ReadEvents
        | Operation::StreamEvents
        | Operation::ReadTeams
        | Operation::ReadWorkers
        | Operation::ReadOverdueRequests => &[Caseworker, TeamManager],
        // Whoever gives cases out knows no arm before it is drawn; nor does anybody.
        Operation::RefuseClosure
        | Operation::DrawArm
        | Operation::OpenAllocationSchedule
        | Operation::CloseAllocationSchedule
        | Operation::ReadContactOverrides
        | Operation::FormTeam
        | Operation::DissolveTeam
        | Operation::JoinWorker
        | Operation::SetCapacity
        | Operation::MoveWorker
        | Operation::LeaveWorker
        | Operation::LinkCases
        | Operation::EndCaseLink => &[TeamManager],
        // Of a link only those learn who may know of both sides.
        Operation::ReadCaseLinks | Operation::ReadCaseLink => &[TeamManager, DataProtectionOfficer],
        Operation::EraseSubject | Operation::PlaceLegalHold | Operation::ReleaseLegalHold => {
            &[DataProtectionOfficer]
        }
        Operation::ReadCase
        | Operation::ReadTimeline
        | Operation::ReadRiskTrajectory
        | Operation::ReadCaseRules
        | Operation::ReadSafeContactPlan
        | Operation::ReadRiskAssessments
        | Operation::ReadEvent => &[Caseworker, TeamManager, DataProtectionOfficer],
        // What a rule, a programme or an instrument says is about no person.
        Operation::ReadRules
        | Operation::ReadProgrammes
        | Operation::ReadProgramme
        | Operation::ReadInstruments
        | Operation::ReadInstrument => Role::ALL,
        Operation::DefineProgramme => &[TeamManager, Operator],
        // Tables name no case, but small counts may point to somebody: they are for whoever
        // evaluates, leads or answers for the data.
        Operation::ReadCohorts
        | Operation::ReadCohort
        | Operation::ReadMembership
        | Operation::TabulateCohort
        | Operation::ReadEditions
        | Operation::ReadEdition
        | Operation::ReadReleases
        | Operation::RerunEdition
        | Operation::CompareEdition => &[TeamManager, Evaluator, DataProtectionOfficer],
        Operation::DefineCohort | Operation::PublishEdition => &[Evaluator],
        // Figures about colleagues are for whoever shares the work out. An evaluator is given the
        // totals without the workers.
        Operation::ReadWorkload
        | Operation::ReadAllocationSchedules
        | Operation::ReadAllocationSchedule => &[TeamManager, Evaluator],
        // An evaluator is given the totals without the cases.
        Operation::ReadRiskDisagreement
        | Operation::ReadOutcomes
        | Operation::ReadReferralPipeline
        | Operation::ReadAgencyResponse
        | Operation::ReadRiskTrajectories => &[Caseworker, TeamManager, Evaluator],
        Operation::ReadProjections
        | Operation::RebuildProjection
        | Operation::VerifyProjection
        | Operation::RollBackProjection
        | Operation::DropBuild
        | Operation::ReadProjectionAudit
        | Operation::ReadOperations
        | Operation::ReadOperation
        | Operation::CancelOperation
        | Operation::ReadParked
        | Operation::RetryParked => &[Operator],
    };
    permitted.contains(&role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_from_its_text() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
    }

    #[test]
    fn nobody_without_a_part_in_the_casework_reads_a_case() {
        for role in [Role::Evaluator, Role::Operator, Role::Partner] {
            for operation in [
                Operation::ReadCase,
                Operation::ReadTimeline,
                Operation::ReadRiskTrajectory,
                Operation::ReadCaseRules,
                Operation::ReadRiskAssessments,
                Operation::ReadEvent,
                Operation::ReadCaseload,
                Operation::ReadCaseloads,
                Operation::ReadEvents,
                Operation::StreamEvents,
                Operation::ReadOverdueRequests,
            ] {
                assert!(!permits(role, operation), "{role} {}", operation.name());
            }
        }
    }

    #[test]
    fn every_operation_is_somebodys() {
        for operation in Operation::ALL {
            assert!(
                Role::ALL.iter().any(|role| permits(*role, *operation)),
                "{}",
                operation.name()
            );
        }
    }
}
