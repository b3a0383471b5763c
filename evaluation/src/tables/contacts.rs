//! The attempts to reach people: by channel and by what came of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::case::record_contact_attempt::ContactAttempted;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CodeList as _, ContactOutcome};

use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contacts {}

/// One attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    channel: &'static str,
    outcome: ContactOutcome,
    minutes: Option<u32>,
    purpose: Option<Code>,
}

/// What an attempt does not say.
const NOT_SAID: &str = "not_said";

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContactsTable {
    /// The cases.
    pub cases: u64,
    /// Cases with at least one attempt.
    pub attempted_cases: u64,
    /// Cases in which the person was reached at least once.
    pub reached_cases: u64,
    /// All attempts.
    pub total: Attempts,
    /// Attempts by channel.
    pub channels: BTreeMap<String, Attempts>,
    /// Attempts by purpose; `not_said` where none was said.
    pub purposes: BTreeMap<String, Attempts>,
}

/// Some attempts.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Attempts {
    /// How many.
    pub attempts: u64,
    /// Those that reached the person.
    pub reached: u64,
    /// In how many cases.
    pub cases: u64,
    /// Minutes, of those that say how many.
    pub minutes: u64,
    /// By what came of them.
    pub outcomes: BTreeMap<String, u64>,
}

impl Table for Contacts {
    type Observation = Vec<Attempt>;
    type Answer = ContactsTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Vec<Attempt>> {
        let attempts = case.attempts();
        let attempt = |(_, made): (_, &ContactAttempted)| Attempt {
            channel: made.channel.as_str(),
            outcome: made.outcome,
            minutes: made.duration_min,
            purpose: made.purpose.clone(),
        };
        Some(attempts.map(attempt).collect())
    }

    fn conclude(&self, observations: &[&Vec<Attempt>]) -> Result<ContactsTable, TableError> {
        let is_reached = |attempt: &Attempt| attempt.outcome == ContactOutcome::Reached;
        let count = |holds: &dyn Fn(&Vec<Attempt>) -> bool| {
            observations.iter().filter(|attempts| holds(attempts)).count() as u64
        };
        let mut total = Attempts::default();
        let mut channels: BTreeMap<String, Attempts> = BTreeMap::new();
        let mut purposes: BTreeMap<String, Attempts> = BTreeMap::new();
        for attempts in observations.iter().copied() {
            total.take(attempts);
            divide(&mut channels, attempts, |attempt| attempt.channel);
            divide(&mut purposes, attempts, |attempt| {
                attempt.purpose.as_ref().map_or(NOT_SAID, Code::as_str)
            });
        }
        Ok(ContactsTable {
            cases: observations.len() as u64,
            attempted_cases: count(&|attempts| !attempts.is_empty()),
            reached_cases: count(&|attempts| attempts.iter().any(is_reached)),
            total,
            channels,
            purposes,
        })
    }
}

/// Takes the attempts of one case, each under its own name.
fn divide(
    divided: &mut BTreeMap<String, Attempts>,
    attempts: &[Attempt],
    name: impl Fn(&Attempt) -> &str,
) {
    let mut of_case: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
    for attempt in attempts {
        of_case.entry(name(attempt)).or_default().push(attempt);
    }
    for (name, attempts) in of_case {
        divided.entry(name.to_owned()).or_default().take(attempts);
    }
}

impl Attempts {
    /// Takes the attempts of one case.
    fn take<'a>(&mut self, attempts: impl IntoIterator<Item = &'a Attempt>) {
        let before = self.attempts;
        for Attempt { outcome, minutes, .. } in attempts {
            self.attempts += 1;
            self.reached += u64::from(*outcome == ContactOutcome::Reached);
            self.minutes += u64::from(minutes.unwrap_or(0));
            *self.outcomes.entry(outcome.as_str().to_owned()).or_default() += 1;
        }
        self.cases += u64::from(self.attempts > before);
    }
}
