//! `throughline projections drop`.

use serde_json::json;
use throughline_domain::code::Code;
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{SwitchError, drop_build};

use super::{ActingArguments, projection, tenant};
use crate::commands::confirm::confirm;
use crate::commands::with_log::{OpenLog, Sealed, with_log};

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

/// Drops a build.
pub(super) async fn run(arguments: DropArguments) -> anyhow::Result<u8> {
    let DropArguments { name: projection, tenant: name, build, acting, .. } = &arguments;
    let question = format!("Drop build {build} of {} of tenant {name}?", projection.name());
    confirm(&question, "nothing was dropped", arguments.yes)?;
    with_log(&acting.database, Sealed::Untouched, async |open: OpenLog| {
        let tenant = tenant(&open, name).await?.tenant_no;
        let mut client = open.log.pool().get().await?;
        let act = Act { build: Some(*build), ..Act::on(Action::Drop, Some(*projection)) };
        let work = acting.operator(tenant);
        let work = work.act(&mut client, act, async |client, _| {
            drop_build(client, tenant, *projection, *build).await?;
            Ok::<_, SwitchError>(())
        });
        Ok(work.await?)
    })
    .await?;
    let projection = projection.name();
    if arguments.json {
        println!("{}", json!({"tenant": name.as_str(), "projection": projection, "build": build}));
    } else {
        println!("{name} {projection}: build {build} is dropped");
    }
    Ok(0)
}
