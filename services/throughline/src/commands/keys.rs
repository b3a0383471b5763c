//! `throughline keys`: `rotate-tenant` and `rotate-master`. See `ops/runbooks/keys.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use throughline_domain::code::Code;

use super::database::{Database, DatabaseArguments};
use super::master_key::Replacement;
use super::migrate::migrate;
use super::progress::grouped;
use super::with_log::{OpenLog, Sealed, with_log};

/// What `keys` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct KeysArguments {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

/// Which key to replace.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum KeysCommand {
    /// Give a tenant a new key. Recording waits until all its cases and persons are under it.
    RotateTenant(RotateTenantArguments),
    /// Put the tenants' keys under a new master key.
    RotateMaster(RotateMasterArguments),
}

/// What `keys rotate-tenant` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RotateTenantArguments {
    /// Tenant that gets a new key.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// What `keys rotate-master` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RotateMasterArguments {
    /// File with the new master key: 32 random bytes in base64, of mode 0600.
    ///
    /// Running services must know it before, as their key, and the old one as the key before it
    /// (`THROUGHLINE_MASTER_KEY_PREVIOUS_FILE`). Without it, a data directory's own key is replaced
    /// by one that is made here; nothing else may use the directory then.
    #[arg(long, value_name = "FILE")]
    pub(crate) new_key_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Replaces the key that was asked for.
///
/// # Errors
/// When a key does not open, or the database refuses; then none was replaced.
pub(crate) async fn run(arguments: KeysArguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        KeysCommand::RotateTenant(arguments) => rotate_tenant(arguments).await,
        KeysCommand::RotateMaster(arguments) => rotate_master(arguments).await,
    }
}

async fn rotate_tenant(arguments: RotateTenantArguments) -> anyhow::Result<ExitCode> {
    let name = &arguments.tenant;
    let rotated = with_log(&arguments.database, Sealed::Handled, async |open: OpenLog| {
        let Some(tenant) = open.log.find_tenant(name.as_str()).await? else {
            bail!("there is no tenant {name}")
        };
        Ok(open.log.rotate_tenant_key(tenant.tenant_no).await?)
    })
    .await?;
    println!("tenant {name} has a new key; {} keys are under it", grouped(rotated));
    Ok(ExitCode::SUCCESS)
}

async fn rotate_master(arguments: RotateMasterArguments) -> anyhow::Result<ExitCode> {
    let database = Database::open(&arguments.database).await?;
    let outcome = rotate_master_on(&arguments, &database).await;
    let closed = database.close().await;
    println!("{}", outcome?);
    closed?;
    Ok(ExitCode::SUCCESS)
}

async fn rotate_master_on(
    RotateMasterArguments { new_key_file, database: arguments }: &RotateMasterArguments,
    database: &Database,
) -> anyhow::Result<String> {
    let config = database.config()?;
    if database.is_private() {
        migrate(config.clone()).await?;
    }
    let new_key_file = new_key_file.as_deref();
    let replacement =
        Replacement::prepare(&arguments.data_dir, database.is_private(), new_key_file)?;
    let open = OpenLog::new(config, replacement.old.clone(), arguments.erasures())?;
    let rotated = open.log.rotate_master_key(&replacement.new).await?;
    let rotated = grouped(rotated);
    Ok(if replacement.finish()? {
        format!("{rotated} tenants' keys are under a new master key, which is in its place")
    } else {
        format!(
            "{rotated} tenants' keys are under the new master key: start every service with it \
             alone, then destroy the old one"
        )
    })
}
