//! `throughline keys`: `rotate-tenant` and `rotate-master`. See `ops/runbooks/keys.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use throughline_domain::code::Code;
use throughline_log::{AppendSettings, EventLog, MasterKey, pool};

use super::database::{Database, DatabaseArguments};
use super::master_key::{Replacement, master_key};
use super::migrate::migrate;
use super::progress::grouped;

/// One to rotate with, and one to look up the tenant and the ledger's persons.
const CONNECTIONS_MAX: usize = 2;

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
    let database = Database::open(&arguments.database).await?;
    let outcome = async {
        prepare(&database).await?;
        let key = master_key(&arguments.database.data_dir, database.is_private())?;
        let log = as_owner(&database, key)?;
        log.replay_erasures(&arguments.database.erasures()).await?;
        let Some(tenant) = log.find_tenant(name.as_str()).await? else {
            bail!("there is no tenant {name}")
        };
        Ok(log.rotate_tenant_key(tenant.tenant_no).await?)
    };
    let outcome = outcome.await;
    let closed = database.close().await;
    println!("tenant {name} has a new key; {} keys are under it", grouped(outcome?));
    closed?;
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
    prepare(database).await?;
    let new_key_file = new_key_file.as_deref();
    let replacement =
        Replacement::prepare(&arguments.data_dir, database.is_private(), new_key_file)?;
    let log = as_owner(database, replacement.old.clone())?;
    let rotated = grouped(log.rotate_master_key(&replacement.new).await?);
    Ok(if replacement.finish()? {
        format!("{rotated} tenants' keys are under a new master key, which is in its place")
    } else {
        format!(
            "{rotated} tenants' keys are under the new master key: start every service with it \
             alone, then destroy the old one"
        )
    })
}

/// Brings the schema of a private database up to date; that of another is its operator's.
async fn prepare(database: &Database) -> anyhow::Result<()> {
    if database.is_private() {
        migrate(database.owner_config()?).await?;
    }
    Ok(())
}

/// A log whose connections may go back to the owner of the tables, who alone may update a key.
fn as_owner(database: &Database, key: MasterKey) -> anyhow::Result<EventLog> {
    let pool = pool(database.owner_config()?, CONNECTIONS_MAX)?;
    Ok(EventLog::new(pool, key, AppendSettings::default()))
}
