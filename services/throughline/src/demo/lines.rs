//! Lines of history in the making: told case by case, put in the order of recording at the end.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use throughline_domain::time::Precision;
use uuid::Uuid;

/// How long after a fact it was recorded.
const RECORDED_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// What lies at least between two recordings.
const INTERVAL: SignedDuration = SignedDuration::from_secs(1);

/// One fact of a case.
#[derive(Serialize)]
pub(super) struct Fact {
    pub(super) recorded_at: Timestamp,
    pub(super) case: Uuid,
    #[serde(rename = "type")]
    pub(super) event_type: String,
    pub(super) occurred_at: Timestamp,
    pub(super) precision: Precision,
    pub(super) event_id: Uuid,
    pub(super) actor: String,
    pub(super) actor_role: &'static str,
    pub(super) data: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) narrative: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<Value>,
}

impl Fact {
    /// The `place`-th fact of a case, recorded some days after it happened.
    pub(super) fn new(
        case: Uuid,
        place: usize,
        event_type: impl Into<String>,
        occurred_at: Timestamp,
        precision: Precision,
        data: Map<String, Value>,
    ) -> Self {
        Self {
            recorded_at: occurred_at + RECORDED_AFTER,
            case,
            event_type: event_type.into(),
            occurred_at,
            precision,
            event_id: Uuid::new_v5(&case, format!("fact/{place}").as_bytes()),
            actor: "demonstration".to_owned(),
            actor_role: "caseworker",
            data,
            narrative: None,
            identity: None,
        }
    }
}

/// Facts of many cases.
#[derive(Default)]
pub(super) struct Lines(Vec<Fact>);

impl Lines {
    /// Adds a fact. Those of a case come in the order of recording.
    pub(super) fn push(&mut self, fact: Fact) {
        self.0.push(fact);
    }

    /// The lines in the order of recording, at strictly rising times.
    pub(super) fn into_text(mut self) -> anyhow::Result<String> {
        self.0.sort_by_key(|fact| fact.recorded_at);
        let mut text = String::new();
        let mut earliest = Timestamp::MIN;
        for fact in &mut self.0 {
            fact.recorded_at = fact.recorded_at.max(earliest);
            earliest = fact.recorded_at + INTERVAL;
            text.push_str(&serde_json::to_string(fact)?);
            text.push('\n');
        }
        Ok(text)
    }
}
