//! `throughline projections list`.

use serde_json::json;
use throughline_domain::code::Code;
use throughline_log::Tenant;
use throughline_projector::{BuildStatus, REBUILDS_MAX, Rebuild, builds, rebuilds};

use super::table::{Flush, aligned};
use super::{name_of, tenants};
use crate::commands::database::DatabaseArguments;
use crate::commands::progress::grouped;
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// What `projections list` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArguments {
    /// Tenant whose projections are listed; may be given several times. All of them when absent.
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<Code>,

    /// Print a JSON object for each build.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: DatabaseArguments,
}

/// Prints a row for each build that is followed or being made.
pub(super) async fn run(arguments: ListArguments) -> anyhow::Result<u8> {
    let work = async |open: OpenLog| {
        let tenants = tenants(&open, &arguments.tenants).await?;
        let client = open.log.pool().get().await?;
        // First what is being made: what is switched in between is then a build.
        let under_way = rebuilds(&client, None, None, REBUILDS_MAX).await?.rows;
        let builds = builds(&open.log, &client, None).await?;
        Ok((tenants, builds, under_way))
    };
    let (tenants, builds, mut under_way) =
        with_log(&arguments.database, Sealed::Untouched, work).await?;
    under_way.retain(|rebuild| !rebuild.phase.is_over());
    let entries = entries(&tenants, &builds, &under_way);
    if arguments.json {
        for entry in &entries {
            println!("{}", entry.json(&tenants));
        }
    } else {
        let rows: Vec<_> = entries.iter().map(|entry| entry.cells(&tenants)).collect();
        print!("{}", aligned(&HEADS, &rows));
    }
    Ok(0)
}

const HEADS: [(&str, Flush); 10] = [
    ("TENANT", Flush::Left),
    ("PROJECTION", Flush::Left),
    ("VERSION", Flush::Right),
    ("BUILD", Flush::Right),
    ("STATE", Flush::Left),
    ("POSITION", Flush::Right),
    ("HEAD", Flush::Right),
    ("LAG", Flush::Right),
    ("PARKED", Flush::Right),
    ("UPDATED", Flush::Left),
];

/// A build that is followed, or being made, or both.
struct Entry<'a> {
    status: Option<&'a BuildStatus>,
    rebuild: Option<&'a Rebuild>,
}

/// By tenant and projection: the builds that are followed, then what is being made.
fn entries<'a>(
    tenants: &[Tenant],
    builds: &'a [BuildStatus],
    under_way: &'a [Rebuild],
) -> Vec<Entry<'a>> {
    let key = |rebuild: &Rebuild| (rebuild.tenant_no, rebuild.projection, rebuild.build);
    let followed = builds.iter().map(|status| {
        let made = (status.tenant_no, status.projection, status.build);
        let rebuild = under_way.iter().find(|rebuild| key(rebuild) == made);
        Entry { status: Some(status), rebuild }
    });
    let mut entries: Vec<Entry<'a>> = followed.collect();
    for rebuild in under_way {
        let is_there = |entry: &Entry<'_>| entry.rebuild.is_some_and(|at| key(at) == key(rebuild));
        if !entries.iter().any(is_there) {
            entries.push(Entry { status: None, rebuild: Some(rebuild) });
        }
    }
    entries.retain(|entry| {
        tenants.iter().any(|tenant| entry.key().is_some_and(|key| key.0 == tenant.tenant_no))
    });
    entries.sort_by_key(Entry::key);
    entries
}

type Key = (throughline_log::TenantNo, throughline_projections::Projection, i32);

impl Entry<'_> {
    fn key(&self) -> Option<Key> {
        let status = self.status.map(|at| (at.tenant_no, at.projection, at.build));
        status.or(self.rebuild.map(|at| (at.tenant_no, at.projection, at.build)))
    }

    fn version(&self) -> Option<i32> {
        self.status.map(|at| at.version).or(self.rebuild.map(|at| at.version))
    }

    fn state(&self) -> &'static str {
        match self.status {
            Some(status) if status.is_live => "live",
            Some(status) if status.is_previous => "previous",
            _ if self.rebuild.is_some() => "building",
            _ => "followed",
        }
    }

    fn cells(&self, tenants: &[Tenant]) -> Vec<String> {
        let none = || "-".to_owned();
        let count = |value: Option<i64>| value.map_or_else(none, |n| grouped(n.unsigned_abs()));
        let key = self.key();
        let phase = self.rebuild.map_or("", |rebuild| rebuild.phase.as_str());
        let updated = self.status.and_then(|at| at.updated_at);
        vec![
            key.map_or_else(none, |key| name_of(tenants, key.0)),
            key.map_or_else(none, |key| key.1.name().to_owned()),
            self.version().map_or_else(none, |version| version.to_string()),
            key.map_or_else(none, |key| key.2.to_string()),
            format!("{} {phase}", self.state()).trim_end().to_owned(),
            count(self.status.map(|at| at.position.0)),
            count(self.status.map(|at| at.head.0)),
            count(self.status.map(|at| at.lag_events)),
            self.status.map_or_else(none, |at| grouped(at.parked)),
            updated.map_or_else(none, |at| format!("{at:.0}")),
        ]
    }

    fn json(&self, tenants: &[Tenant]) -> String {
        json!({
            "tenant": self.key().map(|key| name_of(tenants, key.0)),
            "projection": self.key().map(|key| key.1.name()),
            "version": self.version(),
            "build": self.key().map(|key| key.2),
            "state": self.state(),
            "position": self.status.map(|at| at.position.0),
            "head": self.status.map(|at| at.head.0),
            "lag_events": self.status.map(|at| at.lag_events),
            "parked": self.status.map(|at| at.parked),
            "updated_at": self.status.and_then(|at| at.updated_at),
            "operation_id": self.rebuild.map(|at| at.operation_id),
            "phase": self.rebuild.map(|at| at.phase.as_str()),
        })
        .to_string()
    }
}
