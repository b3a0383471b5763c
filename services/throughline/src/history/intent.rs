//! From an event back to its command: a history is recorded by the commands of the service.

use throughline_domain::case as c;
use throughline_domain::case::amend_fact::{CorrectFact, RetractFact};
use throughline_domain::case::record_risk_assessment::{RecordRiskAssessment, RiskAssessed};
use throughline_domain::case::request_information::{FollowRequestUp, RequestInformation};
use throughline_domain::case::{CaseEvent, Intent};

/// The command that records what an event says.
pub(super) fn intent_of(event: CaseEvent) -> Intent {
    match event {
        CaseEvent::ReferralReceived(f) => c::receive_referral::ReceiveReferral(f).into(),
        CaseEvent::ReferralAccepted(f) => c::accept_referral::AcceptReferral(f).into(),
        CaseEvent::ReferralDeclined(f) => c::decline_referral::DeclineReferral(f).into(),
        CaseEvent::ReferralWaitlisted(f) => c::waitlist_referral::WaitlistReferral(f).into(),
        CaseEvent::CaseAllocated(f) => c::allocate_case::AllocateCase(f).into(),
        CaseEvent::ContactAttempted(f) => c::record_contact_attempt::RecordContactAttempt(f).into(),
        CaseEvent::RiskAssessed(f) => assessed_again(f).into(),
        CaseEvent::AgencyActionRecorded(f) => c::record_agency_action::RecordAgencyAction(f).into(),
        CaseEvent::MeasureRecorded(f) => c::record_measure::RecordMeasure(f).into(),
        CaseEvent::NeedIdentified(f) => c::identify_need::IdentifyNeed(f).into(),
        CaseEvent::SupportProvided(f) => c::provide_support::ProvideSupport(f).into(),
        CaseEvent::IncidentReported(f) => c::report_incident::ReportIncident(f).into(),
        CaseEvent::MultiAgencyReferralMade(f) => {
            c::refer_to_multi_agency_forum::ReferToMultiAgencyForum(f).into()
        }
        CaseEvent::ProtectiveOrderRecorded(f) => {
            c::record_protective_order::RecordProtectiveOrder(f).into()
        }
        CaseEvent::ChildProtectionStatusChanged(f) => {
            c::change_child_protection_status::ChangeChildProtectionStatus(f).into()
        }
        CaseEvent::InformationRequested(f) => RequestInformation(f).into(),
        CaseEvent::InformationChased(f) => FollowRequestUp::Chase(f).into(),
        CaseEvent::InformationEscalated(f) => FollowRequestUp::Escalate(f).into(),
        CaseEvent::InformationReceived(f) => FollowRequestUp::Receive(f).into(),
        CaseEvent::InformationRefused(f) => FollowRequestUp::Refuse(f).into(),
        CaseEvent::CaseHandedOver(f) => c::hand_over_case::HandOverCase(f).into(),
        CaseEvent::CaseTransferred(f) => c::transfer_case::TransferCase(f).into(),
        CaseEvent::ArmAllocated(f) => c::allocate_arm::AllocateArm(f).into(),
        CaseEvent::SafeContactPlanSet(f) => c::set_safe_contact_plan::SetSafeContactPlan(f).into(),
        CaseEvent::ContactHeld(f) => c::hold_contact::HoldContact(f).into(),
        CaseEvent::ContactHoldLifted(f) => c::hold_contact::LiftContactHold(f).into(),
        CaseEvent::NeedResolved(f) => c::resolve_need::ResolveNeed(f).into(),
        CaseEvent::PlacementChanged(f) => c::change_placement::ChangePlacement(f).into(),
        CaseEvent::ReviewCompleted(f) => c::complete_review::CompleteReview(f).into(),
        CaseEvent::ClosureProposed(f) => c::propose_closure::ProposeClosure(f).into(),
        CaseEvent::ClosureRefused(f) => c::propose_closure::RefuseClosure(f).into(),
        CaseEvent::LinkedInformationReceived(f) => {
            c::receive_linked_information::ReceiveLinkedInformation(f).into()
        }
        CaseEvent::CaseClosed(f) => c::close_case::CloseCase(f).into(),
        CaseEvent::CaseReopened(f) => c::reopen_case::ReopenCase(f).into(),
        CaseEvent::FactCorrected(f) => CorrectFact(f).into(),
        CaseEvent::FactRetracted(f) => RetractFact(f).into(),
    }
}

fn assessed_again(facts: RiskAssessed) -> RecordRiskAssessment {
    RecordRiskAssessment {
        instrument: facts.instrument,
        answers: facts.answers,
        judgement_level: facts.judgement_level,
        level: Some(facts.level),
        assessor_role: facts.assessor_role,
        source_organisation: facts.source_organisation,
        own_view: facts.own_view,
        stage: facts.stage,
    }
}
