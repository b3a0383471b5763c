//! What was released, as the log has it.

use std::io::{self, Write as _};

use serde_json::json;
use throughline_domain::cohort::CohortReleased;
use throughline_domain::ids::Position;
use throughline_log::ListedRelease;

use super::{Outcome, unknown};
use crate::commands::edition::OfTenant;
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// Releases read at a time.
const PAGE: u32 = 200;

/// Prints them, the newest first.
pub(super) async fn list(of: &OfTenant) -> Outcome<()> {
    with_log(&of.database, Sealed::Untouched, async |open: OpenLog| {
        let Some(tenant) = open.log.find_tenant(of.tenant.as_str()).await? else {
            return Ok(Err(unknown("tenant")));
        };
        let mut before = Position(i64::MAX);
        loop {
            let page = open.log.releases(tenant.tenant_no, before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(Ok(())) };
            before = last.position;
            let mut out = io::stdout().lock();
            for release in page {
                writeln!(out, "{}", line(&release, of.json))?;
            }
        }
    })
    .await
}

fn line(release: &ListedRelease, json: bool) -> String {
    let ListedRelease { position, released_at, actor, released } = release;
    let CohortReleased { cohort, version, contents, package_hash, .. } = released;
    if json {
        let mut told = json!(released);
        told["released_at"] = json!(released_at);
        told["actor"] = json!(actor);
        told["release"] = json!(position);
        return told.to_string();
    }
    let cohort = format!("{cohort}@{version}");
    format!("{released_at} {:<6} {cohort:<24} {actor:<16} {package_hash}", contents.as_str())
}
