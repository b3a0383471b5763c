//! What is remembered of a shard between its turns.

use std::time::Duration;

use throughline_log::LogError;
use tokio::time::Instant;

use crate::Settings;
use crate::parking::Due;
use crate::shard::Shard;

/// What is remembered of a shard between its turns.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Not before then.
    pub(crate) not_before: Option<Instant>,
    /// The present pause, while the shard fails.
    pub(crate) retry_delay: Option<Duration>,
    /// Whether the failure has been logged.
    pub(crate) is_failure_logged: bool,
    /// How many of its streams are parked, when they were last counted.
    pub(crate) parked: i64,
    /// Whether any of them is to be tried again.
    pub(crate) is_parked_due: bool,
    /// Whether this process has tried all of them.
    pub(crate) has_retried_parked: bool,
    /// When the shard last had a turn: who waited longest goes first.
    pub(crate) last_turn: Option<Instant>,
}

impl State {
    /// Which parked streams are to be tried in the next turn.
    pub(crate) fn parked_due(&self) -> Option<Due> {
        match self.parked {
            0 => None,
            _ if !self.has_retried_parked => Some(Due::All),
            _ => self.is_parked_due.then_some(Due::Now),
        }
    }

    /// Notes that a turn did what it should.
    pub(crate) fn succeed(&mut self, shard: Shard) {
        self.retry_delay = None;
        if std::mem::take(&mut self.is_failure_logged) {
            tracing::info!(
                throughline.tenant_no = shard.tenant.0,
                throughline.projection = shard.projection.name(),
                throughline.build = shard.build,
                "a projection that failed goes on"
            );
        }
    }

    /// Notes that a turn failed, and says so once.
    pub(crate) fn fail(&mut self, shard: Shard, error: Option<&LogError>, settings: &Settings) {
        // When the database is away, the next look at the log says so once for all shards.
        let is_outage = matches!(error, Some(LogError::Unavailable(_)));
        if !self.is_failure_logged && (self.retry_delay.is_some() || !is_outage) {
            self.is_failure_logged = true;
            tracing::error!(
                throughline.tenant_no = shard.tenant.0,
                throughline.projection = shard.projection.name(),
                throughline.build = shard.build,
                error = error.map(|error| error as &dyn std::error::Error),
                "a projection fails and is tried again"
            );
        }
        let delay =
            next_delay(self.retry_delay, settings.retry_delay_min, settings.retry_delay_max);
        self.retry_delay = Some(delay);
        self.not_before = Some(Instant::now() + delay);
    }
}

/// The next pause after a failure.
pub(crate) fn next_delay(present: Option<Duration>, min: Duration, max: Duration) -> Duration {
    present.map_or(min, |delay| (delay * 2).min(max))
}
