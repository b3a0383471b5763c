//! The two dates of a question on the command line, and how to read corrections.

use anyhow::ensure;
use clap::ValueEnum;
use jiff::Timestamp;
use throughline_domain::time::SKEW_FORGIVEN;
use throughline_domain::two_clocks::{Asked, Reading};

/// The dates that a question is asked of.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DatesArguments {
    /// What was true at this time, such as 2025-03-31T23:59:59Z. Now when absent.
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Timestamp>,

    /// As it was known at this time. Now when absent.
    #[arg(long, value_name = "TIME")]
    pub(crate) known_at: Option<Timestamp>,

    /// Whether corrections are looked through.
    #[arg(long, value_enum, default_value_t = ReplayReading::Effective)]
    pub(crate) reading: ReplayReading,
}

/// Whether corrections are looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayReading {
    /// What is now held to have happened, in the order it happened.
    Effective,
    /// What was recorded, in the order it was recorded, as decisions saw it.
    Recorded,
}

impl DatesArguments {
    /// The dates in force. As over the REST interface, `as_of` may lie ahead and `known_at` not.
    ///
    /// # Errors
    /// When `--known-at` lies in the future.
    pub(crate) fn asked(&self, now: Timestamp) -> anyhow::Result<Asked> {
        let known_at = self.known_at.unwrap_or(now);
        ensure!(
            known_at.duration_since(now) <= SKEW_FORGIVEN,
            "--known-at lies in the future: nobody can say what will be known"
        );
        let reading = match self.reading {
            ReplayReading::Effective => Reading::Effective,
            ReplayReading::Recorded => Reading::Recorded,
        };
        Ok(Asked { as_of: self.as_of.unwrap_or(now), known_at, reading })
    }
}
