//! `throughline projections cancel`.

use throughline_domain::code::Code;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{RebuildError, cancel_rebuild, find_rebuild};
use uuid::Uuid;

use super::{ActingArguments, IsOver, Unknown, tenant};
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// What `projections cancel` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct CancelArguments {
    /// The rebuild, as `rebuild` or `list --json` printed it.
    #[arg(value_name = "OPERATION_ID")]
    operation_id: Uuid,

    /// Tenant whose projection is rebuilt.
    #[arg(long, value_name = "TENANT")]
    tenant: Code,

    #[command(flatten)]
    acting: ActingArguments,
}

/// Calls a rebuild off.
pub(super) async fn run(arguments: CancelArguments) -> anyhow::Result<u8> {
    let operation_id = arguments.operation_id;
    with_log(&arguments.acting.database, Sealed::Untouched, async |open: OpenLog| {
        let tenant = tenant(&open, &arguments.tenant).await?.tenant_no;
        let by = arguments.acting.operator(tenant);
        let mut client = open.log.pool().get().await?;
        let Some(rebuild) = find_rebuild(&client, tenant, operation_id).await? else {
            return Err(Unknown::Rebuild.into());
        };
        let act = Act {
            build: Some(rebuild.build),
            operation_id: Some(operation_id),
            ..Act::on(Action::Cancel, Some(rebuild.projection))
        };
        let work = by.act(&mut client, act, async |client, _| {
            Ok::<_, RebuildError>(cancel_rebuild(client, tenant, operation_id).await?)
        });
        if work.await? { Ok(()) } else { Err(IsOver.into()) }
    })
    .await?;
    println!("rebuild {operation_id} is called off: it ends at the next slice or phase");
    Ok(0)
}
