//! `throughline log live`.

use std::process::ExitCode;

use anyhow::bail;
use throughline_domain::code::Code;
use throughline_log::{EventLog, TenantState};

use super::database::DatabaseArguments;
use super::with_log::{OpenLog, Sealed, with_log};

/// What `log live` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct LiveArguments {
    /// Tenant to make live.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Makes a tenant live, or says that it is.
///
/// # Errors
/// When there is no such tenant, or the database cannot be reached.
pub(crate) async fn run(arguments: LiveArguments) -> anyhow::Result<ExitCode> {
    let tenant = &arguments.tenant;
    let work = async |open: OpenLog| {
        let said = go_live(&open.log, tenant).await?;
        open.replay_erasures().await?;
        Ok(said)
    };
    let said = with_log(&arguments.database, Sealed::Handled, work).await?;
    println!("{said}");
    Ok(ExitCode::SUCCESS)
}

async fn go_live(log: &EventLog, name: &Code) -> anyhow::Result<String> {
    let Some(tenant) = log.find_tenant(name.as_str()).await? else {
        bail!("there is no tenant {name}: `throughline log load` creates one")
    };
    match tenant.state {
        TenantState::Live => Ok(format!("tenant {name} is live already")),
        TenantState::Loading => {
            let position = log.go_live(tenant.tenant_no).await?;
            Ok(format!("tenant {name} is live from position {position} on"))
        }
    }
}
