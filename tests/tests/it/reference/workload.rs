//! Workloads of the months of 2024, at two dates: the caseload at the end of each, and the contacts.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::state::State;
use super::{Asked, Posted, cases, facts};

/// What `GET /v1/workload?step=month` answers from January to December 2024, where nobody works for
/// another programme.
pub(crate) fn workload(log: &[Posted], asked: &Asked) -> Value {
    let months = months(asked);
    let workers: BTreeSet<String> = log
        .iter()
        .filter(|posted| posted.kind == "CaseAllocated" || posted.amends.is_some())
        .filter_map(|posted| Some(posted.data.get("worker")?.as_str()?.to_owned()))
        .collect();
    let mut rows = Vec::new();
    for worker in workers {
        let loads: Vec<Value> =
            months.iter().map(|m| Value::Object(load(log, Some(&worker), m, asked))).collect();
        let is_seen = |load: &Value| load["cases"] != 0 || load["attempts"] != 0;
        if loads.iter().any(is_seen) {
            rows.push(json!({"worker": worker, "loads": loads}));
        }
    }
    let totals: Vec<Value> =
        (0..months.len()).map(|n| total(log, &rows, n, &months[n], asked)).collect();
    let step = |month: &Month| {
        json!({
            "from": month.from.to_string(), "until": month.until.to_string(),
            "at": month.at.to_string(),
        })
    };
    let mut answer = json!({
        "step": "month", "steps": months.iter().map(step).collect::<Vec<_>>(),
        "workers": rows, "totals": totals,
        "rules": {"workload": "workload/1", "dormant": "dormant/1"},
    });
    answer.as_object_mut().unwrap().extend(asked.echo());
    answer
}

struct Month {
    from: Timestamp,
    until: Timestamp,
    at: Timestamp,
}

fn months(asked: &Asked) -> Vec<Month> {
    let first = |month: usize| -> Timestamp {
        let (year, month) = (2024 + month / 12, month % 12 + 1);
        format!("{year}-{month:02}-01T00:00:00Z").parse().unwrap()
    };
    let month = |n: usize| {
        let (from, until) = (first(n), first(n + 1));
        Month { from, until, at: asked.as_of.min(until - SignedDuration::from_micros(1)) }
    };
    (0..12).map(month).filter(|month| month.from <= asked.as_of).collect()
}

fn load(log: &[Posted], worker: Option<&str>, month: &Month, asked: &Asked) -> Map<String, Value> {
    let then = Asked { as_of: month.at, ..*asked };
    let (mut on, mut dormant, mut high, mut attempts, mut reached) = (0, 0, 0, 0, 0);
    let is_theirs = |state: &State| state.worker.as_ref().and_then(Value::as_str) == worker;
    for case in cases(log) {
        let state = State::at(log, case, &then);
        if state.referral.is_some() && state.status == "open" && is_theirs(&state) {
            on += 1;
            dormant += i32::from(state.dormant_from().is_some_and(|from| month.at >= from));
            high += i32::from(state.risk.is_some_and(|risk| risk["level"] == "high"));
        }
        for fact in facts(log, case, asked) {
            if fact.posted.kind != "ContactAttempted"
                || fact.at < month.from
                || fact.at >= month.until
            {
                continue;
            }
            if is_theirs(&State::at(log, case, &Asked { as_of: fact.at, ..*asked })) {
                attempts += 1;
                reached += i32::from(fact.data["outcome"] == "reached");
            }
        }
    }
    let load = json!({
        "cases": on, "active": on - dormant, "dormant": dormant, "high_risk": high,
        "attempts": attempts, "reached": reached,
    });
    load.as_object().unwrap().clone()
}

fn total(log: &[Posted], rows: &[Value], n: usize, month: &Month, asked: &Asked) -> Value {
    let of_nobody = load(log, None, month, asked);
    let loads: Vec<&Value> = rows.iter().map(|row| &row["loads"][n]).collect();
    let sum = |name: &str| loads.iter().map(|load| load[name].as_u64().unwrap()).sum::<u64>();
    json!({
        "workers": loads.iter().filter(|load| load["cases"] != 0).count(),
        "cases": sum("cases"), "active": sum("active"), "dormant": sum("dormant"),
        "high_risk": sum("high_risk"), "attempts": sum("attempts"), "reached": sum("reached"),
        "attempts_of_nobody": of_nobody["attempts"], "reached_of_nobody": of_nobody["reached"],
    })
}
