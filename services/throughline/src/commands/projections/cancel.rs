//! `throughline projections cancel`.

use deadpool_postgres::Object;
use serde_json::json;
use throughline_domain::code::Code;
use throughline_log::LogError;
use throughline_projector::operator::{Act, Action, Operator, Refusal};
use throughline_projector::{Rebuild, RebuildError, cancel_rebuild, find_rebuild};
use uuid::Uuid;

use super::{ActingArguments, tenant};
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

    /// Print a JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

/// Calls a rebuild off.
pub(super) async fn run(arguments: CancelArguments) -> anyhow::Result<u8> {
    let operation_id = arguments.operation_id;
    let rebuild = with_log(&arguments.acting.database, Sealed::Untouched, async |open: OpenLog| {
        let tenant = tenant(&open, &arguments.tenant).await?.tenant_no;
        let by = arguments.acting.operator(tenant);
        let mut client = open.log.pool().get().await?;
        let Some(rebuild) = find_rebuild(&client, tenant, operation_id).await? else {
            return Err(refuse(&mut client, &by, operation_id).await.into());
        };
        call_off(&mut client, &by, &rebuild).await?;
        Ok(rebuild)
    })
    .await?;
    if arguments.json {
        let members = json!({
            "tenant": arguments.tenant.as_str(),
            "projection": rebuild.projection.name(),
            "build": rebuild.build,
            "operation_id": operation_id,
        });
        println!("{members}");
    } else {
        println!("rebuild {operation_id} is called off: it ends at the next slice or phase");
    }
    Ok(0)
}

/// Writes down that a rebuild was named that there is none of, as over REST.
async fn refuse(client: &mut Object, by: &Operator, operation_id: Uuid) -> RebuildError {
    let act = Act { operation_id: Some(operation_id), ..Act::on(Action::Cancel, None) };
    let refused = by.act(client, act, async |_, _| {
        Err::<std::convert::Infallible, _>(RebuildError::NoSuchRebuild { operation_id })
    });
    match refused.await {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

/// Why a rebuild was not called off.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotCalledOff {
    /// What came of it stays.
    #[error("the rebuild is over")]
    IsOver,
    /// The database.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Refusal for NotCalledOff {
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::IsOver => Some("operation-over"),
            Self::Log(_) => None,
        }
    }
}

/// Calls a rebuild off, with its line of the audit.
pub(super) async fn call_off(
    client: &mut Object,
    by: &Operator,
    rebuild: &Rebuild,
) -> Result<(), NotCalledOff> {
    let operation_id = rebuild.operation_id;
    let act = Act {
        build: Some(rebuild.build),
        operation_id: Some(operation_id),
        ..Act::on(Action::Cancel, Some(rebuild.projection))
    };
    by.act(client, act, async |client, _| {
        let was_under_way = cancel_rebuild(client, by.tenant, operation_id).await?;
        if was_under_way { Ok(()) } else { Err(NotCalledOff::IsOver) }
    })
    .await
}
