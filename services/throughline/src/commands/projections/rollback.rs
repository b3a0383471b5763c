//! `throughline projections rollback`.

use serde_json::json;
use throughline_domain::code::Code;
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{SwitchError, rollback};

use super::{ActingArguments, projection, tenant};
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// What `projections rollback` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RollbackArguments {
    /// Projection whose build before is to be live again.
    #[arg(value_name = "NAME", value_parser = projection())]
    name: Projection,

    /// Tenant whose readers it is about.
    #[arg(long, value_name = "TENANT")]
    tenant: Code,

    /// Print a JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

/// Goes back to the build before.
pub(super) async fn run(arguments: RollbackArguments) -> anyhow::Result<u8> {
    let RollbackArguments { name: projection, acting, .. } = &arguments;
    let switched = with_log(&acting.database, Sealed::Untouched, async |open: OpenLog| {
        let tenant = tenant(&open, &arguments.tenant).await?.tenant_no;
        let mut client = open.log.pool().get().await?;
        let act = Act::on(Action::Rollback, Some(*projection));
        let work = acting.operator(tenant);
        let work = work.act(&mut client, act, async |client, act| {
            let switched = rollback(client, tenant, *projection).await?;
            act.build = Some(switched.to);
            Ok::<_, SwitchError>(switched)
        });
        Ok(work.await?)
    })
    .await?;
    let (tenant, name) = (&arguments.tenant, projection.name());
    let (from, to) = (switched.from, switched.to);
    if arguments.json {
        let tenant = tenant.as_str();
        println!("{}", json!({"tenant": tenant, "projection": name, "from": from, "to": to}));
    } else {
        println!("{tenant} {name}: build {to} is live again, build {from} goes on being followed");
    }
    Ok(0)
}
