//! Releasing a cohort: what left the tenant, recorded before it leaves.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::code::Code;
use crate::cohort::{CohortError, CohortEvent, CohortHistory};
use crate::ids::Position;
use crate::two_clocks::Reading;

/// Record that a cohort leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseCohort {
    /// What leaves.
    pub released: CohortReleased,
    /// Whether it is known that something of this cohort has left before.
    pub again: bool,
}

/// A cohort left, for evaluators outside. What was in the files is not kept: their hash is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortReleased {
    /// The cohort.
    pub cohort: Code,
    /// The version of its definition.
    pub version: u16,
    /// The edition whose dates, place and questions these are; absent where they were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<Code>,
    /// What left, and what was done to it.
    pub contents: Contents,
    /// What had happened by then.
    pub as_of: Timestamp,
    /// What had been recorded by then.
    pub known_at: Timestamp,
    /// How corrections were read.
    pub reading: Reading,
    /// The place in the tenant's log up to which it was read.
    pub position: Position,
    /// Cases that are told of; absent where they are too few to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<u64>,
    /// SHA-256 over `datapackage.json`, which holds the hash of each file: 64 hexadecimal digits.
    pub package_hash: String,
}

/// What a release is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Contents {
    /// A row a case and a row a fact, under pseudonyms.
    Rows {
        /// What became of dates.
        dates: ReleasedDates,
    },
    /// Tables of counts.
    Counts {
        /// Counts from 1 to one below it were suppressed; 0 suppressed none.
        threshold: u64,
        /// The questions asked. Their form is that of the evaluation.
        questions: Vec<Value>,
    },
}

impl Contents {
    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Rows { .. } => "rows",
            Self::Counts { .. } => "counts",
        }
    }
}

/// What becomes of dates in rows. Times of day never leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedDates {
    /// The day in the United Kingdom.
    Kept,
    /// That day, moved by a number of days that is one and the same for all dates of a case.
    Shifted,
    /// The month.
    Month,
    /// The quarter.
    Quarter,
}

impl ReleaseCohort {
    /// Decides against the definitions and releases that are there.
    ///
    /// # Errors
    /// [`CohortError::UnknownVersion`]; [`CohortError::AlreadyReleased`] when something of the cohort
    /// has left and nobody said that this is known: two releases can be laid beside each other.
    pub fn decide(self, history: &CohortHistory) -> Result<CohortEvent, CohortError> {
        let Self { released, again } = self;
        if history.find(released.version).is_none() {
            return Err(CohortError::UnknownVersion);
        }
        if history.is_released() && !again {
            return Err(CohortError::AlreadyReleased);
        }
        Ok(CohortEvent::CohortReleased(released))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cohort::CohortDefined;

    fn released(version: u16) -> CohortReleased {
        let released = json!({
            "cohort": "all", "version": version, "contents": {"rows": {"dates": "shifted"}},
            "as_of": "2024-01-01T00:00:00Z", "known_at": "2024-02-01T00:00:00Z",
            "reading": "effective", "position": 7, "cases": 30, "package_hash": "0".repeat(64),
        });
        serde_json::from_value(released).unwrap()
    }

    fn history() -> CohortHistory {
        let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "drive"});
        let mut history = CohortHistory::default();
        let cohort = serde_json::from_value(cohort).unwrap();
        history.take(CohortEvent::CohortDefined(CohortDefined(cohort)));
        history
    }

    #[test]
    fn a_second_release_is_one_that_somebody_knows_to_be_the_second() {
        let mut history = history();
        let release = |again| ReleaseCohort { released: released(1), again };
        let event = CohortEvent::CohortReleased(released(1));
        assert_eq!(release(false).decide(&history), Ok(event.clone()));
        assert_eq!(release(true).decide(&history), Ok(event.clone()));
        history.take(event.clone());
        assert_eq!(release(false).decide(&history), Err(CohortError::AlreadyReleased));
        assert_eq!(release(true).decide(&history), Ok(event));
    }

    #[test]
    fn what_is_released_is_defined() {
        let release = ReleaseCohort { released: released(2), again: false };
        assert_eq!(release.decide(&history()), Err(CohortError::UnknownVersion));
    }
}
