//! Work in a process of its own, to see how much memory it takes where nothing else counts.

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};
use throughline_log::TenantNo;
use tokio::process::Command;

use super::statistics::to_f64;
use crate::commands::database::DatabaseUrl;

/// The name of the subcommand that does it.
const CHILD: &str = "bench-child";

/// What such a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Work {
    /// Replays a tenant's log.
    Replay,
    /// Rebuilds a read model of a tenant.
    Rebuild,
}

/// What it says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// How many events it read.
    pub(crate) events: u64,
    /// The most memory it had resident, in KiB.
    pub(crate) resident_kib_max: u64,
}

impl Done {
    pub(super) fn resident_mib_max(&self) -> f64 {
        const KIB_PER_MIB: f64 = 1024.0;
        to_f64(self.resident_kib_max) / KIB_PER_MIB
    }
}

/// Runs this program again.
///
/// # Errors
/// When the process fails.
pub(super) async fn run(url: &DatabaseUrl, tenant: TenantNo, work: Work) -> anyhow::Result<Done> {
    let program = std::env::current_exe().context("could not find this program")?;
    let work = work.to_possible_value().context("the work has no name")?;
    let child = Command::new(program)
        .args([CHILD, work.get_name(), "--tenant-no", &tenant.to_string()])
        // Not as an argument, which every user of the machine can read.
        .env("DATABASE_URL", url.expose())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = child.await.context("could not run this program again")?;
    ensure!(output.status.success(), "the work in a process of its own failed");
    serde_json::from_slice(&output.stdout).context("the process did not say what it took")
}

/// The most memory that this process has had resident, in KiB.
///
/// # Errors
/// Where the system does not say.
pub(crate) fn resident_kib_max() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")
        .context("this system does not say how much memory a process has had")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.context("the process status has no VmHWM")?.parse().context("VmHWM is not a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_the_most_memory_it_had() {
        const BLOCK_KIB: u64 = 64 << 10;
        let block = vec![1_u8; 64 << 20];
        assert!(resident_kib_max().unwrap() > BLOCK_KIB);
        drop(std::hint::black_box(block));
        // The system counts to within a few pages.
        assert!(resident_kib_max().unwrap() > BLOCK_KIB * 9 / 10);
    }
}
