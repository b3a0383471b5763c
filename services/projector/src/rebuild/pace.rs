//! How fast a rebuild may go: commands come first.
//!
//! PostgreSQL knows no priorities, so a rebuild can only ask less of it. While any tenant's log
//! moves, one worker does a small piece and then rests in proportion to how long that took, which
//! counts the time that the database spent on it; the others wait.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use throughline_log::{EventLog, LogError};
use tokio::time::{Instant, sleep};

use super::settings::RebuildSettings;

/// How often the ends of the logs are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// No rest is longer: a piece that took long was not small, or somebody was paused.
const REST_MAX: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Pace {
    log: EventLog,
    busy_share: u32,
    busy_for: Duration,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The sum of all tenants' positions.
    positions: Option<i64>,
    looked_at: Option<Instant>,
    busy_until: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(log: EventLog, settings: &RebuildSettings) -> Self {
        Self {
            log,
            busy_share: settings.busy_share.clamp(1, 100),
            busy_for: settings.busy_for,
            seen: Mutex::default(),
        }
    }

    /// Whether something was appended a moment ago, by whichever process.
    pub(crate) async fn is_busy(&self) -> Result<bool, LogError> {
        let now = Instant::now();
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.looked_at.is_some_and(|at| now - at < LOOK_INTERVAL) {
                return Ok(seen.busy_until.is_some_and(|until| now < until));
            }
            seen.looked_at = Some(now);
        }
        let heads = self.log.heads().await?;
        let positions = heads.iter().map(|(_, head)| head.position.0).sum();
        let latest = heads.iter().filter_map(|(_, head)| head.recorded_at).max();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = match seen.positions.replace(positions) {
            Some(before) => before != positions,
            // At the first look only the clock can tell.
            None => latest.is_some_and(|at| is_recent(at, self.busy_for)),
        };
        if moved {
            seen.busy_until = Some(now + self.busy_for);
        }
        Ok(seen.busy_until.is_some_and(|until| now < until))
    }

    /// Rests after a piece of work, if the log is busy.
    pub(crate) async fn rest(&self, began: Instant) -> Result<(), LogError> {
        let worked = began.elapsed();
        if self.busy_share < 100 && self.is_busy().await? {
            let rest = worked * (100 - self.busy_share) / self.busy_share;
            sleep(rest.min(REST_MAX)).await;
        }
        Ok(())
    }
}

fn is_recent(at: Timestamp, within: Duration) -> bool {
    Timestamp::now().duration_since(at).unsigned_abs() < within
}
