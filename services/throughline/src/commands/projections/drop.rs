//! `throughline projections drop`.

use std::pin::pin;

use serde_json::json;
use throughline_domain::code::Code;
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{SwitchError, delete_dropped, drop_build};
use tokio_util::sync::CancellationToken;

use super::{ActingArguments, projection, tenant};
use crate::commands::confirm::confirm;
use crate::commands::with_log::{INTERRUPTED, OpenLog, Sealed, Signals, with_log_and_signals};

/// What `projections drop` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct DropArguments {
    /// Projection whose build is dropped.
    #[arg(value_name = "NAME", value_parser = projection())]
    name: Projection,

    /// Tenant whose build it is.
    #[arg(long, value_name = "TENANT")]
    tenant: Code,

    /// The build.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    build: i32,

    /// Do not ask. Needed where nobody can be asked.
    #[arg(long)]
    yes: bool,

    /// Print a JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

/// Drops a build: takes it out of use, then deletes what it has left. Ctrl-C ends the second, which
/// others go on with.
pub(super) async fn run(arguments: DropArguments) -> anyhow::Result<u8> {
    let DropArguments { name: projection, tenant: name, build, acting, .. } = &arguments;
    let question = format!("Drop build {build} of {} of tenant {name}?", projection.name());
    confirm(&question, "nothing was dropped", arguments.yes)?;
    let work = async |open: OpenLog, mut signals: Signals| {
        let tenant = tenant(&open, name).await?.tenant_no;
        let mut client = open.log.pool().get().await?;
        let act = Act { build: Some(*build), ..Act::on(Action::Drop, Some(*projection)) };
        let by = acting.operator(tenant);
        let taken = by.act(&mut client, act, async |client, _| {
            drop_build(client, tenant, *projection, *build).await?;
            Ok::<_, SwitchError>(())
        });
        taken.await?;
        drop(client);
        let stop = CancellationToken::new();
        let deleted = delete_dropped(open.log.pool(), tenant, *projection, *build, &stop);
        let mut deleted = pin!(deleted);
        let deleted = loop {
            tokio::select! {
                deleted = &mut deleted => break deleted,
                _ = signals.next() => stop.cancel(),
            }
        };
        let outcome = if stop.is_cancelled() { INTERRUPTED } else { 0 };
        Ok((deleted, outcome))
    };
    let ended = Box::pin(with_log_and_signals(&acting.database, Sealed::Untouched, work));
    let (deleted, outcome) = ended.await?;
    let projection = projection.name();
    let is_deleted = matches!(deleted, Ok(true));
    if arguments.json {
        let told = json!({
            "tenant": name.as_str(), "projection": projection, "build": build, "deleted": is_deleted
        });
        println!("{told}");
    } else {
        println!("{name} {projection}: build {build} is dropped");
    }
    if !is_deleted {
        let why = deleted.err().map(|error| format!(" ({error})")).unwrap_or_default();
        eprintln!(
            "{name} {projection}: what build {build} has left is not deleted yet{why}: a service or \
             the same command does that"
        );
    }
    Ok(if is_deleted { 0 } else { outcome })
}
