//! `throughline log load`.

use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use throughline_domain::code::Code;
use throughline_log::{LoadError, TenantState};
use tokio::fs::File;
use tokio::io::BufReader;

use super::database::DatabaseArguments;
use super::progress::{Progress, Unit, grouped, per_second};
use super::safeguards::SafeguardArguments;
use super::with_log::{OpenLog, Sealed, with_log};
use crate::history::{self, LoadRefused, Summary};

const BUFFER_BYTES: usize = 256 * 1024;

/// What `log load` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct LoadArguments {
    /// File of events, one JSON object a line, in the order of recording; `-` for standard input.
    ///
    /// `ops/history-format.md` describes the lines.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Tenant to load into. It is created if it is absent.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,

    #[command(flatten)]
    pub(crate) safeguards: SafeguardArguments,
}

/// Loads a history: all of it, or nothing.
///
/// # Errors
/// When the tenant is live, the file or the database cannot be read, or a line is refused: then
/// with the number of the line and the reason, and nothing of its content.
pub(crate) async fn run(arguments: LoadArguments) -> anyhow::Result<ExitCode> {
    let LoadArguments { file, tenant, database, safeguards } = arguments;
    let input = Input::open(&file).await?;
    let timed = with_log(&database, Sealed::Handled, async |open: OpenLog| {
        for warning in safeguards.require(open.log.pool()).await? {
            eprintln!("{warning}");
        }
        let started = Instant::now();
        let loaded = (load(&open, &tenant, input).await?, started.elapsed());
        open.replay_erasures().await?;
        Ok(loaded)
    })
    .await?;
    let (Summary { loaded, cases }, took) = timed;
    println!(
        "loaded {} events of {} cases into {tenant} in {:.1} s ({} events/s); its log ends at {}",
        grouped(loaded.events),
        grouped(cases),
        took.as_secs_f64(),
        grouped(per_second(loaded.events, took)),
        loaded.position,
    );
    Ok(ExitCode::SUCCESS)
}

async fn load(open: &OpenLog, name: &Code, input: Input) -> anyhow::Result<Summary> {
    let tenant = open.log.create_tenant(name.as_str(), TenantState::Loading).await?;
    if tenant.state == TenantState::Live {
        bail!("tenant {name} is live, so no history can be loaded into it");
    }
    let Input { name: file, bytes, content } = input;
    let reader = BufReader::with_capacity(BUFFER_BYTES, content);
    let mut progress = None;
    let loaded = history::load(&open.log, &open.master_key, &tenant, reader, |reached| {
        progress = Some(Progress::follow(Unit::Bytes, bytes, move || reached.bytes()));
    })
    .await;
    drop(progress);
    loaded.map_err(|refused| match refused {
        LoadRefused::Line { number, reason } => anyhow!("{file} line {number}: {reason}"),
        LoadRefused::Log(LoadError::AlreadyLive { .. }) => {
            anyhow!("tenant {name} is live, so no history can be loaded into it")
        }
        refused @ (LoadRefused::Unread(_) | LoadRefused::Log(_)) => {
            anyhow::Error::new(refused).context(format!("{file} was not loaded"))
        }
    })
}

/// What is to be loaded.
struct Input {
    /// How it is called in messages.
    name: String,
    /// How long it is, where that is known.
    bytes: Option<u64>,
    content: File,
}

impl Input {
    async fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            let stdin = io::stdin().as_fd().try_clone_to_owned();
            let content = std::fs::File::from(stdin.context("could not read standard input")?);
            let name = "standard input".to_owned();
            return Ok(Self { name, bytes: None, content: File::from_std(content) });
        }
        let name = path.display().to_string();
        let unread = || format!("could not read {name}");
        let content = File::open(path).await.with_context(unread)?;
        let metadata = content.metadata().await.with_context(unread)?;
        if metadata.is_dir() {
            bail!("{name} is a directory");
        }
        let bytes = metadata.is_file().then_some(metadata.len());
        Ok(Self { name, bytes, content })
    }
}
