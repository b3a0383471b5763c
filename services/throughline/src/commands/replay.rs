//! `throughline replay`.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use tempfile::NamedTempFile;
use throughline_domain::code::Code;
use throughline_domain::time::to_microseconds;
use throughline_domain::two_clocks::Asked;
use throughline_log::{EventLog, TenantNo};

use super::database::DatabaseArguments;
use super::dates::DatesArguments;
use super::progress::{Progress, Unit, grouped, per_second};
use super::with_log::{OpenLog, Sealed, with_log};
use crate::replay::{self, Folded, Format, Question};

/// What `replay` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArguments {
    /// Tenant whose log is replayed.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Only the cases of this programme.
    #[arg(long, value_name = "PROGRAMME")]
    pub(crate) programme: Option<Code>,

    #[command(flatten)]
    pub(crate) dates: DatesArguments,

    /// Form of the output, one case a line.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub(crate) format: Format,

    /// File to write, whole or not at all. Standard output when absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Replays a tenant's log and writes the state of each case; then, on standard error, what it took.
///
/// # Errors
/// When the log cannot be read, or the output cannot be written.
pub(crate) async fn run(arguments: ReplayArguments) -> anyhow::Result<ExitCode> {
    let asked = arguments.dates.asked(to_microseconds(Timestamp::now()))?;
    let timed = with_log(&arguments.database, Sealed::Untouched, async |open: OpenLog| {
        let started = Instant::now();
        Ok((fold(&open.log, &arguments, asked).await?, started.elapsed()))
    })
    .await?;
    let (folded, took) = timed;
    match &arguments.output {
        Some(file) => write_file(&folded, arguments.format, file)?,
        None => replay::write(&folded, arguments.format, BufWriter::new(io::stdout().lock()))?,
    }
    eprintln!(
        "{} cases from {} events in {:.1} s ({} events/s), as of {}, as known at {}",
        grouped(folded.cases()),
        grouped(folded.events),
        took.as_secs_f64(),
        grouped(per_second(folded.events, took)),
        asked.as_of,
        asked.known_at,
    );
    Ok(ExitCode::SUCCESS)
}

/// Refuses a programme that the tenant does not know, shipped or its own.
///
/// # Errors
/// The same; or that the log cannot be read.
pub(super) async fn require_programme(
    log: &EventLog,
    tenant: TenantNo,
    name: Option<&Code>,
) -> anyhow::Result<()> {
    let Some(name) = name else { return Ok(()) };
    let known = log.programmes(tenant).await?;
    if known.newest(name.as_str()).is_some() {
        return Ok(());
    }
    // The versions of one programme stand together.
    let mut names: Vec<&str> = known.all().map(|one| one.id.as_str()).collect();
    names.dedup();
    bail!("there is no programme {name}: it is one of {}", names.join(", "))
}

async fn fold(log: &EventLog, arguments: &ReplayArguments, asked: Asked) -> anyhow::Result<Folded> {
    let name = &arguments.tenant;
    let Some(tenant) = log.find_tenant(name.as_str()).await? else {
        bail!("there is no tenant {name}");
    };
    require_programme(log, tenant.tenant_no, arguments.programme.as_ref()).await?;
    let head = log.head(tenant.tenant_no).await?;
    let read = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&read);
    let total = u64::try_from(head.position.0).ok();
    let progress = Progress::follow(Unit::Events, total, move || counted.load(Ordering::Relaxed));
    let programme = arguments.programme.clone();
    let question = Question { tenant: tenant.tenant_no, head, programme, asked };
    let folded = replay::fold(log, question, read).await;
    drop(progress);
    folded
}

/// Written beside its place first, and readable by its owner alone: it is about persons' cases.
fn write_file(folded: &Folded, format: Format, file: &Path) -> anyhow::Result<()> {
    let context = || format!("could not write {}", file.display());
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut draft = NamedTempFile::new_in(directory).with_context(context)?;
    replay::write(folded, format, BufWriter::new(&mut draft)).with_context(context)?;
    draft.flush().with_context(context)?;
    draft.as_file().sync_all().with_context(context)?;
    draft.persist(file).map_err(|error| error.error).with_context(context)?;
    Ok(())
}
