//! `throughline log export`.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail};
use tempfile::NamedTempFile;
use throughline_domain::code::Code;
use throughline_domain::ids::Position;
use throughline_log::{EventLog, Tenant};

use super::checkpoint_log::sync_directory;
use super::database::DatabaseArguments;
use super::progress::{Progress, Unit, grouped};
use super::with_log::{OpenLog, Sealed, with_log};

const BUFFER_BYTES: usize = 256 * 1024;

/// What `log export` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArguments {
    /// Tenant whose log is written.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Last position. Where the log ends when absent.
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) to: Option<i64>,

    /// File to write, whole or not at all. Standard output when absent.
    ///
    /// `ops/log-format.md` describes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Writes a log; then, on standard error, how much that was.
///
/// # Errors
/// When the log cannot be read, or the output cannot be written.
pub(crate) async fn run(arguments: ExportArguments) -> anyhow::Result<ExitCode> {
    let ExportArguments { tenant: name, to, out, database } = arguments;
    let events = with_log(&database, Sealed::Untouched, async |open: OpenLog| {
        let Some(tenant) = open.log.find_tenant(name.as_str()).await? else {
            bail!("there is no tenant {name}");
        };
        let to = to.map(Position);
        match &out {
            Some(file) => write_file(&open.log, &tenant, to, file).await,
            None => write(&open.log, &tenant, to, io::stdout()).await,
        }
    })
    .await?;
    eprintln!("{} events", grouped(u64::try_from(events).unwrap_or(0)));
    Ok(ExitCode::SUCCESS)
}

/// Written beside its place first, and readable by its owner alone: it is about persons' cases.
async fn write_file(
    log: &EventLog,
    tenant: &Tenant,
    to: Option<Position>,
    file: &Path,
) -> anyhow::Result<i64> {
    let context = || format!("could not write {}", file.display());
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut draft = NamedTempFile::new_in(directory).with_context(context)?;
    let events = write(log, tenant, to, draft.as_file_mut()).await?;
    draft.as_file().sync_all().with_context(context)?;
    draft.persist(file).map_err(|error| error.error).with_context(context)?;
    sync_directory(file).with_context(context)?;
    Ok(events)
}

async fn write(
    log: &EventLog,
    tenant: &Tenant,
    to: Option<Position>,
    out: impl Write + Send,
) -> anyhow::Result<i64> {
    let written = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&written);
    let last = log.head(tenant.tenant_no).await?.position.0;
    let total = u64::try_from(to.map_or(last, |to| to.0)).ok();
    let progress = Progress::follow(Unit::Events, total, move || counted.load(Ordering::Relaxed));
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
    let exported = log.export(tenant, to, &mut out, &written).await;
    drop(progress);
    let events = exported.context("could not export the log")?;
    out.flush().context("could not write the export")?;
    Ok(events)
}
