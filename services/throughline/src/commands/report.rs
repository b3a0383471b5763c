//! `throughline report`: an edition as one page to read and to print.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use throughline_domain::code::Code;

use super::database::DatabaseArguments;
use super::edition::{OfTenant, find_published};
use crate::report;

/// What `report` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArguments {
    /// The edition.
    #[arg(value_name = "EDITION")]
    edition: Code,

    /// Tenant whose edition it is.
    #[arg(long, value_name = "TENANT")]
    tenant: Code,

    /// File to write, for its owner alone; it must not be there yet. Standard output when absent.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    database: DatabaseArguments,
}

/// Writes the page.
pub(crate) async fn run(arguments: ReportArguments) -> ExitCode {
    match write(arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("throughline: {error:#}");
            ExitCode::from(super::edition::FAILED)
        }
    }
}

async fn write(arguments: ReportArguments) -> anyhow::Result<ExitCode> {
    let ReportArguments { edition, tenant, out, database } = arguments;
    let of = OfTenant { tenant, json: false, database };
    let published = match find_published(&edition, &of).await? {
        Ok(published) => published,
        Err(code) => return Ok(code),
    };
    let page = report::page(&published);
    match out {
        Some(path) => whole(&path, &page)?,
        None => io::stdout().lock().write_all(page.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is there whole or not at all.
fn whole(path: &Path, page: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .context("could not make the file, which must not be there yet")?;
    let written = file
        .set_permissions(fs::Permissions::from_mode(0o600))
        .and_then(|()| file.write_all(page.as_bytes()))
        .and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written.context("could not write the file")
}
