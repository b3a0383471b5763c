//! How a measure changed between intake and exit, at two dates.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::state::State;
use super::{Asked, Posted, cases, facts};

const REASONS: [&str; 5] =
    ["not_asked", "declined", "unknown_to_client", "unsafe_to_ask", "not_recorded"];

/// One case at one stage: a level, or why there is none.
type Side = Result<(String, String), String>;

/// What `GET /v1/outcomes` answers for the programme `mrp`.
pub(crate) fn outcomes(log: &[Posted], measure: &str, asked: &Asked) -> Value {
    let is_accepted = |case: &&str| {
        let state = State::at(log, case, asked);
        state.referral.is_some() && ["accepted", "open", "closed"].contains(&state.status)
    };
    let sides: Vec<(Side, Side)> = cases(log)
        .into_iter()
        .filter(is_accepted)
        .map(|case| ["intake", "exit"].map(|stage| side(log, case, measure, stage, asked)).into())
        .collect();
    let pairs: Vec<(&str, &str)> = sides
        .iter()
        .filter_map(|(from, to)| {
            Some((from.as_ref().ok()?.0.as_str(), to.as_ref().ok()?.0.as_str()))
        })
        .collect();
    let levels: &[&str] = match measure {
        "risk_level" => &["standard", "medium", "high"],
        _ if pairs.is_empty() => &[],
        _ => &["none", "standard", "moderate", "high"],
    };
    let count = |is: &dyn Fn(&(&str, &str)) -> bool| pairs.iter().filter(|p| is(p)).count();
    let row = |from: &&str| levels.iter().map(|to| count(&|p| *p == (*from, *to))).collect();
    let matrix: Vec<Vec<usize>> = levels.iter().map(row).collect();
    let (stopped, began) =
        (count(&|p| p.0 != "none" && p.1 == "none"), count(&|p| p.0 == "none" && p.1 != "none"));
    let mut answer = json!({
        "programme": "mrp", "measure": measure, "from": "intake", "to": "exit",
        "instruments": instruments(&sides), "cases": sides.len(), "pairs": pairs.len(),
        "missing": sides.len() - pairs.len(), "levels": levels, "matrix": matrix,
        "missing_by_kind": {
            "from": missing(&sides.iter().map(|s| &s.0).collect::<Vec<_>>()),
            "to": missing(&sides.iter().map(|s| &s.1).collect::<Vec<_>>()),
        },
        "changes": levels.iter().map(|level| change(level, &pairs)).collect::<Vec<_>>(),
        "any_use": {
            "pairs": pairs.len(),
            "used_from": count(&|p| p.0 != "none"), "used_to": count(&|p| p.1 != "none"),
            "stopped": stopped, "began": began,
            "both": count(&|p| p.0 != "none" && p.1 != "none"),
            "neither": count(&|p| *p == ("none", "none")),
        },
        "mcnemar": {
            "stopped": stopped, "began": began, "p_exact_two_sided": mcnemar(stopped, began),
        },
    });
    answer.as_object_mut().unwrap().extend(asked.echo());
    answer
}

/// The latest value of the measure at the stage, by time and position.
fn side(log: &[Posted], case: &str, measure: &str, stage: &str, asked: &Asked) -> Side {
    let mut values: Vec<(Timestamp, i64, Value, String)> = Vec::new();
    for fact in facts(log, case, asked) {
        let value = match fact.posted.kind {
            "RiskAssessed" if measure == "risk_level" => fact.data.get("level"),
            "MeasureRecorded" => fact.data["values"].get(measure),
            _ => None,
        };
        if let (Some(value), true) = (value, fact.data["stage"] == stage) {
            let instrument = fact.data["instrument"].as_str().unwrap().to_owned();
            values.push((fact.at, fact.posted.position, value.clone(), instrument));
        }
    }
    let latest = values.into_iter().max_by_key(|(at, position, ..)| (*at, *position));
    let (.., value, instrument) = latest.ok_or("not_recorded")?;
    match value.get("missing") {
        Some(reason) => Err(reason.as_str().unwrap().to_owned()),
        None => Ok((value.as_str().unwrap().to_owned(), instrument)),
    }
}

fn instruments(sides: &[(Side, Side)]) -> Vec<&str> {
    let paired =
        sides.iter().filter_map(|(from, to)| Some([from.as_ref().ok()?, to.as_ref().ok()?]));
    let mut instruments: Vec<&str> = paired.flatten().map(|(_, i)| i.as_str()).collect();
    instruments.sort_unstable();
    instruments.dedup();
    instruments
}

fn missing(sides: &[&Side]) -> Value {
    let count = |reason: &str| {
        sides.iter().filter(|side| side.as_ref().err().is_some_and(|r| r == reason)).count()
    };
    let counts = REASONS.map(|reason| (reason.to_owned(), json!(count(reason))));
    Value::Object(Map::from_iter(counts))
}

fn change(level: &str, pairs: &[(&str, &str)]) -> Value {
    let from = pairs.iter().filter(|pair| pair.0 == level).count();
    let to = pairs.iter().filter(|pair| pair.1 == level).count();
    let float = |n: usize| f64::from(u32::try_from(n).unwrap());
    let percent = (from > 0).then(|| 100.0 * (float(to) - float(from)) / float(from));
    json!({"level": level, "from": from, "to": to, "percent_change": percent})
}

/// Twice the smaller tail of the fair coin, and 1 at most.
fn mcnemar(stopped: usize, began: usize) -> f64 {
    let n = u32::try_from(stopped + began).unwrap();
    let mut ways = 1.0;
    let mut tail = 0.0;
    for k in 0..=u32::try_from(stopped.min(began)).unwrap() {
        tail += ways;
        ways = ways * f64::from(n - k) / f64::from(k + 1);
    }
    (2.0 * tail / f64::from(1 << n)).min(1.0)
}
