//! How linked cases are followed.

use std::time::Duration;

/// The settings, with defaults for the reference machine.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The most positions of the log in one turn of a tenant.
    pub turn_positions_max: i64,
    /// The most events of them because of which something may pass.
    pub turn_sources_max: usize,
    /// The most bytes of facts in the histories of links that are read at a time.
    pub histories_bytes_max: usize,
    /// How often the log is looked at when nothing wakes the follower.
    pub poll_interval: Duration,
    /// How long appends are let gather after a wake-up.
    pub linger: Duration,
    /// How long a tenant stays with a process that says nothing more.
    pub lease: Duration,
    /// The first pause of a tenant after a failure; it doubles up to [`Self::retry_delay_max`].
    pub retry_delay_min: Duration,
    /// The longest pause after a failure.
    pub retry_delay_max: Duration,
    /// The most that one statement may take.
    pub statement_max: Duration,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            turn_positions_max: 10_000,
            turn_sources_max: 500,
            histories_bytes_max: 4 * 1024 * 1024,
            poll_interval: Duration::from_millis(500),
            linger: Duration::from_millis(25),
            lease: Duration::from_secs(5),
            retry_delay_min: Duration::from_millis(200),
            retry_delay_max: Duration::from_secs(10),
            statement_max: Duration::from_secs(30),
        }
    }
}
