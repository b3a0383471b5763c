//! An independent answer to every question at two dates: a plain fold over what was posted, written
//! from the sentences of ADR 0002 and of the rules, and using nothing of the product.

mod agency_response;
mod caseload;
mod days;
mod definition;
mod outcomes;
mod referral_pipeline;
mod reviews;
mod risk;
mod risk_disagreement;
mod risk_trajectory;
mod safe_contact;
mod state;
mod timeline;
mod workload;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(crate) use agency_response::{agency_response, overdue_requests};
pub(crate) use caseload::caseload;
pub(crate) use definition::{own_definitions, versions_at};
pub(crate) use outcomes::outcomes;
pub(crate) use referral_pipeline::referral_pipeline;
pub(crate) use risk_disagreement::{case_assessments, disagreements};
pub(crate) use risk_trajectory::{case_trajectory, trajectories};
pub(crate) use safe_contact::{overrides, safe_contact};
pub(crate) use state::case;
pub(crate) use timeline::timeline;
pub(crate) use workload::workload;

/// One event as the client posted it, with what it was told and when it had the answer.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) case: String,
    pub(crate) event_id: String,
    pub(crate) version: i64,
    pub(crate) position: i64,
    pub(crate) kind: &'static str,
    /// When it happened: of an amendment, when it was made.
    pub(crate) at: Timestamp,
    pub(crate) precision: String,
    /// The coded facts; of a correction, those it puts in place.
    pub(crate) data: Value,
    pub(crate) narrative: Option<Value>,
    /// What it corrects or retracts, and when that fact happened by a correction.
    pub(crate) amends: Option<Amends>,
    /// When the answer was there: known from then on, and not before it was sent.
    pub(crate) noted: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Amends {
    pub(crate) event_id: String,
    /// What kind of fact that is.
    pub(crate) kind: &'static str,
    /// The time and its precision that a correction puts in place; none for a retraction.
    pub(crate) corrected: Option<(Timestamp, String)>,
}

/// The dates asked about, and whether corrections are looked through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) as_of: Timestamp,
    pub(crate) known_at: Timestamp,
    pub(crate) effective: bool,
}

impl Asked {
    fn echo(&self) -> Map<String, Value> {
        let reading = if self.effective { "effective" } else { "recorded" };
        let echo = json!({
            "as_of": self.as_of.to_string(), "known_at": self.known_at.to_string(),
            "reading": reading,
        });
        echo.as_object().unwrap().clone()
    }
}

/// One event in view.
#[derive(Debug, Clone)]
struct Entry<'a> {
    posted: &'a Posted,
    at: Timestamp,
    precision: &'a str,
    data: &'a Value,
    /// A correction has the words too, whole.
    narrative: Option<&'a Value>,
    corrected_by: Option<&'a Posted>,
    retracted_by: Option<&'a str>,
}

/// What one case's log held by `known_at`.
fn known<'a>(log: &'a [Posted], case: &str, asked: &Asked) -> Vec<&'a Posted> {
    log.iter().filter(|e| e.case == case && e.noted <= asked.known_at).collect()
}

/// Keep what was recorded by `known_at`; let the latest amendment of each fact win; keep what
/// happened by `as_of`; order by time and position. As recorded: no amendment is looked through, and
/// the order is that of recording.
fn entries<'a>(log: &'a [Posted], case: &str, asked: &Asked) -> Vec<Entry<'a>> {
    let known = known(log, case, asked);
    let mut entries = Vec::new();
    for posted in &known {
        if asked.effective && posted.amends.is_some() {
            continue;
        }
        let is_about =
            |e: &&&Posted| e.amends.as_ref().is_some_and(|a| a.event_id == posted.event_id);
        let latest = known.iter().rev().find(is_about).copied();
        let correction = latest.and_then(|e| e.amends.as_ref()?.corrected.as_ref().map(|c| (e, c)));
        let mut entry = Entry {
            posted,
            at: posted.at,
            precision: &posted.precision,
            data: &posted.data,
            narrative: posted.narrative.as_ref(),
            corrected_by: correction.map(|(e, _)| e),
            retracted_by: latest.filter(|_| correction.is_none()).map(|e| e.event_id.as_str()),
        };
        if let (true, Some((correction, (at, precision)))) = (asked.effective, correction) {
            (entry.at, entry.precision, entry.data) = (*at, precision, &correction.data);
            entry.narrative = correction.narrative.as_ref();
        }
        entries.push(entry);
    }
    entries.retain(|entry| entry.at <= asked.as_of);
    if asked.effective {
        entries.sort_by_key(|entry| (entry.at, entry.posted.position));
    }
    entries
}

/// The entries that count: a fact taken back does not, unless read as recorded.
fn facts<'a>(log: &'a [Posted], case: &str, asked: &Asked) -> Vec<Entry<'a>> {
    let mut facts = entries(log, case, asked);
    facts.retain(|entry| !asked.effective || entry.retracted_by.is_none());
    facts
}

/// The cases of a log, in the order of their ids.
fn cases(log: &[Posted]) -> std::collections::BTreeSet<&str> {
    log.iter().map(|posted| posted.case.as_str()).collect()
}
