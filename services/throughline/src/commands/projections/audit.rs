//! `throughline projections audit`.

use serde_json::json;
use throughline_domain::code::Code;
use throughline_projector::operator::{AUDIT_MAX, AuditLine, audit};

use super::table::{Flush, aligned};
use super::{name_of, tenants};
use crate::commands::database::DatabaseArguments;
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// What `projections audit` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct AuditArguments {
    /// Tenant whose audit is printed. All of them when absent.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<Code>,

    /// How many lines at most.
    #[arg(long, value_name = "N", default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(AUDIT_MAX)))]
    limit: u32,

    /// Only lines older than the one of this number (`audit_id`).
    #[arg(long, value_name = "N")]
    after: Option<i64>,

    /// Print a JSON object for each line.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: DatabaseArguments,
}

/// Prints what operators did, the newest first.
pub(super) async fn run(arguments: AuditArguments) -> anyhow::Result<u8> {
    let work = async |open: OpenLog| {
        let tenants = tenants(&open, arguments.tenant.as_slice()).await?;
        let client = open.log.pool().get().await?;
        let asked = arguments.tenant.as_ref().and(tenants.first()).map(|tenant| tenant.tenant_no);
        let lines = audit(&client, asked, arguments.after, arguments.limit).await?.rows;
        let named = lines.into_iter().map(|line| (name_of(&tenants, line.tenant_no), line));
        Ok(named.collect::<Vec<_>>())
    };
    let lines = with_log(&arguments.database, Sealed::Untouched, work).await?;
    if arguments.json {
        for (tenant, line) in &lines {
            println!("{}", told(tenant, line));
        }
    } else {
        let rows: Vec<_> = lines.iter().map(|(tenant, line)| cells(tenant, line)).collect();
        print!("{}", aligned(&HEADS, &rows));
    }
    Ok(0)
}

const HEADS: [(&str, Flush); 8] = [
    ("AT", Flush::Left),
    ("TENANT", Flush::Left),
    ("ACTOR", Flush::Left),
    ("ORIGIN", Flush::Left),
    ("ACTION", Flush::Left),
    ("PROJECTION", Flush::Left),
    ("BUILD", Flush::Right),
    ("OUTCOME", Flush::Left),
];

fn cells(tenant: &str, line: &AuditLine) -> Vec<String> {
    let none = || "-".to_owned();
    let reason = line.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    vec![
        format!("{:.0}", line.at),
        tenant.to_owned(),
        line.actor.clone(),
        line.origin.clone(),
        line.action.clone(),
        line.projection.clone().unwrap_or_else(none),
        line.build.map_or_else(none, |build| build.to_string()),
        format!("{}{reason}", line.outcome),
    ]
}

fn told(tenant: &str, line: &AuditLine) -> String {
    json!({
        "audit_id": line.audit_id,
        "at": line.at,
        "tenant": tenant,
        "actor": line.actor,
        "actor_role": line.actor_role,
        "origin": line.origin,
        "action": line.action,
        "projection": line.projection,
        "build": line.build,
        "case_id": line.case_id.map(|case| case.0),
        "operation_id": line.operation_id,
        "count": line.count,
        "outcome": line.outcome,
        "reason": line.reason,
    })
    .to_string()
}
