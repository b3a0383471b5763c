//! The level of a case's risk, by the rule of its definition.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Entry;
use super::days::bounds;
use super::definition::Definition;

/// One assessment, in the order of the reading.
#[derive(Debug, Clone)]
struct Assessment {
    facts: Value,
    at: Timestamp,
    span: (Timestamp, Timestamp),
    event_id: String,
}

/// What was assessed, and the present or last episode.
#[derive(Debug, Default)]
pub(super) struct Assessed {
    all: Vec<Assessment>,
    /// From when until when it can have been, and whether it has ended.
    episode: Option<(Timestamp, Timestamp, bool)>,
}

impl Assessed {
    pub(super) fn take(&mut self, fact: &Entry<'_>) {
        let span = bounds(fact.at, fact.precision);
        match fact.posted.kind {
            "ReferralReceived" | "CaseReopened" => {
                self.episode = Some((span.0, Timestamp::MAX, false));
            }
            "ReferralDeclined" | "CaseClosed" => {
                if let Some((from, _, false)) = self.episode {
                    self.episode = Some((from, span.1, true));
                }
            }
            "RiskAssessed" => self.all.push(Assessment {
                facts: fact.data.clone(),
                at: fact.at,
                span,
                event_id: fact.posted.event_id.clone(),
            }),
            _ => {}
        }
    }

    /// When the latest was made.
    pub(super) fn latest_at(&self) -> Option<Timestamp> {
        self.all.last().map(|latest| latest.at)
    }

    /// From when until when each can have been.
    pub(super) fn spans(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        self.all.iter().map(|one| one.span)
    }

    /// The level by the definition's rule, with the assessment that decides and those it rests on.
    pub(super) fn risk(&self, definition: &Definition) -> Option<Value> {
        let latest = self.all.last()?;
        let (deciding, basis) = match definition.risk_rule {
            "highest-of-latest/1" => self.highest().unwrap_or((latest, vec![latest])),
            "own-service/1" => {
                let is_own = |one: &&Assessment| {
                    definition.own.iter().any(|role| one.facts["assessor_role"] == *role)
                };
                let own = self.all.iter().rev().find(is_own).unwrap_or(latest);
                (own, vec![own])
            }
            _ => (latest, vec![latest]),
        };
        Some(json!({
            "level": deciding.facts["level"], "assessed_at": deciding.at.to_string(),
            "instrument": deciding.facts["instrument"],
            "assessor_role": deciding.facts["assessor_role"],
            "event_id": deciding.event_id, "rule": definition.risk_rule,
            "rests_on": basis.iter().map(|one| one.event_id.clone()).collect::<Vec<_>>(),
        }))
    }

    /// Of what each assessor said last, the highest within the episode; the newest of several.
    fn highest(&self) -> Option<(&Assessment, Vec<&Assessment>)> {
        let (from, until, _) = self.episode?;
        let mut last: BTreeMap<(String, Option<String>), &Assessment> = BTreeMap::new();
        for one in &self.all {
            let text = |name: &str| one.facts.get(name).and_then(Value::as_str).map(str::to_owned);
            last.insert((text("assessor_role").unwrap(), text("source_organisation")), one);
        }
        let within: Vec<&Assessment> =
            last.into_values().filter(|o| from <= o.span.1 && o.span.0 <= until).collect();
        let rank = |one: &Assessment| {
            let levels = ["standard", "medium", "high"];
            levels.iter().position(|level| one.facts["level"] == *level)
        };
        let highest = within.iter().max_by_key(|one| (rank(one), one.at, one.event_id.clone()))?;
        Some((highest, within.clone()))
    }
}
