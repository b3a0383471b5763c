//! `throughline log`: `load` and `live`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::database::DatabaseArguments;

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

/// What `log load` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct LoadArguments {
    /// File of events, one JSON object a line, in the order of recording.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Tenant to load into. It is created if it is absent.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: String,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// What `log live` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct LiveArguments {
    /// Tenant to make live.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: String,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Does what was asked to the log.
///
/// # Errors
/// When the log refuses, or the file or the database cannot be read.
#[expect(clippy::unused_async, reason = "it awaits once it is built")]
pub(crate) async fn run(arguments: LogArguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        LogCommand::Load(_) => anyhow::bail!("`log load` is not built yet"),
        LogCommand::Live(_) => anyhow::bail!("`log live` is not built yet"),
    }
}
