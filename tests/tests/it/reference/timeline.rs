//! What happened in a case, at two dates, and the spans of time between.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Asked, Entry, Posted, entries, facts};

const BREAK_DAYS: i64 = 60;

/// What `GET /v1/cases/{id}/timeline` answers, apart from recording times; none for 404.
pub(crate) fn timeline(log: &[Posted], case: &str, asked: &Asked) -> Option<Value> {
    let entries: Vec<Value> = entries(log, case, asked).iter().map(entry).collect();
    if entries.is_empty() {
        return None;
    }
    let mut facts = facts(log, case, asked);
    facts.sort_by_key(|fact| (fact.at, fact.posted.position));
    let mut answer =
        json!({"case_id": case, "entries": entries, "periods": periods(&facts, asked.as_of)});
    answer.as_object_mut().unwrap().extend(asked.echo());
    Some(answer)
}

fn entry(entry: &Entry<'_>) -> Value {
    let mut shown = json!({
        "event_id": entry.posted.event_id, "type": entry.posted.kind,
        "occurred_at": entry.at.to_string(), "precision": entry.precision,
        "position": entry.posted.position, "data": data(entry),
    });
    let members = [
        ("narrative", entry.narrative.cloned()),
        ("corrected_by", entry.corrected_by.map(|e| json!(e.event_id))),
        ("retracted_by", entry.retracted_by.map(|id| json!(id))),
    ];
    let members = members.into_iter().filter_map(|(name, v)| Some((name.to_owned(), v?)));
    shown.as_object_mut().unwrap().extend(members);
    shown
}

/// An amendment, shown as an entry of its own, says what it puts in place of which fact.
fn data(entry: &Entry<'_>) -> Value {
    match &entry.posted.amends {
        None => entry.data.clone(),
        Some(amends) if amends.corrected.is_none() => json!({"retracts": amends.event_id}),
        Some(amends) => {
            let (at, precision) = amends.corrected.as_ref().unwrap();
            let mut occurred = json!({"at": at.to_string()});
            if precision != "instant" {
                occurred["precision"] = json!(precision);
            }
            let replacement = json!({"type": amends.kind, "data": entry.data});
            json!({
                "corrects": amends.event_id,
                "occurred": occurred,
                "replacement_version": 1,
                "replacement": replacement,
            })
        }
    }
}

/// One span: where it stands among those that begin together, and how it is shown.
type Span = (Timestamp, u8, Value);

fn span(kind: &str, from: Timestamp, to: Option<Timestamp>, value: &Value) -> Span {
    let order = ["episode", "worker", "risk_level", "contact_break"];
    let order = order.iter().position(|k| *k == kind).unwrap();
    let mut shown = json!({"kind": kind, "from": from.to_string(), "value": value});
    if let Some(to) = to {
        shown["to"] = json!(to.to_string());
    }
    if kind == "contact_break" {
        shown["rule"] = json!("contact-break/1");
    }
    (from, u8::try_from(order).unwrap(), shown)
}

fn periods(facts: &[Entry<'_>], as_of: Timestamp) -> Vec<Value> {
    let of = |kinds: &[&str]| -> Vec<&Entry<'_>> {
        facts.iter().filter(|fact| kinds.contains(&fact.posted.kind)).collect()
    };
    let starts = of(&["ReferralReceived", "CaseReopened"]);
    let ends = of(&["CaseClosed"]);
    let mut spans = Vec::new();
    let mut last_worker = None;
    for (n, start) in starts.iter().enumerate() {
        let end = ends.iter().map(|end| end.at).find(|end| *end >= start.at);
        spans.push(span("episode", start.at, end, &json!(n + 1)));
        let is_within = |fact: &&&Entry<'_>| {
            (fact.at, fact.posted.position) >= (start.at, start.posted.position)
                && end.is_none_or(|end| fact.at <= end)
        };
        // A reopened case is with its last worker until somebody else takes it.
        let kept = last_worker.clone().map(|worker| (start.at, worker));
        let allocations = of(&["CaseAllocated", "CaseHandedOver"]);
        let given = allocations.iter().filter(is_within);
        let workers: Vec<(Timestamp, Value)> =
            kept.into_iter().chain(given.map(|a| (a.at, a.data["worker"].clone()))).collect();
        for (n, (from, worker)) in workers.iter().enumerate() {
            let to = workers.get(n + 1).map(|(at, _)| *at).or(end);
            spans.push(span("worker", *from, to, worker));
            last_worker = Some(worker.clone());
        }
        spans.extend(breaks(start.at, end, as_of, &of(&["ContactAttempted"])));
    }
    let assessments = of(&["RiskAssessed"]);
    for (n, assessment) in assessments.iter().enumerate() {
        let to = assessments.get(n + 1).map(|next| next.at);
        spans.push(span("risk_level", assessment.at, to, &assessment.data["level"]));
    }
    spans.sort_by_key(|(from, order, _)| (*from, *order));
    spans.into_iter().map(|(_, _, shown)| shown).collect()
}

/// Stretches of an episode in which the person was not reached for more than sixty days.
fn breaks(
    start: Timestamp,
    end: Option<Timestamp>,
    as_of: Timestamp,
    attempts: &[&Entry<'_>],
) -> Vec<Span> {
    let reached = attempts.iter().filter(|a| a.data["outcome"] == "reached").map(|a| a.at);
    let mut marks = vec![start];
    marks.extend(reached.filter(|at| *at >= start && end.is_none_or(|end| *at <= end)));
    // The last stretch ends with its episode, or goes on at the date asked about.
    marks.push(end.unwrap_or(as_of));
    let last = marks.len() - 2;
    let gaps = marks.windows(2).enumerate().filter_map(|(n, pair)| {
        let length = pair[1].duration_since(pair[0]);
        let to = if n == last { end } else { Some(pair[1]) };
        let is_break = length > jiff::SignedDuration::from_hours(24 * BREAK_DAYS);
        is_break.then(|| span("contact_break", pair[0], to, &json!(length.as_hours() / 24)))
    });
    gaps.collect()
}
