//! `throughline demo`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use throughline_log::TenantState;

use super::database::Database;
use super::master_key::master_key;
use super::migrate::migrate;
use super::serve::{self, ServeArguments, StopSignals};
use super::with_log::OpenLog;
use crate::demo::{self, Demonstration, Guide};
use crate::history;
use crate::telemetry::Telemetry;

/// What `demo` is told: the same as `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArguments {
    #[command(flatten)]
    pub(crate) serve: ServeArguments,

    /// Print the demonstration history, as `log load` reads it, and do nothing else.
    #[arg(long, hide = true)]
    pub(crate) print_history: bool,
}

/// Loads the demonstration history if there is none, then serves.
///
/// # Errors
/// Whatever keeps the service from starting.
pub(crate) async fn run(arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    if arguments.print_history {
        io::stdout().write_all(demo::history()?.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = arguments.serve;
    let mut stop = StopSignals::listen()?;
    let telemetry = Telemetry::init()?;
    let database = Database::open(&arguments.database).await?;
    let outcome = prepare_and_serve(&arguments, &database, &mut stop).await;
    database.close().await?;
    telemetry.shutdown();
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn prepare_and_serve(
    arguments: &ServeArguments,
    database: &Database,
    stop: &mut StopSignals,
) -> anyhow::Result<()> {
    let data_dir = &arguments.database.data_dir;
    migrate(database.owner_config()?).await?;
    let key = master_key(data_dir, database.is_private())?;
    let open = OpenLog::new(database, key, arguments.database.erasures())?;
    // The server warns of what is accepted.
    arguments.safeguards.require(open.log.pool()).await?;
    for demonstration in demo::all()? {
        println!("{}", prepare(&open, demonstration).await?);
    }
    open.log.pool().close();

    let issues_tokens = arguments.oidc_issuer.is_none();
    serve::serve(arguments, database, stop, |address| {
        print!("{}", Guide::new(address, data_dir, issues_tokens)?);
        Ok(())
    })
    .await
}

/// Loads the history and takes the tenant live, as far as an earlier run has not.
async fn prepare(open: &OpenLog, demonstration: Demonstration) -> anyhow::Result<String> {
    let OpenLog { log, master_key, .. } = open;
    let Demonstration { tenant: name, known_case, history: text } = demonstration;
    let tenant = log.create_tenant(name, TenantState::Loading).await?;
    if tenant.state == TenantState::Live {
        let known = log.read_stream(tenant.tenant_no, known_case.into()).await?;
        ensure!(
            !known.is_empty(),
            "tenant {name} is live and is not the demonstration: use another database or --data-dir"
        );
        return Ok(format!("tenant {name} has its history"));
    }
    // A load is whole or was not: one that ended before the tenant went live is not done again.
    if log.head(tenant.tenant_no).await?.recorded_at.is_none() {
        let loaded = history::load(log, master_key, &tenant, text.as_bytes(), |_| {}).await;
        loaded.context("the demonstration history")?;
    }
    let position = log.go_live(tenant.tenant_no).await?;
    Ok(format!("tenant {name} has its history, and is live from position {position} on"))
}
