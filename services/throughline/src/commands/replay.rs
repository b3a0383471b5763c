//! `throughline replay`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use jiff::Timestamp;

use super::database::DatabaseArguments;

/// What `replay` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArguments {
    /// Tenant whose log is replayed.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: String,

    /// Only the cases of this programme.
    #[arg(long, value_name = "PROGRAMME")]
    pub(crate) programme: Option<String>,

    /// What was true at this time, such as 2025-03-31T23:59:59Z. Now when absent.
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Timestamp>,

    /// As it was known at this time. Now when absent.
    #[arg(long, value_name = "TIME")]
    pub(crate) known_at: Option<Timestamp>,

    /// Whether corrections are looked through.
    #[arg(long, value_enum, default_value_t = ReplayReading::Effective)]
    pub(crate) reading: ReplayReading,

    /// Form of the output, one case a line.
    #[arg(long, value_enum, default_value_t = ReplayFormat::Csv)]
    pub(crate) format: ReplayFormat,

    /// File to write. Standard output when absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Whether corrections are looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayReading {
    /// What is now held to have happened, in the order it happened.
    Effective,
    /// What was recorded, in the order it was recorded, as decisions saw it.
    Recorded,
}

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayFormat {
    /// Comma-separated values with a heading.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Replays a tenant's log and writes the state of each case.
///
/// # Errors
/// When the log cannot be read, or the output cannot be written.
#[expect(clippy::unused_async, reason = "it awaits once it is built")]
pub(crate) async fn run(_arguments: ReplayArguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`replay` is not built yet")
}
