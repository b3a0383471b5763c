//! Signing where every log ends, time after time, beside the service.
//!
//! What goes wrong here is logged and counted, and never stops the service. Each log is held
//! against its latest checkpoint before it is signed again: one that was altered since is not.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use throughline_log::{Checkpoint, CheckpointLine, EventLog, Head, SigningKey, TenantNo};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::checkpoint_log::CheckpointLog;

const INTERVAL_MIN: SignedDuration = SignedDuration::from_secs(1);
const INTERVAL_MAX: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Whether and how often checkpoints are written while serving.
#[derive(Debug, clap::Args)]
pub(crate) struct ScheduleArguments {
    /// File to append signed checkpoints to, one for each log that has grown.
    ///
    /// Copy it to where nobody who can alter the database can alter it.
    #[arg(long, value_name = "FILE", env = "THROUGHLINE_CHECKPOINT_FILE")]
    pub(crate) checkpoint_file: Option<PathBuf>,

    /// Time between two checkpoints of a log.
    #[arg(
        long,
        value_name = "DURATION",
        env = "THROUGHLINE_CHECKPOINT_INTERVAL",
        default_value = "1h"
    )]
    pub(crate) checkpoint_interval: SignedDuration,
}

/// How many checkpoints were written or not.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointMetrics(Family<Labels, Counter>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names are label values")]
enum Outcome {
    written,
    failed,
}

impl CheckpointMetrics {
    /// Counts in a registry, from zero on.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self(Family::default());
        metrics.count(Outcome::written, 0);
        metrics.count(Outcome::failed, 0);
        let help = "Checkpoints of logs that had grown, by outcome";
        registry.register("throughline_log_checkpoints", help, metrics.0.clone());
        metrics
    }

    fn count(&self, outcome: Outcome, by: usize) {
        self.0.get_or_create(&Labels { outcome }).inc_by(by as u64);
    }
}

/// Writes checkpoints, when it is told where to.
pub(crate) struct Schedule {
    log: EventLog,
    key: SigningKey,
    file: CheckpointLog,
    interval: std::time::Duration,
    /// The latest checkpoint of each log.
    latest: HashMap<TenantNo, CheckpointLine>,
    metrics: CheckpointMetrics,
}

/// A schedule at work.
pub(crate) struct RunningSchedule {
    task: JoinHandle<()>,
    until: CancellationToken,
}

impl Schedule {
    /// The schedule that is asked for, if one is. `key` is called for only then.
    ///
    /// # Errors
    /// When there is no key, the interval is out of range, or the file cannot be used.
    pub(crate) fn open(
        arguments: &ScheduleArguments,
        log: &EventLog,
        key: impl FnOnce() -> anyhow::Result<SigningKey>,
        metrics: CheckpointMetrics,
    ) -> anyhow::Result<Option<Self>> {
        // An empty variable counts as none, as one in a unit file would be.
        let named = arguments.checkpoint_file.as_ref();
        let Some(file) = named.filter(|file| !file.as_os_str().is_empty()) else {
            return Ok(None);
        };
        let interval = arguments.checkpoint_interval;
        ensure!(
            (INTERVAL_MIN..=INTERVAL_MAX).contains(&interval),
            "--checkpoint-interval is from 1 second to 31 days"
        );
        let file = CheckpointLog::new(file);
        let latest = file.latest().context("--checkpoint-file")?;
        Ok(Some(Self {
            log: log.clone(),
            key: key()?,
            file,
            interval: interval.unsigned_abs(),
            latest,
            metrics,
        }))
    }

    /// Writes now, then time after time, and once more when it is stopped.
    pub(crate) fn start(mut self) -> RunningSchedule {
        let until = CancellationToken::new();
        let stopped = until.clone();
        let task = tokio::spawn(async move {
            let mut ticks = interval(self.interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let is_last = tokio::select! {
                    _ = ticks.tick() => false,
                    () = stopped.cancelled() => true,
                };
                // Not within the choice above: what has begun is finished.
                self.write().await;
                if is_last {
                    break;
                }
            }
        });
        RunningSchedule { task, until }
    }

    async fn write(&mut self) {
        match self.try_write().await {
            Ok(0) => {}
            Ok(written) => {
                self.metrics.count(Outcome::written, written);
                tracing::info!(written, "checkpoints are written");
            }
            Err(error) => {
                self.metrics.count(Outcome::failed, 1);
                tracing::error!(error = format!("{error:#}"), "no checkpoint could be written");
            }
        }
    }

    async fn try_write(&mut self) -> anyhow::Result<usize> {
        let names: HashMap<TenantNo, String> =
            self.log.tenants().await?.into_iter().map(|one| (one.tenant_no, one.name)).collect();
        let mut checkpoints = Vec::new();
        for (tenant_no, head) in self.log.heads().await? {
            let Some(name) = names.get(&tenant_no) else {
                // Created since the names were read: next time.
                continue;
            };
            if self.has_grown(tenant_no, name, &head).await? {
                let now = Timestamp::now();
                checkpoints.extend(Checkpoint::sign(&self.key, tenant_no, name, &head, now));
            }
        }
        if checkpoints.is_empty() {
            return Ok(0);
        }
        let file = self.file.clone();
        let append = move || file.append(&checkpoints).map(|()| checkpoints);
        let written = tokio::task::spawn_blocking(append).await??;
        let count = written.len();
        for checkpoint in written {
            // Which line it is, nobody asks.
            let line = CheckpointLine { line: 0, checkpoint };
            self.latest.insert(line.checkpoint.tenant_no, line);
        }
        Ok(count)
    }

    /// Whether there is something to sign that goes on from what was signed last.
    async fn has_grown(
        &self,
        tenant_no: TenantNo,
        name: &str,
        head: &Head,
    ) -> anyhow::Result<bool> {
        let Some(latest) = self.latest.get(&tenant_no) else {
            return Ok(head.position.0 > 0);
        };
        if latest.checkpoint.position == head.position && latest.checkpoint.hash == head.hash {
            return Ok(false);
        }
        let agreement = self.log.compare(tenant_no, name, std::slice::from_ref(latest)).await?;
        if agreement.agreeing == 1 {
            return Ok(true);
        }
        self.metrics.count(Outcome::failed, 1);
        tracing::error!(
            throughline.tenant_no = tenant_no.0,
            throughline.position = latest.checkpoint.position.0,
            "the log is not the one that was signed up to this position, and is not signed again"
        );
        Ok(false)
    }
}

impl RunningSchedule {
    /// Writes once more, and ends.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.until.cancel();
        Ok(self.task.await?)
    }
}
