//! `throughline bench-child`: work in a process of its own, for `bench` to see its memory.

use std::process::ExitCode;

use throughline_log::TenantNo;

use super::database::DatabaseArguments;
use super::with_log::{OpenLog, Sealed, with_log};
use crate::bench::{Done, Work, rebuild, replay, resident_kib_max};

/// What `bench-child` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchChildArguments {
    /// What to do.
    pub(crate) work: Work,

    /// Number of the tenant whose log is read.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) tenant_no: i32,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Does it, and prints how many events were read and what memory that took.
///
/// # Errors
/// When the work fails, or the system does not say what memory a process had.
pub(crate) async fn run(arguments: BenchChildArguments) -> anyhow::Result<ExitCode> {
    let tenant = TenantNo(arguments.tenant_no);
    let work = async |open: OpenLog| match arguments.work {
        Work::Replay => replay(&open.log, tenant).await,
        Work::Rebuild => rebuild(&open.log, open.log.pool(), tenant).await,
    };
    let events = with_log(&arguments.database, Sealed::Untouched, work).await?;
    let done = Done { events, resident_kib_max: resident_kib_max()? };
    println!("{}", serde_json::to_string(&done)?);
    Ok(ExitCode::SUCCESS)
}
