//! Workloads of the months of 2024, at two dates: the caseload at the end of each, and the contacts.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::state::State;
use super::{Asked, Entry, Posted, cases, facts};

/// What `GET /v1/workload?step=month` answers from January to December 2024, read through corrections.
pub(crate) fn workload(log: &[Posted], asked: &Asked) -> Value {
    assert!(asked.effective, "facts are walked through in the order of time");
    let cases: Vec<Vec<Entry<'_>>> =
        cases(log).into_iter().map(|case| facts(log, case, asked)).collect();
    let months = months(asked);
    let workers: BTreeSet<&str> =
        cases.iter().flatten().filter_map(|fact| fact.data.get("worker")?.as_str()).collect();
    let load_of = |worker| months.iter().map(|month| load(&cases, worker, month)).collect();
    let mut rows = Vec::new();
    for worker in workers {
        let loads: Vec<Map<String, Value>> = load_of(Some(worker));
        if loads.iter().any(|load| load["cases"] != 0 || load["attempts"] != 0) {
            rows.push(json!({"worker": worker, "loads": loads}));
        }
    }
    let of_nobody: Vec<Map<String, Value>> = load_of(None);
    let totals: Vec<Value> =
        of_nobody.iter().enumerate().map(|(n, of_nobody)| total(&rows, n, of_nobody)).collect();
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

fn state(facts: &[Entry<'_>], at: Timestamp) -> State {
    let mut state = State::default();
    for fact in facts.iter().take_while(|fact| fact.at <= at) {
        state.take(fact);
    }
    state
}

/// One month of one worker, or of nobody.
fn load(cases: &[Vec<Entry<'_>>], worker: Option<&str>, month: &Month) -> Map<String, Value> {
    let (mut on, mut dormant, mut high, mut attempts, mut reached) = (0, 0, 0, 0, 0);
    let is_theirs = |state: &State| state.worker.as_ref().and_then(Value::as_str) == worker;
    for facts in cases {
        let then = state(facts, month.at);
        if then.referral.is_some() && then.status == "open" && is_theirs(&then) {
            on += 1;
            dormant += i32::from(then.dormant_from().is_some_and(|from| month.at >= from));
            high += i32::from(then.risk().is_some_and(|risk| risk["level"] == "high"));
        }
        let is_in_month = |fact: &&Entry<'_>| fact.at >= month.from && fact.at < month.until;
        let contacts = facts.iter().filter(|fact| fact.posted.kind == "ContactAttempted");
        for contact in contacts.filter(is_in_month) {
            if is_theirs(&state(facts, contact.at)) {
                attempts += 1;
                reached += i32::from(contact.data["outcome"] == "reached");
            }
        }
    }
    let load = json!({
        "cases": on, "active": on - dormant, "dormant": dormant, "high_risk": high,
        "attempts": attempts, "reached": reached,
    });
    load.as_object().unwrap().clone()
}

fn total(rows: &[Value], n: usize, of_nobody: &Map<String, Value>) -> Value {
    let loads: Vec<&Value> = rows.iter().map(|row| &row["loads"][n]).collect();
    let sum = |name: &str| loads.iter().map(|load| load[name].as_u64().unwrap()).sum::<u64>();
    json!({
        "workers": loads.iter().filter(|load| load["cases"] != 0).count(),
        "cases": sum("cases"), "active": sum("active"), "dormant": sum("dormant"),
        "high_risk": sum("high_risk"), "attempts": sum("attempts"), "reached": sum("reached"),
        "attempts_of_nobody": of_nobody["attempts"], "reached_of_nobody": of_nobody["reached"],
    })
}
