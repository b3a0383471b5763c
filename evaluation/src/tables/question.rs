//! What can be asked of a cohort: a document, tagged by the table's name.

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use super::{Gathering, begin};

/// A question about a cohort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "table", rename_all = "snake_case")]
pub enum Question {
    /// How a measure went between two stages.
    Outcome(Outcome),
}

impl Question {
    /// Begins to answer.
    #[must_use]
    pub fn begin(&self) -> Box<dyn Gathering> {
        match self.clone() {
            Self::Outcome(table) => begin(table),
        }
    }
}
