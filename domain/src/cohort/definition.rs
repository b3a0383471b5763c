//! The form of a cohort's definition, as it is sent and stored.
//!
//! Reading one checks its form alone; what contradicts itself is found by [`super::check`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::CaseStatus;
use crate::code::Code;
use crate::code_lists::CaseRole;

/// Which cases belong together: all that every member admits. A member that is left out, or a list
/// that is empty, admits every case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    /// The name used in questions.
    pub id: Code,
    /// The definition's version, from 1.
    pub version: u16,
    /// What it is, in words.
    pub title: String,
    /// The programme.
    pub programme: Code,
    /// Whom the cases are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<CaseRole>,
    /// The areas of the programme that the cases were referred in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<Code>,
    /// The arms that were drawn for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<Code>,
    /// When the referral was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referred: Option<Window>,
    /// When the case was last closed. Admits closed cases alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited: Option<Window>,
    /// Where the case stands at the date asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<CaseStatus>,
    /// What has to have been measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<MeasuredAt>,
    /// Whether the needs are complex (`complex/1`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complex: Option<bool>,
    /// Whether the person was reached at least once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacted: Option<bool>,
}

/// A stretch of time: from its beginning up to its end, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The beginning; the beginning of time where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The end; the date asked about where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A value that has to be there, of one measure at one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredAt {
    /// The key of the measure, or `risk_level`.
    pub measure: Code,
    /// The programme's stage.
    pub stage: Code,
}

impl Window {
    /// Whether a moment lies in it.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}
