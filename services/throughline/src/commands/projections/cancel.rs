//! `throughline projections cancel`.

use deadpool_postgres::Object;
use serde_json::json;
use throughline_domain::code::Code;
use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action, Operator, Refusal};
use throughline_projector::{
    Rebuild, RebuildError, Verification, cancel_rebuild, cancel_verification, find_rebuild,
    find_verification,
};
use uuid::Uuid;

use super::{ActingArguments, tenant};
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// What `projections cancel` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct CancelArguments {
    /// The rebuild, as `rebuild` or `list --json` printed it, or a verification that was asked for over
    /// REST.
    #[arg(value_name = "OPERATION_ID")]
    operation_id: Uuid,

    /// Tenant whose projection it is of.
    #[arg(long, value_name = "TENANT")]
    tenant: Code,

    /// Print a JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

/// What is called off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    kind: &'static str,
    operation_id: Uuid,
    projection: Projection,
    build: Option<i32>,
}

impl From<&Rebuild> for Target {
    fn from(rebuild: &Rebuild) -> Self {
        let Rebuild { operation_id, projection, build, .. } = *rebuild;
        Self { kind: "rebuild", operation_id, projection, build: Some(build) }
    }
}

impl From<&Verification> for Target {
    fn from(asked: &Verification) -> Self {
        let Verification { operation_id, projection, build, .. } = *asked;
        Self { kind: "verification", operation_id, projection, build }
    }
}

async fn find(
    client: &Object,
    tenant: TenantNo,
    operation_id: Uuid,
) -> Result<Option<Target>, LogError> {
    if let Some(rebuild) = find_rebuild(client, tenant, operation_id).await? {
        return Ok(Some(Target::from(&rebuild)));
    }
    Ok(find_verification(client, tenant, operation_id).await?.as_ref().map(Target::from))
}

/// Calls a rebuild or a verification off.
pub(super) async fn run(arguments: CancelArguments) -> anyhow::Result<u8> {
    let operation_id = arguments.operation_id;
    let operation =
        with_log(&arguments.acting.database, Sealed::Untouched, async |open: OpenLog| {
            let tenant = tenant(&open, &arguments.tenant).await?.tenant_no;
            let by = arguments.acting.operator(tenant);
            let mut client = open.log.pool().get().await?;
            let Some(operation) = find(&client, tenant, operation_id).await? else {
                return Err(refuse(&mut client, &by, operation_id).await.into());
            };
            call_off(&mut client, &by, operation).await?;
            Ok(operation)
        })
        .await?;
    if arguments.json {
        let members = json!({
            "tenant": arguments.tenant.as_str(),
            "projection": operation.projection.name(),
            "build": operation.build,
            "operation_id": operation_id,
        });
        println!("{members}");
    } else {
        println!("{} {operation_id} is called off, and ends soon", operation.kind);
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

/// Why an operation was not called off.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotCalledOff {
    /// What came of it stays.
    #[error("the operation is over")]
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

/// Calls an operation off, with its line of the audit.
pub(super) async fn call_off(
    client: &mut Object,
    by: &Operator,
    Target { operation_id, projection, build, .. }: Target,
) -> Result<(), NotCalledOff> {
    let act = Act {
        build,
        operation_id: Some(operation_id),
        ..Act::on(Action::Cancel, Some(projection))
    };
    by.act(client, act, async |client, _| {
        let was_under_way = cancel_rebuild(client, by.tenant, operation_id).await?
            || cancel_verification(client, by.tenant, operation_id).await?;
        if was_under_way { Ok(()) } else { Err(NotCalledOff::IsOver) }
    })
    .await
}
