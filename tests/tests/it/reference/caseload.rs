//! Open cases at two dates: one worker's, or everybody's.

use serde_json::{Value, json};

use super::state::State;
use super::{Asked, Posted, cases};

/// What `GET /v1/caseloads` and `/v1/caseloads/{worker}` answer.
pub(crate) fn caseload(log: &[Posted], worker: Option<&str>, asked: &Asked) -> Value {
    let states = cases(log).into_iter().map(|case| (case, State::at(log, case, asked)));
    let is_on_it = |state: &State| {
        let is_theirs = worker.is_none_or(|w| state.worker.as_ref().is_some_and(|of| of == w));
        state.referral.is_some() && state.status == "open" && is_theirs
    };
    let rows: Vec<Value> =
        states.filter(|(_, state)| is_on_it(state)).map(|(case, s)| row(case, &s, asked)).collect();
    let count = |is: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| is(row)).count();
    let totals = json!({
        "open": rows.len(),
        "dormant": count(&|row| row["dormant"] == true),
        "high_risk": count(&|row| row["risk_level"] == "high"),
        "reviews_overdue": count(&|row| row["review_overdue"] == true),
    });
    let mut answer = json!({
        "cases": rows, "totals": totals,
        "rules": {"dormant": "dormant/1", "review_due": "review-due/2"},
    });
    let members = answer.as_object_mut().unwrap();
    members.extend(asked.echo());
    members.extend(worker.map(|worker| ("worker".to_owned(), json!(worker))));
    answer
}

fn row(case: &str, state: &State, asked: &Asked) -> Value {
    let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    let (referral, _) = state.referral.as_ref().unwrap();
    let risk = |member: &str| state.risk().map(|risk| risk[member].clone());
    json!({
        "case_id": case, "programme": referral["programme"], "role": referral["role"],
        "area": state.area, "status": state.status, "episode": state.episodes.len(),
        "opened_at": text(state.episodes.last().copied()),
        "worker": state.worker, "team": state.team,
        "risk_level": risk("level"), "risk_assessed_at": risk("assessed_at"),
        "risk_rule": risk("rule"),
        "attempts": state.attempts, "reached": state.reached,
        "last_attempt_at": text(state.last_attempt_at),
        "last_reached_at": text(state.last_reached_at),
        "dormant": state.dormant_from().is_some_and(|from| asked.as_of >= from),
        "review_due": text(state.review_due()),
        "review_overdue": state.review_due().is_some_and(|due| asked.as_of > due),
        "open_information_requests": state.requests.len(),
    })
}
