//! How risk went at two dates: each case walked through once, in the order of time.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::days::{days_between, rounded, spread};
use super::{Asked, Posted, cases, facts, known};

const LEVELS: [&str; 3] = ["standard", "medium", "high"];

/// Time at one level, or at none, without a break.
struct Spell {
    level: Option<(String, String)>,
    from: Timestamp,
    until: Option<Timestamp>,
}

#[derive(Default)]
struct Walk {
    is_referred: bool,
    spells: Vec<Spell>,
    /// Levels before and after, of each assessment that has one before it.
    moves: Vec<(usize, usize)>,
}

fn place(level: &str) -> usize {
    LEVELS.iter().position(|l| *l == level).unwrap()
}

fn walk(log: &[Posted], case: &str, asked: &Asked) -> Walk {
    let mut in_time = facts(log, case, asked);
    in_time.sort_by_key(|fact| (fact.at, fact.posted.position));
    let mut walk = Walk::default();
    let mut level: Option<(String, String)> = None;
    let mut in_episode = false;
    for fact in in_time {
        match fact.posted.kind {
            "ReferralReceived" | "CaseReopened" => {
                walk.is_referred |= fact.posted.kind == "ReferralReceived";
                in_episode = true;
                walk.spells.push(Spell { level: level.clone(), from: fact.at, until: None });
            }
            "ReferralDeclined" | "CaseClosed" if in_episode => {
                in_episode = false;
                walk.spells.last_mut().unwrap().until = Some(fact.at);
            }
            "RiskAssessed" => {
                let given = fact.data["level"].as_str().unwrap().to_owned();
                let before = level.as_ref().map(|(level, _)| level.clone());
                walk.moves.extend(before.as_ref().map(|before| (place(before), place(&given))));
                level = Some((given.clone(), fact.posted.event_id.clone()));
                if in_episode && before != Some(given) {
                    walk.spells.last_mut().unwrap().until = Some(fact.at);
                    walk.spells.push(Spell { level: level.clone(), from: fact.at, until: None });
                }
            }
            _ => {}
        }
    }
    walk
}

impl Spell {
    fn days(&self, asked: &Asked) -> f64 {
        days_between(self.from, self.until.unwrap_or(asked.as_of))
    }

    fn is_at(&self, level: Option<&str>) -> bool {
        self.level.as_ref().map(|(level, _)| level.as_str()) == level
    }
}

fn moved(moves: &[(usize, usize)], is: fn(&usize, &usize) -> bool) -> usize {
    moves.iter().filter(|(before, given)| is(given, before)).count()
}

/// What `GET /v1/cases/{id}/risk-trajectory` answers; none for 404.
pub(crate) fn case_trajectory(log: &[Posted], case: &str, asked: &Asked) -> Option<Value> {
    let last = *known(log, case, asked).last()?;
    let walk = walk(log, case, asked);
    if !walk.is_referred {
        return None;
    }
    let spell = |spell: &Spell| {
        let (level, event_id) = spell.level.as_ref()?;
        let mut row = json!({
            "level": level, "from": spell.from.to_string(), "event_id": event_id,
            "days": rounded(spell.days(asked)),
        });
        let until = spell.until.map(|until| ("until".to_owned(), json!(until.to_string())));
        row.as_object_mut().unwrap().extend(until);
        Some(row)
    };
    let spells: Vec<Value> = walk.spells.iter().filter_map(spell).collect();
    let not_assessed = walk.spells.iter().filter(|spell| spell.is_at(None));
    let mut answer = json!({
        "case_id": case,
        "current": spells.last().filter(|spell| spell.get("until").is_none()),
        "spells": spells,
        "not_assessed_days": rounded(not_assessed.map(|spell| spell.days(asked)).sum()),
        "rises": moved(&walk.moves, usize::gt), "falls": moved(&walk.moves, usize::lt),
        "unchanged": moved(&walk.moves, usize::eq), "rule": "risk-trajectory/1",
        "version": last.version, "position": last.position,
    });
    answer.as_object_mut().unwrap().extend(asked.echo());
    Some(answer)
}

/// What `GET /v1/risk-trajectory` answers.
pub(crate) fn trajectories(log: &[Posted], asked: &Asked) -> Value {
    let walks: Vec<Walk> = cases(log)
        .into_iter()
        .map(|case| walk(log, case, asked))
        .filter(|walk| walk.is_referred)
        .collect();
    let at = |level: Option<&str>| -> Vec<&Spell> {
        walks.iter().flat_map(|walk| &walk.spells).filter(|spell| spell.is_at(level)).collect()
    };
    let ever = |level: Option<&str>| {
        walks.iter().filter(|w| w.spells.iter().any(|s| s.is_at(level))).count()
    };
    let days = |spells: &[&Spell]| rounded(spells.iter().map(|spell| spell.days(asked)).sum());
    let current = |spells: &[&Spell]| -> Vec<f64> {
        spells.iter().filter(|s| s.until.is_none()).map(|s| s.days(asked)).collect()
    };
    let level = |level: &str| {
        let spells = at(Some(level));
        let current = current(&spells);
        json!({
            "level": level, "cases": ever(Some(level)), "spells": spells.len(),
            "person_days": days(&spells),
            "current": {"cases": current.len(), "days": spread(current)},
        })
    };
    let moves: Vec<(usize, usize)> = walks.iter().flat_map(|walk| walk.moves.clone()).collect();
    let cell = |before, given| moves.iter().filter(|m| **m == (before, given)).count();
    let matrix: Vec<Vec<usize>> =
        (0..3).map(|before| (0..3).map(|given| cell(before, given)).collect()).collect();
    let not_assessed = at(None);
    let mut answer = json!({
        "cases": walks.len(), "levels": LEVELS.map(level),
        "not_assessed": {
            "cases": ever(None), "person_days": days(&not_assessed),
            "current": current(&not_assessed).len(),
        },
        "matrix": matrix, "rises": moved(&moves, usize::gt), "falls": moved(&moves, usize::lt),
        "unchanged": moved(&moves, usize::eq), "rule": "risk-trajectory/1",
    });
    answer.as_object_mut().unwrap().extend(asked.echo());
    answer
}
