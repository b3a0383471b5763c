//! What a correction puts in place of a fact: the fact as it now stands, with the members that the
//! caller gives, read by the very body that records such a fact.

use serde_json::{Map, Value};
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::EventId;
use throughline_domain::time::Occurred;

use crate::body;
use crate::cases::accept_referral::AcceptanceBody;
use crate::cases::allocate_case::AllocationBody;
use crate::cases::change_child_protection_status::ChildProtectionStatusBody;
use crate::cases::change_placement::PlacementBody;
use crate::cases::close_case::ClosureBody;
use crate::cases::command::{CommandBody, now};
use crate::cases::complete_review::ReviewBody;
use crate::cases::decline_referral::DeclineBody;
use crate::cases::hand_over_case::HandoverBody;
use crate::cases::hold_contact::{ContactHoldBody, LiftingBody};
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
use crate::cases::sealed_words::Words;
use crate::cases::set_safe_contact_plan::SafeContactPlanBody;
use crate::cases::transfer_case::TransferBody;
use crate::cases::waitlist_referral::WaitlistingBody;
use crate::problem::{self, FieldError, Problem};
use crate::refusal;

/// A fact as a correction says it was.
pub struct Replacement {
    /// What happened.
    pub event: CaseEvent,
    /// When it happened.
    pub occurred: Occurred,
    /// What happened, in words, where the correction gives some.
    pub narrative: Option<Words>,
}

/// Builds the replacement of a fact from the members that the caller gives.
///
/// # Errors
/// [`problem::INVALID`] with pointers into the patch, or the refusal of facts that contradict
/// themselves.
pub fn build(
    event: &CaseEvent,
    occurred: Occurred,
    patch: Map<String, Value>,
) -> Result<Replacement, Problem> {
    match event {
        CaseEvent::ReferralReceived(facts) => {
            let person = EventId(facts.person_id.0);
            let patch = referral_patch(patch)?;
            from_body::<ReferralFactsBody>(event, occurred, patch, Some(person))
        }
        CaseEvent::ReferralAccepted(_) => plain::<AcceptanceBody>(event, occurred, patch),
        CaseEvent::ReferralDeclined(_) => plain::<DeclineBody>(event, occurred, patch),
        CaseEvent::ReferralWaitlisted(_) => plain::<WaitlistingBody>(event, occurred, patch),
        CaseEvent::CaseAllocated(_) => plain::<AllocationBody>(event, occurred, patch),
        CaseEvent::ContactAttempted(_) => plain::<ContactAttemptBody>(event, occurred, patch),
        CaseEvent::RiskAssessed(_) => plain::<RiskAssessmentBody>(event, occurred, patch),
        CaseEvent::AgencyActionRecorded(_) => plain::<AgencyActionBody>(event, occurred, patch),
        CaseEvent::MeasureRecorded(_) => plain::<MeasureBody>(event, occurred, patch),
        CaseEvent::NeedIdentified(_) => plain::<NeedBody>(event, occurred, patch),
        CaseEvent::SupportProvided(_) => plain::<SupportBody>(event, occurred, patch),
        CaseEvent::IncidentReported(_) => plain::<IncidentBody>(event, occurred, patch),
        CaseEvent::MultiAgencyReferralMade(_) => {
            plain::<MultiAgencyReferralBody>(event, occurred, patch)
        }
        CaseEvent::ProtectiveOrderRecorded(_) => plain::<OrderBody>(event, occurred, patch),
        CaseEvent::ChildProtectionStatusChanged(_) => {
            plain::<ChildProtectionStatusBody>(event, occurred, patch)
        }
        CaseEvent::InformationRequested(_) => {
            plain::<InformationRequestBody>(event, occurred, patch)
        }
        CaseEvent::InformationChased(facts) => {
            from_body::<ChaseBody>(event, occurred, patch, Some(facts.request))
        }
        CaseEvent::InformationEscalated(facts) => {
            from_body::<EscalationBody>(event, occurred, patch, Some(facts.request))
        }
        CaseEvent::InformationReceived(facts) => {
            from_body::<ResponseBody>(event, occurred, patch, Some(facts.request))
        }
        CaseEvent::InformationRefused(facts) => {
            from_body::<RefusalBody>(event, occurred, patch, Some(facts.request))
        }
        CaseEvent::CaseHandedOver(_) => plain::<HandoverBody>(event, occurred, patch),
        CaseEvent::CaseTransferred(_) => plain::<TransferBody>(event, occurred, patch),
        CaseEvent::ArmAllocated(_) => Err(Problem::new(problem::ARM_IS_FINAL)),
        CaseEvent::LinkedInformationReceived(_) => {
            Err(Problem::new(problem::LINKED_INFORMATION_IS_FINAL))
        }
        CaseEvent::SafeContactPlanSet(_) => plain::<SafeContactPlanBody>(event, occurred, patch),
        CaseEvent::ContactHeld(_) => plain::<ContactHoldBody>(event, occurred, patch),
        CaseEvent::ContactHoldLifted(facts) => {
            from_body::<LiftingBody>(event, occurred, patch, Some(facts.hold))
        }
        CaseEvent::NeedResolved(facts) => {
            from_body::<ResolutionBody>(event, occurred, patch, Some(facts.need))
        }
        CaseEvent::PlacementChanged(_) => plain::<PlacementBody>(event, occurred, patch),
        CaseEvent::ReviewCompleted(_) => plain::<ReviewBody>(event, occurred, patch),
        CaseEvent::ClosureProposed(_) => plain::<ClosureProposalBody>(event, occurred, patch),
        CaseEvent::ClosureRefused(facts) => {
            from_body::<ClosureRefusalBody>(event, occurred, patch, Some(facts.proposal))
        }
        CaseEvent::CaseClosed(_) => plain::<ClosureBody>(event, occurred, patch),
        CaseEvent::CaseReopened(_) => plain::<ReopeningBody>(event, occurred, patch),
        CaseEvent::FactCorrected(_) | CaseEvent::FactRetracted(_) => {
            Err(Problem::new(problem::NOT_A_FACT))
        }
    }
}

fn plain<B: CommandBody>(
    event: &CaseEvent,
    occurred: Occurred,
    patch: Map<String, Value>,
) -> Result<Replacement, Problem> {
    from_body::<B>(event, occurred, patch, None)
}

fn from_body<B: CommandBody>(
    event: &CaseEvent,
    occurred: Occurred,
    patch: Map<String, Value>,
    about: Option<EventId>,
) -> Result<Replacement, Problem> {
    let mut merged = present_body(event, occurred, &patch)?;
    merge(&mut merged, patch);
    let mut body: B = body::from_value(Value::Object(merged))?;
    let occurred = body.timing().occurred(now());
    let narrative = body.take_narrative();
    let event = body.into_intent(about).into_facts()?;
    event.check(occurred)?;
    Ok(Replacement { event, occurred, narrative })
}

/// The fact as it now stands, in the members of the body that records such a fact.
fn present_body(
    event: &CaseEvent,
    occurred: Occurred,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, Problem> {
    let data = event.to_data().map_err(|error| refusal::internal(&error))?;
    let mut body: Map<String, Value> =
        serde_json::from_str(&data).map_err(|error| refusal::internal(&error))?;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most facts are stored as their body gives them"
    )]
    match event {
        CaseEvent::RiskAssessed(_) => without_superseded_results(&mut body, patch),
        CaseEvent::ReferralReceived(_) => {
            for derived in ["person_id", "programme_version", "criteria_version"] {
                body.remove(derived);
            }
        }
        CaseEvent::InformationChased(_)
        | CaseEvent::InformationEscalated(_)
        | CaseEvent::InformationReceived(_)
        | CaseEvent::InformationRefused(_) => {
            body.remove("request");
        }
        CaseEvent::NeedResolved(_) => {
            body.remove("need");
        }
        CaseEvent::ContactHoldLifted(_) => {
            body.remove("hold");
        }
        CaseEvent::ClosureRefused(_) => {
            body.remove("proposal");
        }
        _ => {}
    }
    body.insert("occurred_at".to_owned(), occurred.at.to_string().into());
    body.insert("precision".to_owned(), occurred.precision.as_str().into());
    Ok(body)
}

/// Answers, judgement and level rest on one another. What is computed is computed again; an
/// assessment given whole, with its level and without answers, supersedes the answers. A level
/// given by itself does not: it must be the one that the answers lead to.
fn without_superseded_results(body: &mut Map<String, Value>, patch: &Map<String, Value>) {
    body.remove("yes_count");
    body.remove("could_reach_high");
    let gives = |member: &str| patch.get(member).is_some_and(|value| !value.is_null());
    let is_whole = gives("instrument") && gives("assessor_role");
    if is_whole && gives("level") && !gives("answers") {
        body.remove("answers");
        body.remove("judgement_level");
    } else if body.contains_key("answers") || gives("answers") || gives("judgement_level") {
        body.remove("level");
    }
}

/// A referral's time goes by the name `received_at`.
fn referral_patch(mut patch: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    let Some(received) = patch.remove("received_at") else {
        return Ok(patch);
    };
    if patch.get("occurred_at").is_some_and(|occurred| *occurred != received) {
        let error = FieldError::at("/occurred_at", "differs from received_at; give one of them");
        return Err(Problem::new(problem::INVALID).with(error));
    }
    patch.insert("occurred_at".to_owned(), received);
    Ok(patch)
}

/// JSON Merge Patch (RFC 7396) of objects.
fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (member, value) in patch {
        match value {
            Value::Null => {
                target.remove(&member);
            }
            Value::Object(inner) if !is_whole(&inner) => {
                let entry = target.entry(member).or_insert_with(|| Value::Object(Map::new()));
                if !entry.is_object() {
                    *entry = Value::Object(Map::new());
                }
                if let Value::Object(object) = entry {
                    merge(object, inner);
                }
            }
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                target.insert(member, value);
            }
        }
    }
}

/// A missing value (`{"missing": reason}`) is one value, not an object to merge into.
fn is_whole(object: &Map<String, Value>) -> bool {
    object.contains_key("missing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn assessed(data: &Value) -> CaseEvent {
        CaseEvent::from_stored("RiskAssessed", 1, &data.to_string()).unwrap()
    }

    fn occurred() -> Occurred {
        Occurred::at("2014-03-01T00:00:00Z".parse().unwrap())
    }

    fn replaced(event: &CaseEvent, patch: Value) -> Value {
        let Value::Object(patch) = patch else { panic!("a patch is an object") };
        let replacement = build(event, occurred(), patch).ok().unwrap();
        serde_json::from_str(&replacement.event.to_data().unwrap()).unwrap()
    }

    #[test]
    fn a_member_given_replaces_and_the_others_stay() {
        let fact = assessed(&json!({
            "instrument": "dash-safelives/2009", "level": "medium", "assessor_role": "idva",
            "stage": "intake"
        }));
        assert_eq!(
            replaced(&fact, json!({"level": "high", "stage": null})),
            json!({"instrument": "dash-safelives/2009", "level": "high", "assessor_role": "idva"})
        );
    }

    #[test]
    fn a_level_given_by_itself_must_follow_from_the_answers() {
        let fact = assessed(&json!({
            "instrument": "dash-safelives/2009", "answers": {"q1": "yes"}, "yes_count": 1,
            "level": "standard", "assessor_role": "idva"
        }));
        let Value::Object(patch) = json!({"level": "high"}) else { unreachable!() };
        let refused = build(&fact, occurred(), patch).err().unwrap();
        assert_eq!(refused.kind(), problem::LEVEL_CONTRADICTS_ANSWERS);
    }

    #[test]
    fn a_whole_assessment_without_answers_supersedes_them() {
        let fact = assessed(&json!({
            "instrument": "dash-safelives/2009", "answers": {"q1": "yes"}, "yes_count": 1,
            "level": "standard", "assessor_role": "idva"
        }));
        let replaced = replaced(
            &fact,
            json!({"instrument": "dash-safelives/2009", "assessor_role": "idva", "level": "high"}),
        );
        assert_eq!((replaced.get("answers"), &replaced["level"]), (None, &json!("high")));
    }

    #[test]
    fn new_answers_lead_to_a_new_level() {
        let fact = assessed(&json!({
            "instrument": "dash-safelives/2009", "level": "high", "assessor_role": "idva"
        }));
        let replaced = replaced(&fact, json!({"answers": {"q1": "yes", "q2": "no"}}));
        assert_eq!((&replaced["level"], &replaced["yes_count"]), (&json!("standard"), &json!(1)));
    }

    #[test]
    fn one_value_of_a_measure_is_replaced() {
        let data = json!({
            "instrument": "abuse-severity/1", "stage": "intake",
            "values": {"physical": "high", "sexual": {"missing": "not_asked"}}
        });
        let fact = CaseEvent::from_stored("MeasureRecorded", 1, &data.to_string()).unwrap();
        let replaced = replaced(&fact, json!({"values": {"physical": {"missing": "declined"}}}));
        assert_eq!(
            replaced["values"],
            json!({"physical": {"missing": "declined"}, "sexual": {"missing": "not_asked"}})
        );
    }
}
