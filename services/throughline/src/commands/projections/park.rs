//! `throughline projections park`: `list` and `retry`.

use serde_json::json;
use throughline_domain::code::Code;
use throughline_domain::ids::CaseId;
use throughline_log::LogError;
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{Parked, parked, retry_parked};

use super::table::{Flush, aligned};
use super::{ActingArguments, projection, tenants};
use crate::commands::database::DatabaseArguments;
use crate::commands::progress::grouped;
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// What `projections park` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ParkArguments {
    #[command(subcommand)]
    command: ParkCommand,
}

/// What to do about cases that are set aside.
#[derive(Debug, clap::Subcommand)]
enum ParkCommand {
    /// Which cases are set aside, why, and since when.
    List(ParkListArguments),
    /// Try them again at once, as after a new program was installed.
    ///
    /// A projector does it within about a second: `park list` tells whether it succeeded.
    Retry(ParkRetryArguments),
}

/// What `projections park list` is told.
#[derive(Debug, clap::Args)]
struct ParkListArguments {
    /// Tenant whose cases are listed; may be given several times. All of them when absent.
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<Code>,

    /// Print a JSON object for each.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: DatabaseArguments,
}

/// What `projections park retry` is told.
#[derive(Debug, clap::Args)]
struct ParkRetryArguments {
    /// Projection that has set them aside. All of them when absent.
    #[arg(value_name = "NAME", value_parser = projection())]
    name: Option<Projection>,

    /// The case. All of them when absent.
    #[arg(long, value_name = "CASE_ID")]
    case: Option<CaseId>,

    /// Tenant whose cases are tried again; may be given several times. All of them when absent.
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<Code>,

    /// Print a JSON object for each tenant.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

/// Lists what is set aside, or has it tried again.
pub(super) async fn run(arguments: ParkArguments) -> anyhow::Result<u8> {
    match arguments.command {
        ParkCommand::List(arguments) => list(arguments).await,
        ParkCommand::Retry(arguments) => retry(arguments).await,
    }
}

async fn list(arguments: ParkListArguments) -> anyhow::Result<u8> {
    let work = async |open: OpenLog| {
        let client = open.log.pool().get().await?;
        let mut found: Vec<(String, Parked)> = Vec::new();
        for tenant in tenants(&open, &arguments.tenants).await? {
            let of_tenant = parked(&client, tenant.tenant_no.0, None).await?;
            found.extend(of_tenant.into_iter().map(|parked| (tenant.name.clone(), parked)));
        }
        Ok(found)
    };
    let found = with_log(&arguments.database, Sealed::Untouched, work).await?;
    if arguments.json {
        for (tenant, parked) in &found {
            println!("{}", told(tenant, parked));
        }
    } else {
        let rows: Vec<_> = found.iter().map(|(tenant, parked)| cells(tenant, parked)).collect();
        print!("{}", aligned(&HEADS, &rows));
    }
    Ok(0)
}

const HEADS: [(&str, Flush); 9] = [
    ("TENANT", Flush::Left),
    ("PROJECTION", Flush::Left),
    ("BUILD", Flush::Right),
    ("CASE", Flush::Left),
    ("POSITION", Flush::Right),
    ("EVENT", Flush::Left),
    ("ERROR", Flush::Left),
    ("SINCE", Flush::Left),
    ("TRIES", Flush::Right),
];

fn cells(tenant: &str, parked: &Parked) -> Vec<String> {
    vec![
        tenant.to_owned(),
        parked.projection.name().to_owned(),
        parked.build.to_string(),
        parked.case_id.to_string(),
        grouped(parked.position.0.unsigned_abs()),
        parked.event_type.clone().unwrap_or_else(|| "-".to_owned()),
        parked.error_class.clone(),
        format!("{:.0}", parked.since),
        parked.tries.to_string(),
    ]
}

fn told(tenant: &str, parked: &Parked) -> String {
    json!({
        "tenant": tenant,
        "projection": parked.projection.name(),
        "build": parked.build,
        "case_id": parked.case_id.0,
        "position": parked.position.0,
        "event_id": parked.event_id.map(|event| event.0),
        "event_type": parked.event_type,
        "error_class": parked.error_class,
        "since": parked.since,
        "tries": parked.tries,
        "tried_at": parked.tried_at,
        "retry_at": parked.retry_at,
    })
    .to_string()
}

async fn retry(arguments: ParkRetryArguments) -> anyhow::Result<u8> {
    let ParkRetryArguments { name, case, acting, .. } = &arguments;
    with_log(&acting.database, Sealed::Untouched, async |open: OpenLog| {
        let mut client = open.log.pool().get().await?;
        for tenant in tenants(&open, &arguments.tenants).await? {
            let tenant_no = tenant.tenant_no;
            let act = Act { case_id: *case, ..Act::on(Action::RetryParked, *name) };
            let work = acting.operator(tenant_no);
            let work = work.act(&mut client, act, async |client, act| {
                let streams = retry_parked(client, tenant_no, *name, *case).await?;
                act.count = Some(streams);
                Ok::<_, LogError>(streams)
            });
            let streams = work.await?;
            if arguments.json {
                println!("{}", json!({"tenant": tenant.name, "streams": streams}));
            } else {
                println!("{}: {} streams are tried again", tenant.name, grouped(streams));
            }
        }
        Ok(0)
    })
    .await
}
