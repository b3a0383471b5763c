//! `throughline log`: `load` and `live`.

use std::process::ExitCode;

use super::log_live::{self, LiveArguments};
use super::log_load::{self, LoadArguments};

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
}

/// Does what was asked to the log.
///
/// # Errors
/// When the log refuses, or the file or the database cannot be read.
pub(crate) async fn run(arguments: LogArguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        LogCommand::Load(arguments) => Box::pin(log_load::run(arguments)).await,
        LogCommand::Live(arguments) => log_live::run(arguments).await,
    }
}
