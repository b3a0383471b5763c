//! `throughline log`: loading, going live, and what shows that nothing was altered.

use std::process::ExitCode;

use super::log_checkpoint::{self, CheckpointArguments, CheckpointKeyArguments};
use super::log_export::{self, ExportArguments};
use super::log_live::{self, LiveArguments};
use super::log_load::{self, LoadArguments};
use super::log_verify::{self, VerifyArguments};
use super::log_verify_export::{self, VerifyExportArguments};

/// What `log` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct LogArguments {
    #[command(subcommand)]
    pub(crate) command: LogCommand,
}

/// What to do to a tenant's log.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum LogCommand {
    /// Load a history, with its original recording times, into a tenant that is not live yet.
    Load(LoadArguments),
    /// Make a tenant live: from then on nothing can be loaded. There is no way back.
    Live(LiveArguments),
    /// Recompute the hash chain and name the first position that does not hold.
    ///
    /// Exits with 0 when every log holds, 1 when one does not, 2 when that cannot be found out.
    Verify(VerifyArguments),
    /// Sign where each log ends, to show later that nothing before was altered or cut off.
    Checkpoint(CheckpointArguments),
    /// Print the public key that checkpoints are verified with.
    CheckpointKey(CheckpointKeyArguments),
    /// Write a log to a file that can be verified anywhere.
    Export(ExportArguments),
    /// Verify an exported log against signed checkpoints, without a database.
    ///
    /// Exits with 0 when it is the log that was signed, 1 when it is not, 2 when that cannot be
    /// found out.
    VerifyExport(VerifyExportArguments),
}

/// Does what was asked to the log.
///
/// # Errors
/// When the log refuses, or the file or the database cannot be read.
pub(crate) async fn run(arguments: LogArguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        LogCommand::Load(arguments) => Box::pin(log_load::run(arguments)).await,
        LogCommand::Live(arguments) => log_live::run(arguments).await,
        LogCommand::Verify(arguments) => Ok(log_verify::run(arguments).await),
        LogCommand::Checkpoint(arguments) => log_checkpoint::run(arguments).await,
        LogCommand::CheckpointKey(arguments) => log_checkpoint::print_key(&arguments),
        LogCommand::Export(arguments) => log_export::run(arguments).await,
        LogCommand::VerifyExport(arguments) => Ok(log_verify_export::run(arguments).await),
    }
}
