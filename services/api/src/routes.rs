//! Every route of the interface. An operation is registered from the access table, behind its
//! guard, so that none can be reached without the check that belongs to it.

use std::collections::BTreeMap;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::access::Operation;
use crate::allocation_schedules::{
    close_schedule::close_schedule,
    open_schedule::open_schedule,
    read_schedules::{read_schedule, read_schedules},
};
use crate::asyncapi;
use crate::caller::Guard;
use crate::case_links::end_case_link::end_case_link;
use crate::case_links::link_cases::link_cases;
use crate::case_links::read_case_links;
use crate::cases::command::record;
use crate::cases::{
    accept_referral::AcceptanceBody,
    allocate_case::AllocationBody,
    amend_fact,
    change_child_protection_status::ChildProtectionStatusBody,
    change_placement::PlacementBody,
    close_case::ClosureBody,
    complete_review::ReviewBody,
    decline_referral::DeclineBody,
    draw_arm::draw_arm,
    hand_over_case::HandoverBody,
    hold_contact::{ContactHoldBody, LiftingBody},
    identify_need::NeedBody,
    propose_closure::{ClosureProposalBody, ClosureRefusalBody},
    provide_support::SupportBody,
    read_case::read_case,
    read_event::read_event,
    read_risk_assessments::read_risk_assessments,
    read_risk_trajectory::read_risk_trajectory,
    read_safe_contact_plan::read_safe_contact_plan,
    read_timeline::read_timeline,
    receive_referral::receive_referral,
    record_agency_action::AgencyActionBody,
    record_contact_attempt::ContactAttemptBody,
    record_measure::MeasureBody,
    record_protective_order::OrderBody,
    record_risk_assessment::RiskAssessmentBody,
    refer_to_multi_agency_forum::MultiAgencyReferralBody,
    reopen_case::ReopeningBody,
    report_incident::IncidentBody,
    request_information,
    resolve_need::ResolutionBody,
    set_safe_contact_plan::SafeContactPlanBody,
    transfer_case::TransferBody,
    waitlist_referral::WaitlistingBody,
};
use crate::evaluation::{cohorts, comparison, editions, membership, releases, rerun, tables};
use crate::feed::{page::read_events, stream::stream_events};
use crate::persons::{erase_subject::erase_subject, legal_hold};
use crate::problem::{self, Problem};
use crate::projections::{
    builds, operations, parked, read_audit::read_audit, read_projections::read_projections,
    rebuild::rebuild_projection, verify::verify_projection,
};
use crate::staff::{
    read_teams::read_teams, read_workers::read_workers, team_commands, worker_commands,
};
use crate::{
    agency_response, caseloads, contact_overrides, health, instruments, metrics, openapi, outcomes,
    programmes, referral_pipeline, risk_disagreement, risk_trajectory, rules, workload,
};

/// Registers the interface.
pub fn configure(config: &mut ServiceConfig) {
    let mut paths: BTreeMap<&str, Vec<Operation>> = BTreeMap::new();
    for operation in Operation::ALL {
        paths.entry(operation.path()).or_default().push(*operation);
    }
    for (path, operations) in paths {
        let allowed: Vec<String> = operations.iter().map(|op| op.method().to_string()).collect();
        let allowed = allowed.join(", ");
        let mut resource = web::resource(path);
        for operation in operations {
            resource = resource.route(handler(operation).wrap(Guard(operation)));
        }
        config.service(resource.default_service(web::to(move || {
            let problem = Problem::new(problem::METHOD_NOT_ALLOWED).allowing(allowed.clone());
            async move { Err::<HttpResponse, Problem>(problem) }
        })));
    }
    let events = asyncapi::describe().to_string();
    let settings = Config::from("/openapi.json").validator_url("none");
    config
        .service(web::redirect("/docs", "/docs/"))
        .route(
            "/asyncapi.json",
            web::get().to(move || {
                let described = events.clone();
                async { HttpResponse::Ok().content_type("application/json").body(described) }
            }),
        )
        .service(
            SwaggerUi::new("/docs/{_:.*}")
                .url("/openapi.json", openapi::describe())
                .config(settings),
        )
        .default_service(web::to(|| async {
            Err::<HttpResponse, Problem>(Problem::new(problem::NOT_FOUND))
        }));
}

/// Registers health and metrics, which carry nothing about anybody and need no token.
pub fn configure_admin(config: &mut ServiceConfig) {
    config
        .route("/livez", web::get().to(health::livez))
        .route("/readyz", web::get().to(health::readyz))
        .route("/metrics", web::get().to(metrics::metrics));
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn handler(operation: Operation) -> Route {
    let route = web::method(operation.method());
    match operation {
        Operation::ReceiveReferral => route.to(receive_referral),
        Operation::AcceptReferral => route.to(record::<AcceptanceBody>),
        Operation::DeclineReferral => route.to(record::<DeclineBody>),
        Operation::WaitlistReferral => route.to(record::<WaitlistingBody>),
        Operation::AllocateCase => route.to(record::<AllocationBody>),
        Operation::DrawArm => route.to(draw_arm),
        Operation::HandOverCase => route.to(record::<HandoverBody>),
        Operation::TransferCase => route.to(record::<TransferBody>),
        Operation::ProposeClosure => route.to(record::<ClosureProposalBody>),
        Operation::RefuseClosure => route.to(record::<ClosureRefusalBody>),
        Operation::CloseCase => route.to(record::<ClosureBody>),
        Operation::ReopenCase => route.to(record::<ReopeningBody>),
        Operation::RecordContactAttempt => route.to(record::<ContactAttemptBody>),
        Operation::RecordRiskAssessment => route.to(record::<RiskAssessmentBody>),
        Operation::RecordAgencyAction => route.to(record::<AgencyActionBody>),
        Operation::RecordMeasure => route.to(record::<MeasureBody>),
        Operation::IdentifyNeed => route.to(record::<NeedBody>),
        Operation::ResolveNeed => route.to(record::<ResolutionBody>),
        Operation::ProvideSupport => route.to(record::<SupportBody>),
        Operation::ReportIncident => route.to(record::<IncidentBody>),
        Operation::ReferToMultiAgencyForum => route.to(record::<MultiAgencyReferralBody>),
        Operation::RecordProtectiveOrder => route.to(record::<OrderBody>),
        Operation::ChangeChildProtectionStatus => route.to(record::<ChildProtectionStatusBody>),
        Operation::ChangePlacement => route.to(record::<PlacementBody>),
        Operation::CompleteReview => route.to(record::<ReviewBody>),
        Operation::SetSafeContactPlan => route.to(record::<SafeContactPlanBody>),
        Operation::HoldContact => route.to(record::<ContactHoldBody>),
        Operation::LiftContactHold => route.to(record::<LiftingBody>),
        Operation::RequestInformation => {
            route.to(record::<request_information::InformationRequestBody>)
        }
        Operation::ChaseInformation => route.to(record::<request_information::ChaseBody>),
        Operation::EscalateInformation => route.to(record::<request_information::EscalationBody>),
        Operation::ReceiveInformation => route.to(record::<request_information::ResponseBody>),
        Operation::RefuseInformation => route.to(record::<request_information::RefusalBody>),
        Operation::CorrectFact => route.to(amend_fact::correct_fact),
        Operation::RetractFact => route.to(amend_fact::retract_fact),
        Operation::EraseSubject => route.to(erase_subject),
        Operation::PlaceLegalHold => route.to(legal_hold::place_legal_hold),
        Operation::ReleaseLegalHold => route.to(legal_hold::release_legal_hold),
        Operation::FormTeam => route.to(team_commands::form_team),
        Operation::DissolveTeam => route.to(team_commands::dissolve_team),
        Operation::JoinWorker => route.to(worker_commands::join_worker),
        Operation::SetCapacity => route.to(worker_commands::set_capacity),
        Operation::MoveWorker => route.to(worker_commands::move_worker),
        Operation::LeaveWorker => route.to(worker_commands::leave_worker),
        Operation::LinkCases => route.to(link_cases),
        Operation::EndCaseLink => route.to(end_case_link),
        Operation::ReadCaseLinks => route.to(read_case_links::read_case_links),
        Operation::ReadCaseLink => route.to(read_case_links::read_case_link),
        Operation::ReadTeams => route.to(read_teams),
        Operation::ReadWorkers => route.to(read_workers),
        Operation::OpenAllocationSchedule => route.to(open_schedule),
        Operation::CloseAllocationSchedule => route.to(close_schedule),
        Operation::ReadAllocationSchedules => route.to(read_schedules),
        Operation::ReadAllocationSchedule => route.to(read_schedule),
        Operation::ReadCase => route.to(read_case),
        Operation::ReadTimeline => route.to(read_timeline),
        Operation::ReadCaseRules => route.to(rules::read_case_rules),
        Operation::ReadRules => route.to(rules::read_rules),
        Operation::ReadProgrammes => route.to(programmes::read_programmes),
        Operation::ReadProgramme => route.to(programmes::read_programme),
        Operation::DefineProgramme => route.to(programmes::define_programme),
        Operation::ReadCohorts => route.to(cohorts::read_cohorts),
        Operation::DefineCohort => route.to(cohorts::define_cohort),
        Operation::ReadCohort => route.to(cohorts::read_cohort),
        Operation::ReadMembership => route.to(membership::read_membership),
        Operation::TabulateCohort => route.to(tables::tabulate_cohort),
        Operation::ReadEditions => route.to(editions::read_editions),
        Operation::PublishEdition => route.to(editions::publish_edition),
        Operation::ReadEdition => route.to(editions::read_edition),
        Operation::ReadReleases => route.to(releases::read_releases),
        Operation::RerunEdition => route.to(rerun::rerun_edition),
        Operation::CompareEdition => route.to(comparison::compare_edition),
        Operation::ReadEvent => route.to(read_event),
        Operation::ReadCaseloads => route.to(caseloads::read_caseloads),
        Operation::ReadCaseload => route.to(caseloads::read_caseload),
        Operation::ReadOutcomes => route.to(outcomes::read_outcomes),
        Operation::ReadEvents => route.to(read_events),
        Operation::StreamEvents => route.to(stream_events),
        Operation::ReadReferralPipeline => route.to(referral_pipeline::read_referral_pipeline),
        Operation::ReadAgencyResponse => route.to(agency_response::read_agency_response),
        Operation::ReadOverdueRequests => route.to(agency_response::overdue::read_overdue_requests),
        Operation::ReadProjections => route.to(read_projections),
        Operation::RebuildProjection => route.to(rebuild_projection),
        Operation::VerifyProjection => route.to(verify_projection),
        Operation::RollBackProjection => route.to(builds::roll_back),
        Operation::DropBuild => route.to(builds::drop_one),
        Operation::ReadProjectionAudit => route.to(read_audit),
        Operation::ReadOperations => route.to(operations::read_operations),
        Operation::ReadOperation => route.to(operations::read_operation),
        Operation::CancelOperation => route.to(operations::cancel_operation),
        Operation::ReadParked => route.to(parked::read_parked),
        Operation::RetryParked => route.to(parked::retry),
        Operation::ReadSafeContactPlan => route.to(read_safe_contact_plan),
        Operation::ReadRiskAssessments => route.to(read_risk_assessments),
        Operation::ReadRiskDisagreement => route.to(risk_disagreement::read_risk_disagreement),
        Operation::ReadInstruments => route.to(instruments::read_instruments),
        Operation::ReadInstrument => route.to(instruments::read_instrument),
        Operation::ReadRiskTrajectory => route.to(read_risk_trajectory),
        Operation::ReadContactOverrides => route.to(contact_overrides::read_contact_overrides),
        Operation::ReadWorkload => route.to(workload::read_workload),
        Operation::ReadRiskTrajectories => route.to(risk_trajectory::read_risk_trajectories),
    }
}
