//! The `OpenAPI` 3.1 description, built from the access table, the body types and the problem types:
//! what is not in those is not in the interface.

mod members;
mod parameters;
mod responses;

use std::collections::HashSet;

use actix_web::http::Method;
use serde_json::Value;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Paths, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    ContentBuilder, Info, License, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use crate::access::{Operation, Role, permits};
use crate::agency_response::AgencyResponseAnswer;
use crate::agency_response::overdue::OverdueRequestsAnswer;
use crate::allocation_schedules::close_schedule::ScheduleClosureBody;
use crate::allocation_schedules::open_schedule::{Opened, ScheduleBody};
use crate::allocation_schedules::read_schedules::{ScheduleAnswer, SchedulesAnswer};
use crate::case_links::LinkRecorded;
use crate::case_links::end_case_link::LinkEndBody;
use crate::case_links::link_cases::LinkBody;
use crate::case_links::read_case_links::{CaseLinkAnswer, CaseLinksAnswer};
use crate::caseloads::CaseloadAnswer;
use crate::cases::accept_referral::AcceptanceBody;
use crate::cases::allocate_case::AllocationBody;
use crate::cases::amend_fact::{CorrectionBody, RetractionBody};
use crate::cases::change_child_protection_status::ChildProtectionStatusBody;
use crate::cases::change_placement::PlacementBody;
use crate::cases::close_case::ClosureBody;
use crate::cases::command::{CommandBody, Recorded};
use crate::cases::complete_review::ReviewBody;
use crate::cases::decline_referral::DeclineBody;
use crate::cases::draw_arm::{DrawBody, Drawn};
use crate::cases::hand_over_case::HandoverBody;
use crate::cases::hold_contact::{ContactHoldBody, LiftingBody};
use crate::cases::identify_need::NeedBody;
use crate::cases::propose_closure::{ClosureProposalBody, ClosureRefusalBody};
use crate::cases::provide_support::SupportBody;
use crate::cases::read_case::CaseAnswer;
use crate::cases::read_risk_assessments::RiskAssessmentsAnswer;
use crate::cases::read_risk_trajectory::CaseTrajectoryAnswer;
use crate::cases::read_safe_contact_plan::SafeContactAnswer;
use crate::cases::receive_referral::{ReferralBody, Referred};
use crate::cases::record_agency_action::AgencyActionBody;
use crate::cases::record_contact_attempt::ContactAttemptBody;
use crate::cases::record_measure::MeasureBody;
use crate::cases::record_protective_order::OrderBody;
use crate::cases::record_risk_assessment::RiskAssessmentBody;
use crate::cases::refer_to_multi_agency_forum::MultiAgencyReferralBody;
use crate::cases::reopen_case::ReopeningBody;
use crate::cases::report_incident::IncidentBody;
use crate::cases::request_information::{
    ChaseBody, EscalationBody, InformationRequestBody, RefusalBody, ResponseBody,
};
use crate::cases::resolve_need::ResolutionBody;
use crate::cases::set_safe_contact_plan::SafeContactPlanBody;
use crate::cases::timeline_answer::{EntryAnswer, TimelineAnswer};
use crate::cases::transfer_case::TransferBody;
use crate::cases::waitlist_referral::WaitlistingBody;
use crate::contact_overrides::ContactOverridesAnswer;
use crate::evaluation::cohorts::{CohortDefinedAnswer, CohortDefinition, CohortsAnswer};
use crate::evaluation::comparison::{ComparisonBody, EditionComparisonAnswer};
use crate::evaluation::editions::{EditionBody, EditionDocument, EditionsAnswer, PublishedAnswer};
use crate::evaluation::membership::MembershipAnswer;
use crate::evaluation::releases::ReleasesAnswer;
use crate::evaluation::rerun::RerunAnswer;
use crate::evaluation::tables::{TablesAnswer, TablesBody};
use crate::feed::envelope::Envelope;
use crate::feed::page::EventsAnswer;
use crate::instruments::{InstrumentAnswer, InstrumentsAnswer};
use crate::outcomes::OutcomesAnswer;
use crate::persons::erase_subject::ErasureBody;
use crate::persons::legal_hold::{LegalHoldBody, ReleaseBody};
use crate::programmes::{DefinedAnswer, ProgrammeDefinition, ProgrammesAnswer};
use crate::projections::NothingMore;
use crate::projections::builds::SwitchedAnswer;
use crate::projections::operations::{OperationAnswer, OperationsAnswer};
use crate::projections::parked::{ParkedAnswer, RetryAnswer, RetryBody};
use crate::projections::read_audit::AuditAnswer;
use crate::projections::read_projections::ProjectionsAnswer;
use crate::projections::rebuild::RebuildBody;
use crate::projections::verify::VerificationBody;
use crate::referral_pipeline::PipelineAnswer;
use crate::risk_disagreement::RiskDisagreementAnswer;
use crate::risk_trajectory::TrajectoriesAnswer;
use crate::rules::{CaseRulesAnswer, RulesAnswer};
use crate::staff::read_teams::TeamsAnswer;
use crate::staff::read_workers::WorkersAnswer;
use crate::staff::team_commands::{DissolutionBody, TeamBody};
use crate::staff::worker_commands::{
    CapacityBody, DepartureBody, JoiningBody, MoveBody, WorkerRecorded,
};
use crate::workload::WorkloadAnswer;

const SCHEME: &str = "bearer";

/// The description of the whole interface.
#[must_use]
pub fn describe() -> OpenApi {
    let (paths, mut schemas) = gathered();
    for (name, schema) in &mut schemas.0 {
        members::complete(name, schema);
    }
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let mut components = ComponentsBuilder::new()
        .schemas_from_iter(schemas.0)
        .security_scheme(SCHEME, bearer)
        .build();
    components.examples = responses::examples();
    let mut info = Info::new("Throughline", env!("CARGO_PKG_VERSION"));
    info.description = Some(INTRODUCTION.to_owned());
    info.license = Some(License::new("MIT OR Apache-2.0"));
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components))
        .tags(Some(tags()))
        .security(Some([SecurityRequirement::new(SCHEME, Vec::<String>::new())]))
        .build()
}

/// Every operation, and every schema that one of them names.
fn gathered() -> (Paths, Schemas) {
    let mut schemas = Schemas::default();
    let mut paths = PathsBuilder::new().build();
    for operation in Operation::ALL {
        add(&mut paths, &mut schemas, *operation);
    }
    schemas.0.push(("Problem".to_owned(), responses::problem_schema()));
    (paths, schemas)
}

const INTRODUCTION: &str = "\
Case lifecycles as immutable events, answered at any two dates: what was true then (`as_of`), as it \
was known then (`known_at`). Times are UTC, RFC 3339. Errors are `application/problem+json` \
(RFC 9457); nothing that was sent is echoed. A command's answer carries `Throughline-Position`; a \
query with `Throughline-After` waits for that position.

A case begins with a referral and is then `referred`. It is put on a waiting list (`waiting`), \
`accepted` or `declined`; the first allocation to a worker makes an accepted case `open`, and a \
closure `closed`. A reopening makes it open again, as the next episode. These steps, and handovers, \
name the version they were decided on in `If-Match`; other commands need not. What a linked case \
lets through is an event of this case, and makes a new version too. What a programme asks \
for (its areas, stages, criteria, instruments, reasons for closure, checklist of a handover) is in \
its definition, `GET /v1/programmes/{programme}/versions/{version}`. Where nothing else is said, a \
code is 1 to 64 lower-case letters, digits and `_ - . / :`.

A command says when something happened in `occurred_at`, which may lie in the past; what it records \
is known from the moment of its recording on. An answer to a question that names both dates never \
changes, but for words that are erased.";

/// The name of every member of every body and answer.
#[must_use]
pub fn member_names() -> HashSet<String> {
    let description = serde_json::to_value(describe()).unwrap_or_default();
    let mut names = HashSet::new();
    collect_member_names(&description, &mut names);
    names
}

fn collect_member_names(schema: &Value, names: &mut HashSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                names.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| collect_member_names(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_member_names(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schemas met so far, with their names: again and again where several operations name one.
#[derive(Default)]
struct Schemas(Vec<(String, RefOr<Schema>)>);

impl Schemas {
    fn refer<T: ToSchema>(&mut self) -> Ref {
        let name = T::name().into_owned();
        self.0.push((name.clone(), <T as PartialSchema>::schema()));
        T::schemas(&mut self.0);
        Ref::from_schema_name(name)
    }
}

fn add(paths: &mut Paths, schemas: &mut Schemas, operation: Operation) {
    let roles: Vec<&str> = Role::ALL
        .iter()
        .filter(|role| permits(**role, operation))
        .map(|role| role.as_str())
        .collect();
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.name()))
        .tag(tag(operation))
        .summary(Some(operation.summary()))
        .description(Some(format!("Roles: {}.", roles.join(", "))));
    let (body, needs_version) = body(schemas, operation);
    if let Some(body) = body {
        let content = ContentBuilder::new().schema(Some(body)).build();
        let body = RequestBodyBuilder::new().content("application/json", content);
        builder = builder.request_body(Some(body.required(Some(Required::True)).build()));
    }
    for parameter in parameters::of(operation, needs_version) {
        builder = builder.parameter(parameter);
    }
    let (status, answer) = answer(schemas, operation);
    builder = builder.response(status, responses::done(operation, answer));
    for (status, problem) in responses::problems(operation) {
        builder = builder.response(status.to_string(), problem);
    }
    let method = match operation.method() {
        Method::GET => HttpMethod::Get,
        Method::DELETE => HttpMethod::Delete,
        Method::PUT => HttpMethod::Put,
        _ => HttpMethod::Post,
    };
    paths.add_path_operation(operation.path(), vec![method], builder.build());
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn body(schemas: &mut Schemas, operation: Operation) -> (Option<Ref>, bool) {
    fn of<B: CommandBody + ToSchema>(schemas: &mut Schemas) -> (Option<Ref>, bool) {
        (Some(schemas.refer::<B>()), B::IS_STEP)
    }
    match operation {
        Operation::ReceiveReferral => (Some(schemas.refer::<ReferralBody>()), false),
        Operation::AcceptReferral => of::<AcceptanceBody>(schemas),
        Operation::DeclineReferral => of::<DeclineBody>(schemas),
        Operation::WaitlistReferral => of::<WaitlistingBody>(schemas),
        Operation::AllocateCase => of::<AllocationBody>(schemas),
        Operation::DrawArm => (Some(schemas.refer::<DrawBody>()), false),
        Operation::HandOverCase => of::<HandoverBody>(schemas),
        Operation::TransferCase => of::<TransferBody>(schemas),
        Operation::ProposeClosure => of::<ClosureProposalBody>(schemas),
        Operation::RefuseClosure => of::<ClosureRefusalBody>(schemas),
        Operation::CloseCase => of::<ClosureBody>(schemas),
        Operation::ReopenCase => of::<ReopeningBody>(schemas),
        Operation::RecordContactAttempt => of::<ContactAttemptBody>(schemas),
        Operation::RecordRiskAssessment => of::<RiskAssessmentBody>(schemas),
        Operation::RecordAgencyAction => of::<AgencyActionBody>(schemas),
        Operation::RecordMeasure => of::<MeasureBody>(schemas),
        Operation::IdentifyNeed => of::<NeedBody>(schemas),
        Operation::ResolveNeed => of::<ResolutionBody>(schemas),
        Operation::ProvideSupport => of::<SupportBody>(schemas),
        Operation::ReportIncident => of::<IncidentBody>(schemas),
        Operation::ReferToMultiAgencyForum => of::<MultiAgencyReferralBody>(schemas),
        Operation::RecordProtectiveOrder => of::<OrderBody>(schemas),
        Operation::ChangeChildProtectionStatus => of::<ChildProtectionStatusBody>(schemas),
        Operation::ChangePlacement => of::<PlacementBody>(schemas),
        Operation::CompleteReview => of::<ReviewBody>(schemas),
        Operation::SetSafeContactPlan => of::<SafeContactPlanBody>(schemas),
        Operation::HoldContact => of::<ContactHoldBody>(schemas),
        Operation::LiftContactHold => of::<LiftingBody>(schemas),
        Operation::RequestInformation => of::<InformationRequestBody>(schemas),
        Operation::ChaseInformation => of::<ChaseBody>(schemas),
        Operation::EscalateInformation => of::<EscalationBody>(schemas),
        Operation::ReceiveInformation => of::<ResponseBody>(schemas),
        Operation::RefuseInformation => of::<RefusalBody>(schemas),
        Operation::CorrectFact => (Some(schemas.refer::<CorrectionBody>()), false),
        Operation::RetractFact => (Some(schemas.refer::<RetractionBody>()), false),
        Operation::EraseSubject => (Some(schemas.refer::<ErasureBody>()), false),
        Operation::PlaceLegalHold => (Some(schemas.refer::<LegalHoldBody>()), false),
        Operation::ReleaseLegalHold => (Some(schemas.refer::<ReleaseBody>()), false),
        Operation::LinkCases => (Some(schemas.refer::<LinkBody>()), false),
        Operation::EndCaseLink => (Some(schemas.refer::<LinkEndBody>()), false),
        Operation::FormTeam => (Some(schemas.refer::<TeamBody>()), false),
        Operation::DissolveTeam => (Some(schemas.refer::<DissolutionBody>()), false),
        Operation::JoinWorker => (Some(schemas.refer::<JoiningBody>()), false),
        Operation::SetCapacity => (Some(schemas.refer::<CapacityBody>()), false),
        Operation::MoveWorker => (Some(schemas.refer::<MoveBody>()), false),
        Operation::LeaveWorker => (Some(schemas.refer::<DepartureBody>()), false),
        Operation::OpenAllocationSchedule => (Some(schemas.refer::<ScheduleBody>()), false),
        Operation::CloseAllocationSchedule => (Some(schemas.refer::<ScheduleClosureBody>()), false),
        Operation::RebuildProjection => (Some(schemas.refer::<RebuildBody>()), false),
        Operation::VerifyProjection => (Some(schemas.refer::<VerificationBody>()), false),
        Operation::DefineCohort => (Some(schemas.refer::<CohortDefinition>()), false),
        Operation::TabulateCohort => (Some(schemas.refer::<TablesBody>()), false),
        Operation::CompareEdition => (Some(schemas.refer::<ComparisonBody>()), false),
        Operation::PublishEdition => (Some(schemas.refer::<EditionBody>()), false),
        Operation::RollBackProjection | Operation::CancelOperation | Operation::RerunEdition => {
            (Some(schemas.refer::<NothingMore>()), false)
        }
        Operation::RetryParked => (Some(schemas.refer::<RetryBody>()), false),
        Operation::DefineProgramme => (Some(schemas.refer::<ProgrammeDefinition>()), false),
        Operation::ReadCase
        | Operation::ReadTimeline
        | Operation::ReadEvent
        | Operation::ReadCaseRules
        | Operation::ReadRules
        | Operation::ReadTeams
        | Operation::ReadWorkers
        | Operation::ReadCaseLinks
        | Operation::ReadCaseLink
        | Operation::ReadProgrammes
        | Operation::ReadProgramme
        | Operation::ReadCaseloads
        | Operation::ReadCaseload
        | Operation::ReadOutcomes
        | Operation::ReadEvents
        | Operation::StreamEvents
        | Operation::ReadReferralPipeline
        | Operation::ReadAgencyResponse
        | Operation::ReadOverdueRequests
        | Operation::ReadProjections
        | Operation::DropBuild
        | Operation::ReadProjectionAudit
        | Operation::ReadOperations
        | Operation::ReadOperation
        | Operation::ReadParked
        | Operation::ReadRiskTrajectory
        | Operation::ReadSafeContactPlan
        | Operation::ReadContactOverrides
        | Operation::ReadRiskAssessments
        | Operation::ReadRiskDisagreement
        | Operation::ReadInstruments
        | Operation::ReadInstrument
        | Operation::ReadWorkload
        | Operation::ReadCohorts
        | Operation::ReadCohort
        | Operation::ReadMembership
        | Operation::ReadEditions
        | Operation::ReadReleases
        | Operation::ReadEdition
        | Operation::ReadAllocationSchedules
        | Operation::ReadAllocationSchedule
        | Operation::ReadRiskTrajectories => (None, false),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other operation is a command")]
fn answer(schemas: &mut Schemas, operation: Operation) -> (&'static str, Option<Ref>) {
    let (status, answer) = match operation {
        Operation::ReceiveReferral => ("201", schemas.refer::<Referred>()),
        Operation::JoinWorker
        | Operation::SetCapacity
        | Operation::MoveWorker
        | Operation::LeaveWorker => ("201", schemas.refer::<WorkerRecorded>()),
        Operation::LinkCases | Operation::EndCaseLink => ("201", schemas.refer::<LinkRecorded>()),
        Operation::ReadCaseLinks => ("200", schemas.refer::<CaseLinksAnswer>()),
        Operation::ReadCaseLink => ("200", schemas.refer::<CaseLinkAnswer>()),
        Operation::ReadTeams => ("200", schemas.refer::<TeamsAnswer>()),
        Operation::ReadWorkers => ("200", schemas.refer::<WorkersAnswer>()),
        Operation::DrawArm => ("201", schemas.refer::<Drawn>()),
        Operation::OpenAllocationSchedule => ("201", schemas.refer::<Opened>()),
        Operation::ReadAllocationSchedules => ("200", schemas.refer::<SchedulesAnswer>()),
        Operation::ReadAllocationSchedule => ("200", schemas.refer::<ScheduleAnswer>()),
        Operation::ReadCase => ("200", schemas.refer::<CaseAnswer>()),
        Operation::ReadTimeline => ("200", schemas.refer::<TimelineAnswer>()),
        Operation::ReadEvent => ("200", schemas.refer::<EntryAnswer>()),
        Operation::ReadCaseRules => ("200", schemas.refer::<CaseRulesAnswer>()),
        Operation::ReadRules => ("200", schemas.refer::<RulesAnswer>()),
        Operation::ReadProgrammes => ("200", schemas.refer::<ProgrammesAnswer>()),
        Operation::ReadProgramme => ("200", schemas.refer::<ProgrammeDefinition>()),
        Operation::ReadCohorts => ("200", schemas.refer::<CohortsAnswer>()),
        Operation::DefineCohort => ("201", schemas.refer::<CohortDefinedAnswer>()),
        Operation::ReadCohort => ("200", schemas.refer::<CohortDefinition>()),
        Operation::ReadMembership => ("200", schemas.refer::<MembershipAnswer>()),
        Operation::TabulateCohort => ("200", schemas.refer::<TablesAnswer>()),
        Operation::ReadEditions => ("200", schemas.refer::<EditionsAnswer>()),
        Operation::ReadReleases => ("200", schemas.refer::<ReleasesAnswer>()),
        Operation::PublishEdition => ("201", schemas.refer::<PublishedAnswer>()),
        Operation::ReadEdition => ("200", schemas.refer::<EditionDocument>()),
        Operation::RerunEdition => ("200", schemas.refer::<RerunAnswer>()),
        Operation::CompareEdition => ("200", schemas.refer::<EditionComparisonAnswer>()),
        Operation::DefineProgramme => ("201", schemas.refer::<DefinedAnswer>()),
        Operation::ReadCaseloads | Operation::ReadCaseload => {
            ("200", schemas.refer::<CaseloadAnswer>())
        }
        Operation::ReadOutcomes => ("200", schemas.refer::<OutcomesAnswer>()),
        Operation::ReadEvents => ("200", schemas.refer::<EventsAnswer>()),
        Operation::StreamEvents => ("200", schemas.refer::<Envelope>()),
        Operation::ReadReferralPipeline => ("200", schemas.refer::<PipelineAnswer>()),
        Operation::ReadAgencyResponse => ("200", schemas.refer::<AgencyResponseAnswer>()),
        Operation::ReadOverdueRequests => ("200", schemas.refer::<OverdueRequestsAnswer>()),
        Operation::ReadRiskTrajectory => ("200", schemas.refer::<CaseTrajectoryAnswer>()),
        Operation::ReadContactOverrides => ("200", schemas.refer::<ContactOverridesAnswer>()),
        Operation::ReadSafeContactPlan => ("200", schemas.refer::<SafeContactAnswer>()),
        Operation::ReadRiskAssessments => ("200", schemas.refer::<RiskAssessmentsAnswer>()),
        Operation::ReadRiskDisagreement => ("200", schemas.refer::<RiskDisagreementAnswer>()),
        Operation::ReadInstruments => ("200", schemas.refer::<InstrumentsAnswer>()),
        Operation::ReadInstrument => ("200", schemas.refer::<InstrumentAnswer>()),
        Operation::ReadWorkload => ("200", schemas.refer::<WorkloadAnswer>()),
        Operation::ReadRiskTrajectories => ("200", schemas.refer::<TrajectoriesAnswer>()),
        Operation::ReadProjections => ("200", schemas.refer::<ProjectionsAnswer>()),
        Operation::ReadOperations => ("200", schemas.refer::<OperationsAnswer>()),
        Operation::ReadOperation => ("200", schemas.refer::<OperationAnswer>()),
        Operation::RebuildProjection | Operation::VerifyProjection | Operation::CancelOperation => {
            ("202", schemas.refer::<OperationAnswer>())
        }
        Operation::RollBackProjection => ("200", schemas.refer::<SwitchedAnswer>()),
        Operation::DropBuild => return ("204", None),
        Operation::ReadProjectionAudit => ("200", schemas.refer::<AuditAnswer>()),
        Operation::ReadParked => ("200", schemas.refer::<ParkedAnswer>()),
        Operation::RetryParked => ("202", schemas.refer::<RetryAnswer>()),
        _ => ("201", schemas.refer::<Recorded>()),
    };
    (status, Some(answer))
}

/// The groups of operations, in the order in which they are shown.
const TAGS: &[(&str, &str)] = &[
    ("referrals", "Where a case begins."),
    ("cases", "What is decided and recorded about one case, and what happened with it."),
    ("persons", "Erasing a person, and what keeps one from being erased."),
    ("case links", "Which cases belong together, for those who may know of both."),
    ("workers", "Who takes cases, in which teams, and how many."),
    ("caseloads", "The open cases of each worker."),
    ("contact overrides", "Contacts that were made although something spoke against them."),
    ("referral pipeline", "What became of referrals, and how long people waited."),
    ("agency response", "How agencies answer requests for information, and what is overdue."),
    ("allocation schedules", "Schedules that draw cases into the arms of a trial."),
    ("outcomes", "How measures went between two stages."),
    ("workload", "Caseloads and contacts of workers over time."),
    ("risk trajectory", "How risk went over many cases."),
    ("risk disagreement", "Cases whose risk is seen differently."),
    ("cohorts", "Which cases an evaluation is about, and tables of them at any two dates."),
    ("editions", "Tables that were published and never change."),
    ("releases", "What left for evaluators outside."),
    ("rules", "The computed rules."),
    ("instruments", "What assesses and measures, question by question."),
    ("programmes", "What each programme fixes for its cases, by version."),
    ("events", "What is recorded, as it is recorded, for other programs."),
    ("projections", "What operators do about the read models."),
];

fn tags() -> Vec<Tag> {
    let tag = |&(name, description): &(&str, &str)| {
        TagBuilder::new().name(name).description(Some(description)).build()
    };
    TAGS.iter().map(tag).collect()
}

/// Which of [`TAGS`] an operation belongs to.
fn tag(operation: Operation) -> &'static str {
    match operation.path().split('/').nth(2) {
        Some("referrals") => "referrals",
        Some("persons") => "persons",
        Some("case-links") => "case links",
        Some("workers" | "teams") => "workers",
        Some("caseloads") => "caseloads",
        Some("allocation-schedules") => "allocation schedules",
        Some("outcomes") => "outcomes",
        Some("events") => "events",
        Some("referral-pipeline") => "referral pipeline",
        Some("agency-response") => "agency response",
        Some("projections" | "operations" | "parked") => "projections",
        Some("contact-overrides") => "contact overrides",
        Some("workload") => "workload",
        Some("cohorts") => "cohorts",
        Some("editions") => "editions",
        Some("releases") => "releases",
        Some("rules") => "rules",
        Some("programmes") => "programmes",
        Some("risk-trajectory") => "risk trajectory",
        Some("risk-disagreement") => "risk disagreement",
        Some("instruments") => "instruments",
        _ => "cases",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn one_name_is_one_schema() {
        let mut known = BTreeMap::new();
        for (name, schema) in gathered().1.0 {
            let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
            assert!(*first == schema, "{name} is two schemas");
        }
    }

    #[test]
    fn every_operation_is_in_a_group_that_is_described() {
        let used: BTreeSet<&str> = Operation::ALL.iter().map(|operation| tag(*operation)).collect();
        let described: BTreeSet<&str> = TAGS.iter().map(|(name, _)| *name).collect();
        assert_eq!(used, described);
    }
}
