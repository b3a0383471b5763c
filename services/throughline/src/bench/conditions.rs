//! Under which conditions a run was made: without them its figures say little.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use anyhow::Context as _;
use serde::Serialize;
use throughline_log::DatabaseError;
use tokio_postgres::Client;

use super::Settings;

/// The server's settings without which its figures cannot be read.
const SETTINGS: [&str; 7] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "max_connections",
    "jit",
];

/// The connections that are left to the log, the service, the projector and the server's own.
const CONNECTIONS_KEPT: usize = 50;

/// A machine does other work when more tasks than this share of its cores were waiting to run.
const LOAD_PER_CORE_NOTED: f64 = 0.25;

/// The machine, the server and how long each workload was measured.
#[derive(Debug, Serialize)]
pub(super) struct Conditions {
    cores: usize,
    /// Tasks that ran or waited, on average over the minute before; absent where the system does
    /// not say.
    load_average: Option<f64>,
    postgresql_version: String,
    postgresql_settings: BTreeMap<&'static str, String>,
    rounds: usize,
    seconds: f64,
    warm_up_seconds: f64,
    profile: &'static str,
}

impl Conditions {
    /// As they are now.
    ///
    /// # Errors
    /// When the server does not say.
    pub(super) async fn read(server: &Client, settings: &Settings) -> anyhow::Result<Self> {
        let mut postgresql_settings = BTreeMap::new();
        for name in SETTINGS {
            postgresql_settings.insert(name, setting(server, name).await?);
        }
        Ok(Self {
            cores: cores(),
            load_average: load_average(),
            postgresql_version: setting(server, "server_version").await?,
            postgresql_settings,
            rounds: settings.rounds,
            seconds: settings.stretch.window.as_secs_f64(),
            warm_up_seconds: settings.stretch.warm_up.as_secs_f64(),
            profile: if cfg!(debug_assertions) { "debug" } else { "optimised" },
        })
    }

    /// How many connections the bare figures may hold at a time; at least one.
    pub(super) fn connections_spare(&self) -> usize {
        let most = self.postgresql_settings.get("max_connections").and_then(|n| n.parse().ok());
        most.unwrap_or(0_usize).saturating_sub(CONNECTIONS_KEPT).max(1)
    }
}

async fn setting(server: &Client, name: &str) -> anyhow::Result<String> {
    let row = server.query_one("SELECT current_setting($1)", &[&name]).await;
    let value = row.and_then(|row| row.try_get(0)).map_err(DatabaseError::from);
    value.with_context(|| format!("the server does not say what {name} is"))
}

/// How many processors there are to share.
pub(super) fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

fn load_average() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, rounds, seconds, warm_up_seconds, profile, .. } = self;
        write!(f, "{cores} cores; PostgreSQL {}", self.postgresql_version)?;
        for (name, value) in &self.postgresql_settings {
            write!(f, " {name}={value}")?;
        }
        writeln!(f, "; {rounds} rounds of {seconds} s after {warm_up_seconds} s; {profile} build")?;
        let limit = LOAD_PER_CORE_NOTED * f64::from(u32::try_from(*cores).unwrap_or(u32::MAX));
        if let Some(load) = self.load_average.filter(|load| *load > limit) {
            writeln!(f, "the machine was not idle before (load average {load}): expect noise")?;
        }
        Ok(())
    }
}
