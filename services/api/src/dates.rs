//! The two dates of a question over HTTP: `as_of`, `known_at` and `reading`, and what is in force
//! where the caller leaves them out.

use jiff::Timestamp;
use throughline_domain::time::{SKEW_FORGIVEN, to_microseconds};
use throughline_domain::two_clocks::{Asked, Reading};

use crate::problem::{self, FieldError, Problem};
use crate::query::{Query, invalid};

/// The names of the parameters.
pub const AS_OF: &str = "as_of";
/// What was known by then.
pub const KNOWN_AT: &str = "known_at";
/// How corrections are read.
pub const READING: &str = "reading";

/// The dates as the caller gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    as_of: Option<Timestamp>,
    known_at: Option<Timestamp>,
    reading: Reading,
    now: Timestamp,
}

impl Dates {
    /// Reads the dates. `as_of` may lie ahead (which reviews will be due by then?); nobody can say
    /// what will be known, so `known_at` may not.
    ///
    /// # Errors
    /// [`crate::problem::INVALID`] when a date cannot be right.
    pub fn read(query: &Query, now: Timestamp) -> Result<Self, Problem> {
        let known_at = query.timestamp(KNOWN_AT)?;
        if known_at.is_some_and(|at| at.duration_since(now) > SKEW_FORGIVEN) {
            return Err(invalid(KNOWN_AT, "lies in the future"));
        }
        Ok(Self { as_of: query.timestamp(AS_OF)?, known_at, reading: query.reading()?, now })
    }

    /// The dates that a body holds, by the same rules.
    ///
    /// # Errors
    /// [`crate::problem::INVALID`] when a date cannot be right.
    pub fn given(
        as_of: Option<Timestamp>,
        known_at: Option<Timestamp>,
        reading: Reading,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let known_at = known_at.map(to_microseconds);
        if known_at.is_some_and(|at| at.duration_since(now) > SKEW_FORGIVEN) {
            let error = FieldError::at(format!("/{KNOWN_AT}"), "lies in the future");
            return Err(Problem::new(problem::INVALID).with(error));
        }
        Ok(Self { as_of: as_of.map(to_microseconds), known_at, reading, now })
    }

    /// Whether the question is about the present, which the projections hold.
    #[must_use]
    pub fn are_present(&self) -> bool {
        self.as_of.is_none() && self.known_at.is_none() && self.reading == Reading::Effective
    }

    /// The moment at which the log has to be settled for the answer: the date asked about, and not
    /// later than now.
    #[must_use]
    pub fn needed(&self, now: Timestamp) -> Timestamp {
        self.known_at.map_or(now, |at| at.min(now))
    }

    /// The dates in force, given the moment at which the log was settled: what had been recorded by
    /// then is all that the answer can reflect.
    #[must_use]
    pub fn asked(&self, settled_at: Timestamp) -> Asked {
        Asked {
            as_of: self.as_of.unwrap_or_else(|| self.now.max(settled_at)),
            known_at: self.known_at.map_or(settled_at, |at| at.min(settled_at)),
            reading: self.reading,
        }
    }

    /// The dates as the caller gave them, for binding a cursor to its question.
    #[must_use]
    pub fn topic(&self) -> String {
        let text = |date: Option<Timestamp>| date.map(|date| date.to_string()).unwrap_or_default();
        format!("{} {} {}", text(self.as_of), text(self.known_at), self.reading.as_str())
    }
}
