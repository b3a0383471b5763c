//! The attempts to reach people: by channel and by what came of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use throughline_domain::code_lists::{CodeList as _, ContactOutcome};

use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contacts {}

/// One attempt: its channel, what came of it, and how many minutes it took.
type Attempt = (&'static str, ContactOutcome, Option<u32>);

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
        Some(attempts.map(|(_, a)| (a.channel.as_str(), a.outcome, a.duration_min)).collect())
    }

    fn conclude(&self, observations: &[&Vec<Attempt>]) -> Result<ContactsTable, TableError> {
        let is_reached = |attempt: &Attempt| attempt.1 == ContactOutcome::Reached;
        let count = |holds: &dyn Fn(&Vec<Attempt>) -> bool| {
            observations.iter().filter(|attempts| holds(attempts)).count() as u64
        };
        let mut total = Attempts::default();
        let mut channels: BTreeMap<String, Attempts> = BTreeMap::new();
        for attempts in observations.iter().copied() {
            let mut of_case: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
            for attempt in attempts {
                of_case.entry(attempt.0).or_default().push(attempt);
            }
            total.take(attempts);
            for (channel, attempts) in of_case {
                channels.entry(channel.to_owned()).or_default().take(attempts);
            }
        }
        Ok(ContactsTable {
            cases: observations.len() as u64,
            attempted_cases: count(&|attempts| !attempts.is_empty()),
            reached_cases: count(&|attempts| attempts.iter().any(is_reached)),
            total,
            channels,
        })
    }
}

impl Attempts {
    /// Takes the attempts of one case.
    fn take<'a>(&mut self, attempts: impl IntoIterator<Item = &'a Attempt>) {
        let before = self.attempts;
        for (_, outcome, minutes) in attempts {
            self.attempts += 1;
            self.reached += u64::from(*outcome == ContactOutcome::Reached);
            self.minutes += u64::from(minutes.unwrap_or(0));
            *self.outcomes.entry(outcome.as_str().to_owned()).or_default() += 1;
        }
        self.cases += u64::from(self.attempts > before);
    }
}
