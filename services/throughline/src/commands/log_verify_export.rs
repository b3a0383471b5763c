//! `throughline log verify-export`.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use throughline_log::{CheckpointLine, ExportVerdict, verify_export};

use super::checkpoints::{Believed, believed, difference};
use super::progress::{Progress, Unit, grouped};
use crate::one_line;

const BUFFER_BYTES: usize = 256 * 1024;
/// What it exits with when it could not find out.
const NOT_CHECKED: u8 = 2;

/// What `log verify-export` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyExportArguments {
    /// File that `log export` wrote.
    #[arg(value_name = "EXPORT")]
    pub(crate) export: PathBuf,

    /// File of signed checkpoints that it must agree with.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: PathBuf,

    /// Public key that signed them, or a file that holds it.
    #[arg(long, value_name = "BASE64|FILE")]
    pub(crate) public_key: Option<String>,
}

/// Verifies an export and prints a line.
pub(crate) async fn run(arguments: VerifyExportArguments) -> ExitCode {
    match verify(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}", one_line(&error));
            ExitCode::from(NOT_CHECKED)
        }
    }
}

async fn verify(arguments: &VerifyExportArguments) -> anyhow::Result<bool> {
    let lines = match believed(&arguments.checkpoint, arguments.public_key.as_deref())? {
        Believed::All(lines) => lines,
        Believed::Not(why) => {
            println!("{why}");
            return Ok(false);
        }
    };
    let name = arguments.export.display();
    let verdict = follow(arguments.export.clone(), lines).await;
    let verdict = verdict.with_context(|| format!("could not read {name}"))?;
    println!("{name}: {}", text(&verdict));
    Ok(verdict.is_accepted())
}

async fn follow(export: PathBuf, lines: Vec<CheckpointLine>) -> anyhow::Result<ExportVerdict> {
    let file = File::open(&export)?;
    let total = file.metadata()?.len();
    let read = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&read);
    let progress =
        Progress::follow(Unit::Bytes, Some(total), move || counted.load(Ordering::Relaxed));
    let verdict = tokio::task::spawn_blocking(move || {
        verify_export(BufReader::with_capacity(BUFFER_BYTES, file), &lines, &read)
    })
    .await;
    drop(progress);
    Ok(verdict??)
}

fn text(verdict: &ExportVerdict) -> String {
    let events = grouped(u64::try_from(verdict.events).unwrap_or(0));
    let differing = verdict.agreement.differing;
    if let Some((line, position, flaw)) = &verdict.flaw {
        let broken = format!("broken at line {line}, position {position}: {flaw}");
        return match difference(&verdict.agreement) {
            Some(why) => format!("{broken}; also {why}"),
            None => broken,
        };
    }
    if let (Some(_), Some(why)) = (differing, difference(&verdict.agreement)) {
        return format!("{events} events, consistent in itself, and {why}");
    }
    let last = verdict.agreement.last.map_or(0, |last| last.position.0);
    let signed = grouped(u64::try_from(last).unwrap_or(0));
    format!(
        "holds, {events} events, signed up to position {signed}, {} checkpoints agree",
        verdict.agreement.agreeing
    )
}
