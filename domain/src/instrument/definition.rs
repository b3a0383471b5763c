//! What an instrument is made of.

use serde::Deserialize;

use crate::code::Code;
use crate::code_lists::{RiskAnswer, RiskLevel};

/// An instrument, in one version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Its name and version, with a slash between: `dash-safelives/2009`.
    pub id: Code,
    /// What it is called.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    /// What whoever uses it has to know.
    pub note: Option<String>,
    /// What is filled in.
    pub form: Form,
}

/// What is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Questions about risk, which come to a level.
    Risk(RiskForm),
    /// Values, each of its dimension.
    Measure(MeasureForm),
}

/// Questions about risk.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskForm {
    /// The questions, in the order of the form; none where only the result is recorded.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// How answers come to a level; none where the assessor's own level is recorded.
    pub level_rule: Option<LevelRule>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The key of its answer.
    pub key: Code,
    /// What it is about, in a few words of our own.
    pub about: String,
}

/// How answers come to a level: by how many of them count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelRule {
    /// The answers that count.
    pub counted: Vec<RiskAnswer>,
    /// The answers that could have counted: the assessment says when they could reach the highest
    /// level.
    #[serde(default)]
    pub could_count: Vec<RiskAnswer>,
    /// From which count each level is reached, the highest first; below the last it is standard.
    pub thresholds: Vec<Threshold>,
    /// What judgement may do.
    pub judgement: Judgement,
}

/// From which count a level is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The level.
    pub level: RiskLevel,
    /// The least count.
    pub from: u8,
    /// Whose threshold it is.
    pub source: String,
}

/// What an assessor's judgement may do to the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Raise it, and never lower it.
    RaisesOnly,
}

/// What a measure measures.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureForm {
    /// Its dimensions.
    pub dimensions: Vec<Dimension>,
}

/// One thing that is measured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// The key of its value.
    pub key: Code,
    /// What it is about, in a few words of our own.
    pub about: String,
    /// What its value may be; it may always be missing, with the reason.
    pub values: AllowedValues,
}

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AllowedValues {
    /// One of these codes, in their order.
    Codes(Vec<Code>),
    /// A whole number, both bounds included.
    Whole {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
}

impl Instrument {
    /// The part of the id before the slash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.as_str().split_once('/').map_or(self.id.as_str(), |(name, _)| name)
    }

    /// The part of the id behind the slash.
    #[must_use]
    pub fn version(&self) -> &str {
        self.id.as_str().split_once('/').map_or("", |(_, version)| version)
    }
}

impl Judgement {
    /// The text exchanged.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RaisesOnly => "raises_only",
        }
    }
}
