//! What a rule says of a case, and the facts it rests on.

use jiff::Timestamp;

use crate::ids::EventId;

/// What a rule says of a case at the dates asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub value: Value,
    /// Since when that holds, where the rule is about something that begins; it may lie ahead, for
    /// something that is due.
    pub since: Option<Timestamp>,
    /// The original facts it rests on, in the order in which they happened.
    pub basis: Vec<EventId>,
}

/// What a rule can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Whether something is so.
    Holds(bool),
    /// One code of a list.
    Code(&'static str),
    /// Any number of codes, in the list's order.
    Codes(Vec<&'static str>),
    /// Whole days.
    Days(i64),
    /// A moment.
    At(Timestamp),
    /// The rule has nothing to say of this case.
    NotApplicable,
}

impl Answer {
    /// Something is so, since `since`.
    #[must_use]
    pub fn holds(since: Timestamp, basis: Vec<EventId>) -> Self {
        Self { value: Value::Holds(true), since: Some(since), basis }
    }

    /// Something is not so.
    #[must_use]
    pub fn does_not_hold(basis: Vec<EventId>) -> Self {
        Self { value: Value::Holds(false), since: None, basis }
    }

    /// The rule has nothing to say.
    #[must_use]
    pub fn not_applicable() -> Self {
        Self { value: Value::NotApplicable, since: None, basis: Vec::new() }
    }
}
