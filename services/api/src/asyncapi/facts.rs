//! The form of each kind's facts: what the command's body says of them, without what is sealed or
//! stands in the envelope, and with what recording adds.

use serde_json::{Map, Value, json};
use throughline_domain::code_lists::RiskLevel;
use utoipa::PartialSchema;

use crate::cases::accept_referral::AcceptanceBody;
use crate::cases::allocate_case::AllocationBody;
use crate::cases::change_child_protection_status::ChildProtectionStatusBody;
use crate::cases::change_placement::PlacementBody;
use crate::cases::close_case::ClosureBody;
use crate::cases::complete_review::ReviewBody;
use crate::cases::decline_referral::DeclineBody;
use crate::cases::hand_over_case::{HandoverBody, PassedContactBody};
use crate::cases::identify_need::NeedBody;
use crate::cases::propose_closure::{ClosureProposalBody, ClosureRefusalBody};
use crate::cases::provide_support::SupportBody;
use crate::cases::receive_referral::ReferralFactsBody;
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
use crate::cases::transfer_case::TransferBody;
use crate::cases::waitlist_referral::WaitlistingBody;
use crate::feed::kind::Kind;
use crate::schema;

/// What a body has and the facts do not: the words are sealed, the times are the envelope's.
const NOT_FACTS: [&str; 3] = ["narrative", "occurred_at", "precision"];

/// The form of a kind's facts, as a JSON schema.
pub(super) fn schema(kind: Kind) -> Value {
    match kind {
        Kind::ReferralReceived => of::<ReferralFactsBody>()
            .with("person_id", uuid())
            .with("programme_version", json!({"type": "integer", "minimum": 0}))
            .with_optional("criteria_version", json!({"type": "integer", "minimum": 1}))
            .done(),
        Kind::ReferralAccepted => of::<AcceptanceBody>().done(),
        Kind::ReferralDeclined => of::<DeclineBody>().done(),
        Kind::ReferralWaitlisted => of::<WaitlistingBody>().done(),
        Kind::CaseAllocated => of::<AllocationBody>().done(),
        Kind::ContactAttempted => of::<ContactAttemptBody>().done(),
        Kind::RiskAssessed => of::<RiskAssessmentBody>()
            .with("level", json!(schema::code_list::<RiskLevel>()))
            .with_optional("yes_count", json!({"type": "integer", "minimum": 0}))
            .with_optional("could_reach_high", json!({"type": "boolean"}))
            .done(),
        Kind::AgencyActionRecorded => of::<AgencyActionBody>().done(),
        Kind::MeasureRecorded => of::<MeasureBody>().done(),
        Kind::NeedIdentified => of::<NeedBody>().done(),
        Kind::SupportProvided => of::<SupportBody>().done(),
        Kind::IncidentReported => of::<IncidentBody>().done(),
        Kind::MultiAgencyReferralMade => of::<MultiAgencyReferralBody>().done(),
        Kind::ProtectiveOrderRecorded => of::<OrderBody>().done(),
        Kind::ChildProtectionStatusChanged => of::<ChildProtectionStatusBody>().done(),
        Kind::InformationRequested => of::<InformationRequestBody>().done(),
        Kind::InformationChased => of::<ChaseBody>().with("request", uuid()).done(),
        Kind::InformationEscalated => of::<EscalationBody>().with("request", uuid()).done(),
        Kind::InformationReceived => of::<ResponseBody>().with("request", uuid()).done(),
        Kind::InformationRefused => of::<RefusalBody>().with("request", uuid()).done(),
        Kind::CaseHandedOver => of::<HandoverBody>()
            .with_optional(
                "contacts",
                json!({"type": "array", "items": of::<PassedContactBody>().done()}),
            )
            .done(),
        Kind::CaseTransferred => of::<TransferBody>().done(),
        Kind::ArmAllocated => Facts::default()
            .with("arm", json!(schema::code()))
            .with("method", json!(schema::code()))
            .with_optional("schedule", uuid())
            .with_optional("sequence", json!({"type": "integer", "minimum": 1}))
            .with_optional("block", json!({"type": "integer", "minimum": 1}))
            .with_optional("seed", json!(schema::code()))
            .done(),
        Kind::NeedResolved => of::<ResolutionBody>().with("need", uuid()).done(),
        Kind::PlacementChanged => of::<PlacementBody>().done(),
        Kind::ReviewCompleted => of::<ReviewBody>().done(),
        Kind::ClosureProposed => of::<ClosureProposalBody>().done(),
        Kind::ClosureRefused => of::<ClosureRefusalBody>().with("proposal", uuid()).done(),
        Kind::CaseClosed => of::<ClosureBody>().done(),
        Kind::CaseReopened => of::<ReopeningBody>().done(),
        Kind::FactCorrected => Facts::default()
            .with("corrects", uuid())
            .with("occurred", occurred())
            .with("replacement_version", json!({"type": "integer", "minimum": 1}))
            .with("replacement", replacement())
            .done(),
        Kind::FactRetracted => Facts::default().with("retracts", uuid()).done(),
        Kind::SubjectErased => {
            Facts::default().with("cases", json!({"type": "array", "items": uuid()})).done()
        }
    }
}

#[derive(Default)]
struct Facts {
    properties: Map<String, Value>,
    required: Vec<String>,
}

fn of<B: PartialSchema>() -> Facts {
    let body = serde_json::to_value(B::schema()).unwrap_or_default();
    let mut facts = Facts::default();
    if let Some(Value::Object(properties)) = body.get("properties") {
        facts.properties.clone_from(properties);
    }
    for name in NOT_FACTS {
        facts.properties.remove(name);
    }
    let required = body.get("required").and_then(Value::as_array).into_iter().flatten();
    let required = required.filter_map(Value::as_str).filter(|name| !NOT_FACTS.contains(name));
    facts.required = required.map(str::to_owned).collect();
    facts
}

impl Facts {
    fn with(mut self, name: &str, schema: Value) -> Self {
        self.required.push(name.to_owned());
        self.with_optional(name, schema)
    }

    fn with_optional(mut self, name: &str, schema: Value) -> Self {
        self.properties.insert(name.to_owned(), schema);
        self
    }

    fn done(self) -> Value {
        json!({"type": "object", "properties": self.properties, "required": self.required})
    }
}

fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn occurred() -> Value {
    let at = json!({"type": "string", "format": "date-time"});
    Facts::default().with("at", at).with_optional("precision", json!(schema::precision())).done()
}

/// The fact as it should have been recorded: of one of the other kinds, in the form of its facts.
fn replacement() -> Value {
    Facts::default()
        .with("type", json!({"type": "string"}))
        .with("data", json!({"type": "object"}))
        .done()
}
