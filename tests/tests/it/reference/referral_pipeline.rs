//! What became of the referrals, at two dates.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::days::{days_between, spread};
use super::{Asked, Posted, cases, facts};

/// One referral in view.
struct Referral {
    facts: Value,
    received_at: Timestamp,
    decision: &'static str,
    decided_at: Option<Timestamp>,
    attempts: Vec<(Timestamp, bool)>,
}

/// What `GET /v1/referral-pipeline` answers for the programme `mrp`, where nobody is declined.
pub(crate) fn referral_pipeline(log: &[Posted], asked: &Asked) -> Value {
    let referrals: Vec<Referral> =
        cases(log).into_iter().filter_map(|case| referral(log, case, asked)).collect();
    let all: Vec<&Referral> = referrals.iter().collect();
    let groups = |name: &str, of: &dyn Fn(&Referral) -> String| -> Vec<Value> {
        let keys: BTreeSet<String> = referrals.iter().map(of).collect();
        let group = |key: String| {
            let those: Vec<&Referral> = referrals.iter().filter(|r| of(r) == key).collect();
            let share = 100.0 * count(those.len()) / count(referrals.len());
            let mut group = figures(&those);
            group.insert(name.to_owned(), json!(key));
            group.insert("percent".to_owned(), json!((share * 10.0 + 0.5).floor() / 10.0));
            Value::Object(group)
        };
        keys.into_iter().map(group).collect()
    };
    let member =
        |name: &'static str| move |r: &Referral| r.facts[name].as_str().unwrap().to_owned();
    let mut by_decision = groups("decision", &|r| r.decision.to_owned());
    let life = ["pending", "waiting", "accepted"];
    by_decision
        .sort_by_key(|group| life.iter().position(|decision| group["decision"] == *decision));
    let versions = |r: &Referral| {
        let of = |name: &str| r.facts[name].as_i64().unwrap();
        (of("programme_version"), of("criteria_version"))
    };
    let criteria: BTreeSet<(i64, i64)> = referrals.iter().map(versions).collect();
    let of_criteria = |key: (i64, i64)| {
        let those: Vec<&Referral> = referrals.iter().filter(|r| versions(r) == key).collect();
        let share = 100.0 * count(those.len()) / count(referrals.len());
        let mut group = figures(&those);
        let more = json!({
            "programme_version": key.0, "criteria_version": key.1, "decline_reasons": [],
            "percent": (share * 10.0 + 0.5).floor() / 10.0,
        });
        group.extend(more.as_object().unwrap().clone());
        group
    };
    let by_criteria: Vec<_> = criteria.into_iter().map(of_criteria).collect();
    let mut answer = figures(&all);
    let more = json!({
        "programme": "mrp", "from": null, "to": null, "rule": "referral-pipeline/1",
        "by_source": groups("source", &member("source")),
        "by_area": groups("area", &member("area")),
        "by_decision": by_decision, "by_criteria_version": by_criteria,
    });
    answer.extend(more.as_object().unwrap().clone());
    answer.extend(asked.echo());
    Value::Object(answer)
}

fn referral(log: &[Posted], case: &str, asked: &Asked) -> Option<Referral> {
    let facts = facts(log, case, asked);
    let received = facts.iter().find(|fact| fact.posted.kind == "ReferralReceived")?;
    let decisions = [("ReferralWaitlisted", "waiting"), ("ReferralAccepted", "accepted")];
    let decided = facts.iter().rev().find_map(|fact| {
        let (_, decision) = decisions.iter().find(|(kind, _)| *kind == fact.posted.kind)?;
        Some((*decision, fact.at))
    });
    let attempts = facts.iter().filter(|fact| fact.posted.kind == "ContactAttempted");
    Some(Referral {
        facts: received.data.clone(),
        received_at: received.at,
        decision: decided.map_or("pending", |(decision, _)| decision),
        decided_at: decided.filter(|(decision, _)| *decision == "accepted").map(|(_, at)| at),
        attempts: attempts.map(|fact| (fact.at, fact.data["outcome"] == "reached")).collect(),
    })
}

fn figures(referrals: &[&Referral]) -> Map<String, Value> {
    let decided = |decision| referrals.iter().filter(|r| r.decision == decision).count();
    let incident =
        |r: &Referral| r.facts.get("latest_incident_at")?.as_str()?.parse::<Timestamp>().ok();
    let received = |r: &Referral| Some(r.received_at);
    let attempt = |r: &Referral| r.attempts.iter().map(|(at, _)| *at).min();
    let reach = |r: &Referral| r.attempts.iter().filter(|a| a.1).map(|(at, _)| *at).min();
    let wait = |from: &dyn Fn(&Referral) -> Option<Timestamp>,
                to: &dyn Fn(&Referral) -> Option<Timestamp>| {
        let begun: Vec<_> = referrals.iter().filter_map(|r| Some((from(r)?, to(r)))).collect();
        let days: Vec<f64> =
            begun.iter().filter_map(|(from, to)| Some(days_between(*from, (*to)?))).collect();
        json!({
            "known": days.len(), "not_yet": begun.len() - days.len(), "not_yet_declined": 0,
            "beginning_unknown": referrals.len() - begun.len(), "days": spread(days),
        })
    };
    let figures = json!({
        "referrals": referrals.len(),
        "decisions": {
            "pending": decided("pending"), "waiting": decided("waiting"),
            "accepted": decided("accepted"), "declined": 0,
        },
        "waits": {
            "incident_to_referral": wait(&incident, &received),
            "referral_to_decision": wait(&received, &|r| r.decided_at),
            "incident_to_first_attempt": wait(&incident, &attempt),
            "incident_to_first_reach": wait(&incident, &reach),
            "referral_to_first_attempt": wait(&received, &attempt),
            "referral_to_first_reach": wait(&received, &reach),
        },
    });
    figures.as_object().unwrap().clone()
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}
