//! The form of an edition, as it is stored and answered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::code::Code;
use crate::cohort::Cohort;
use crate::ids::Position;
use crate::two_clocks::{Asked, Reading};

/// What was asked, of what, and with what: all that it takes to compute the results again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// The name it is known by for ever.
    pub id: Code,
    /// What it is, in words.
    pub title: String,
    /// The cohort, as it was defined.
    pub cohort: Cohort,
    /// The questions, in the order of the tables. Their form is that of the evaluation.
    pub questions: Vec<Value>,
    /// What had happened by then.
    pub as_of: Timestamp,
    /// What had been recorded by then.
    pub known_at: Timestamp,
    /// How corrections were read.
    pub reading: Reading,
    /// The place in the tenant's log up to which it was read.
    pub position: Position,
    /// The link of the log's hash chain there: 64 hexadecimal digits.
    pub log_hash: String,
    /// Cases that this program could not read to the end: what is said of them is from before.
    #[serde(default, skip_serializing_if = "is_none")]
    pub stale_cases: u64,
    /// What computed it.
    pub versions: Versions,
    /// SHA-256 over the results, as they are stored: 64 hexadecimal digits.
    pub result_hash: String,
}

/// The versions of whatever the results rest on beside events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// The program.
    pub program: String,
    /// The computed rules, by name and version.
    pub rules: Vec<Code>,
    /// The instruments, by name and version.
    pub instruments: Vec<Code>,
    /// The versions of the cohort's programme that the tenant knew.
    pub programme: Vec<u16>,
    /// SHA-256 over every code list: 64 hexadecimal digits.
    pub code_lists: String,
}

impl Edition {
    /// The dates of the question.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked { as_of: self.as_of, known_at: self.known_at, reading: self.reading }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_none(count: &u64) -> bool {
    *count == 0
}
