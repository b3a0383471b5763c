//! What was sent, what was answered, and what was read: the account that the log is held against.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

use crate::violation::Violation;

/// When the first command says its fact happened. Each of the others says so a microsecond after
/// the one before it, by which it is known again in the log.
pub(crate) const FIRST_OCCURRED: &str = "2024-01-01T00:00:00Z";

/// Everything that is known of the commands and reads of a run.
#[derive(Debug)]
pub(crate) struct Ledger {
    accounts: Mutex<Accounts>,
    acknowledged: watch::Sender<u64>,
}

/// What the checks go by.
#[derive(Debug, Default, Clone)]
pub(crate) struct Accounts {
    /// By number.
    pub(crate) sent: Vec<Sent>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) violations: Vec<Violation>,
    /// How many answers there were of each status, and how many requests without one.
    pub(crate) answers: BTreeMap<String, u64>,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The tenant's number.
    pub(crate) tenant: i32,
    /// The event that it is to become.
    pub(crate) event_type: &'static str,
    pub(crate) outcome: Outcome,
}

/// What became of a command, as far as its caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No answer came, or none that says.
    Unknown,
    /// It is recorded.
    Acknowledged(Acknowledged),
    /// It is not, and never will be.
    Refused { status: u16 },
}

/// What the caller of a recorded command was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) event_id: Uuid,
    pub(crate) position: i64,
    pub(crate) version: i32,
}

/// A case as a client read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) client: usize,
    pub(crate) tenant: i32,
    pub(crate) case: Uuid,
    pub(crate) version: i32,
    /// That of the case's latest event.
    pub(crate) position: i64,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self { accounts: Mutex::default(), acknowledged: watch::Sender::new(0) }
    }

    /// Enters a command before it is sent. Returns its number.
    pub(crate) fn enter(&self, tenant: i32, event_type: &'static str) -> usize {
        let mut accounts = self.lock();
        accounts.sent.push(Sent { tenant, event_type, outcome: Outcome::Unknown });
        accounts.sent.len() - 1
    }

    /// Enters what became of it.
    pub(crate) fn settle(&self, command: usize, outcome: Outcome) {
        let counts = matches!(outcome, Outcome::Acknowledged(_));
        self.lock().sent[command].outcome = outcome;
        if counts {
            self.acknowledged.send_modify(|acknowledged| *acknowledged += 1);
        }
    }

    pub(crate) fn saw(&self, seen: Seen) {
        self.lock().seen.push(seen);
    }

    pub(crate) fn answered(&self, what: &str) {
        *self.lock().answers.entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn report_any(&self, violation: Option<Violation>) {
        self.lock().violations.extend(violation);
    }

    pub(crate) fn report(&self, violation: Violation) {
        self.lock().violations.push(violation);
    }

    /// How many commands have been acknowledged so far, now and from now on.
    pub(crate) fn acknowledged(&self) -> watch::Receiver<u64> {
        self.acknowledged.subscribe()
    }

    pub(crate) fn accounts(&self) -> Accounts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a command says its fact happened.
pub(crate) fn occurred_at(command: usize) -> Timestamp {
    let first: Timestamp = FIRST_OCCURRED.parse().unwrap();
    first + SignedDuration::from_micros(i64::try_from(command).unwrap())
}
