//! `throughline bench-replay`: one replay in a process of its own, for `bench` to see its memory.

use std::process::ExitCode;

use throughline_log::TenantNo;

use super::database::DatabaseArguments;
use super::with_log::{OpenLog, Sealed, with_log};
use crate::bench::{Replayed, replay, resident_kib_max};

/// What `bench-replay` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchReplayArguments {
    /// Number of the tenant whose log is replayed.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) tenant_no: i32,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Replays as `throughline replay` does, and prints how many events were read and what memory it
/// took.
///
/// # Errors
/// When the log cannot be read, or the system does not say what memory a process had.
pub(crate) async fn run(arguments: BenchReplayArguments) -> anyhow::Result<ExitCode> {
    let tenant = TenantNo(arguments.tenant_no);
    let work = async |open: OpenLog| replay(&open.log, tenant).await;
    let events = with_log(&arguments.database, Sealed::Untouched, work).await?;
    let replayed = Replayed { events, resident_kib_max: resident_kib_max()? };
    println!("{}", serde_json::to_string(&replayed)?);
    Ok(ExitCode::SUCCESS)
}
