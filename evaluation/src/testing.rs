//! Short ways to write histories in tests, here and in the crates above.

#![expect(missing_docs, reason = "each says in its name what it makes")]
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "for tests"
)]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use throughline_domain::case::CaseEvent;
use throughline_domain::case::amend_fact::{FactCorrected, FactRetracted};
use throughline_domain::ids::{CaseId, EventId, Position, Version};
use throughline_domain::recorded::Recorded;
use throughline_domain::time::Occurred;
use uuid::Uuid;

pub fn t(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Midnight of a day.
pub fn day(date: &str) -> Timestamp {
    t(&format!("{date}T00:00:00Z"))
}

pub fn case(n: u128) -> CaseId {
    CaseId(Uuid::from_u128(n))
}

/// The id of the n-th event of a history, from 1.
pub fn event_id(n: u128) -> EventId {
    EventId(Uuid::from_u128(n))
}

/// A fact and the day on which it happened.
pub type Fact = (CaseEvent, Timestamp);

/// A history recorded at the times when it happened or, for a late fact, just after the one before.
pub fn history(facts: impl IntoIterator<Item = Fact>) -> Vec<Recorded<CaseEvent>> {
    let mut recorded_at = Timestamp::MIN;
    facts
        .into_iter()
        .zip(1_i32..)
        .map(|((event, at), n)| {
            recorded_at =
                at.max(recorded_at.saturating_add(SignedDuration::from_micros(1)).unwrap());
            Recorded {
                position: Position(i64::from(n)),
                version: Version(n),
                recorded_at,
                event_id: event_id(u128::from(n.unsigned_abs())),
                occurred: Occurred::at(at),
                event,
            }
        })
        .collect()
}

pub fn fact(event_type: &str, facts: &Value, date: &str) -> Fact {
    let event = CaseEvent::from_stored(event_type, 1, &facts.to_string()).unwrap();
    (event, day(date))
}

/// A case of a programme, taken on and given to `w1`, all on one day.
pub fn opened(programme: &str, date: &str) -> Vec<Fact> {
    vec![
        referred(programme, date),
        fact("ReferralAccepted", &json!({}), date),
        allocated("w1", date),
    ]
}

pub fn referred(programme: &str, date: &str) -> Fact {
    let facts = json!({
        "person_id": Uuid::from_u128(7), "programme": programme, "programme_version": 1,
        "role": "victim_survivor", "area": "south", "source": "police",
    });
    fact("ReferralReceived", &facts, date)
}

pub fn allocated(worker: &str, date: &str) -> Fact {
    fact("CaseAllocated", &json!({"worker": worker}), date)
}

pub fn attempted(outcome: &str, date: &str) -> Fact {
    let facts = json!({"channel": "phone", "outcome": outcome});
    fact("ContactAttempted", &facts, date)
}

pub fn assessed(level: &str, stage: Option<&str>, date: &str) -> Fact {
    let mut facts = json!({
        "instrument": "dash-safelives/2009", "level": level, "assessor_role": "idva",
    });
    if let Some(stage) = stage {
        facts["stage"] = json!(stage);
    }
    fact("RiskAssessed", &facts, date)
}

pub fn measured(stage: &str, values: &Value, date: &str) -> Fact {
    let facts = json!({"instrument": "abuse-severity/1", "stage": stage, "values": values});
    fact("MeasureRecorded", &facts, date)
}

pub fn closed(date: &str) -> Fact {
    fact("CaseClosed", &json!({"reason": "goals_met"}), date)
}

pub fn reopened(date: &str) -> Fact {
    fact("CaseReopened", &json!({}), date)
}

/// A correction of the n-th event, recorded on `date`.
pub fn corrected(n: u128, (replacement, at): Fact, date: &str) -> Fact {
    let correction = FactCorrected {
        corrects: event_id(n),
        occurred: Occurred::at(at),
        replacement: Box::new(replacement),
    };
    (CaseEvent::FactCorrected(correction), day(date))
}

/// A retraction of the n-th event, recorded on `date`.
pub fn retracted(n: u128, date: &str) -> Fact {
    let retraction = FactRetracted { retracts: event_id(n) };
    (CaseEvent::FactRetracted(retraction), day(date))
}
