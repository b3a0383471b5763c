//! The commands that clients send, without the time at which their facts happened.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::random::Random;

/// A command that is about to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) path: String,
    pub(crate) event_type: &'static str,
    pub(crate) body: Value,
    /// The member that says when the fact happened.
    pub(crate) time: &'static str,
    pub(crate) if_match: Option<i32>,
}

impl Command {
    fn on(case: Uuid, path: &str, event_type: &'static str, body: Value) -> Self {
        let path = format!("/v1/cases/{case}/{path}");
        Self { path, event_type, body, time: "occurred_at", if_match: None }
    }

    fn step(self, version: i32) -> Self {
        Self { if_match: Some(version), ..self }
    }
}

/// Of somebody who is known, or of a new person.
pub(crate) fn referral(person: Option<Uuid>) -> Command {
    let person = match person {
        Some(id) => json!({"person_id": id}),
        None => json!({"given_name": "Ada", "family_name": "Example"}),
    };
    let body = json!({
        "programme": "mrp", "role": "victim_survivor", "area": "city", "source": "police",
        "person": person, "narrative": "said that nothing was to be lost",
    });
    Command {
        path: "/v1/referrals".to_owned(),
        event_type: "ReferralReceived",
        body,
        time: "received_at",
        if_match: None,
    }
}

pub(crate) fn acceptance(case: Uuid, version: i32) -> Command {
    Command::on(case, "acceptance", "ReferralAccepted", json!({})).step(version)
}

pub(crate) fn allocation(case: Uuid, version: i32, worker: &str) -> Command {
    Command::on(case, "allocations", "CaseAllocated", json!({"worker": worker})).step(version)
}

pub(crate) fn closure(case: Uuid, version: i32) -> Command {
    Command::on(case, "closure", "CaseClosed", json!({"reason": "goals_met"})).step(version)
}

pub(crate) fn reopening(case: Uuid, version: i32) -> Command {
    Command::on(case, "reopening", "CaseReopened", json!({})).step(version)
}

pub(crate) fn attempt(case: Uuid, random: &mut Random) -> Command {
    let outcome = random.pick(&["reached", "no_answer"]);
    let body = json!({
        "channel": "phone", "outcome": outcome, "duration_min": random.between(1..=90),
        "narrative": "rang twice",
    });
    Command::on(case, "contact-attempts", "ContactAttempted", body)
}

pub(crate) fn assessment(case: Uuid, random: &mut Random) -> Command {
    let level = random.pick(&["standard", "medium", "high"]);
    let body = json!({
        "instrument": "dash-safelives/2009", "level": level, "assessor_role": "dva_worker",
    });
    Command::on(case, "risk-assessments", "RiskAssessed", body)
}

pub(crate) fn information_request(case: Uuid) -> Command {
    let body = json!({"agency": "police"});
    Command::on(case, "information-requests", "InformationRequested", body)
}

pub(crate) fn correction(case: Uuid, event: Uuid, random: &mut Random) -> Command {
    let replacement = json!({"duration_min": random.between(1..=90)});
    let body = json!({"reason": "was read wrongly", "replacement": replacement});
    Command::on(case, &format!("events/{event}/correction"), "FactCorrected", body)
}

pub(crate) fn retraction(case: Uuid, event: Uuid) -> Command {
    let body = json!({"reason": "was somebody else"});
    Command::on(case, &format!("events/{event}/retraction"), "FactRetracted", body)
}
