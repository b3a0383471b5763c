//! `throughline log checkpoint` and `log checkpoint-key`.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use throughline_domain::code::Code;
use throughline_log::{Checkpoint, EventLog, SigningKey, Tenant};

use super::checkpoint_log::CheckpointLog;
use super::database::DatabaseArguments;
use super::signing_key::signing_key;
use super::with_log::{OpenLog, Sealed, with_log};

/// What `log checkpoint` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckpointArguments {
    /// Tenant whose log is signed; may be given several times. All of them when absent.
    #[arg(long = "tenant", value_name = "TENANT")]
    pub(crate) tenants: Vec<Code>,

    /// File to append to. Standard output when absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// What `log checkpoint-key` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckpointKeyArguments {
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Signs where logs end, and writes a line for each that has an event.
///
/// # Errors
/// When there is no key, no such tenant, or the output cannot be written.
pub(crate) async fn run(arguments: CheckpointArguments) -> anyhow::Result<ExitCode> {
    let CheckpointArguments { tenants, out, database } = arguments;
    let key = signing_key(&database.data_dir, is_private(&database))?;
    let checkpoints = with_log(&database, Sealed::Untouched, async |open: OpenLog| {
        sign(&open.log, &key, &tenants).await
    })
    .await?;
    if let Some(file) = out {
        CheckpointLog::new(&file).append(&checkpoints)?;
    } else {
        let mut stdout = io::stdout().lock();
        for checkpoint in checkpoints {
            writeln!(stdout, "{}", checkpoint.to_line()).context("could not write")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the public half of the key.
///
/// # Errors
/// When there is no key.
pub(crate) fn print_key(arguments: &CheckpointKeyArguments) -> anyhow::Result<ExitCode> {
    let database = &arguments.database;
    println!("{}", signing_key(&database.data_dir, is_private(database))?.public_key());
    Ok(ExitCode::SUCCESS)
}

/// Whether the database will be the private one, without opening it.
fn is_private(database: &DatabaseArguments) -> bool {
    database.database_url.as_ref().is_none_or(|url| url.expose().is_empty())
}

async fn sign(log: &EventLog, key: &SigningKey, names: &[Code]) -> anyhow::Result<Vec<Checkpoint>> {
    let mut checkpoints = Vec::new();
    for Tenant { tenant_no, name, .. } in chosen(log, names).await? {
        let head = log.head(tenant_no).await?;
        match Checkpoint::sign(key, tenant_no, &name, &head, Timestamp::now()) {
            Some(checkpoint) => checkpoints.push(checkpoint),
            None => eprintln!("the log of {name} has no event yet, so there is nothing to sign"),
        }
    }
    Ok(checkpoints)
}

async fn chosen(log: &EventLog, names: &[Code]) -> anyhow::Result<Vec<Tenant>> {
    if names.is_empty() {
        return Ok(log.tenants().await?);
    }
    let mut tenants = Vec::with_capacity(names.len());
    for name in names {
        let Some(tenant) = log.find_tenant(name.as_str()).await? else {
            bail!("there is no tenant {name}");
        };
        tenants.push(tenant);
    }
    Ok(tenants)
}
