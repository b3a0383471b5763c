//! How rebuilds are done.

use std::time::Duration;

use super::lease::LOCK_MAX;

/// The settings of a [`crate::Rebuilder`], with defaults for the reference machine.
#[derive(Debug, Clone)]
pub struct RebuildSettings {
    /// How many slices are folded at a time while nothing is appended; each holds two connections
    /// of the pool at most. While something is, it is one.
    pub workers: usize,
    /// About how many events one slice has.
    pub slice_events: i64,
    /// How many rows are gathered before they are sent to their tables.
    pub rows_max: usize,
    /// The same while something is appended: what the database is given is done without a pause.
    pub busy_rows_max: usize,
    /// What part of the time is worked while something is appended, in percent (1 to 100).
    pub busy_share: u32,
    /// For how long after an append the log counts as busy.
    pub busy_for: Duration,
    /// How far behind the log a build may be to count as caught up, in events.
    pub lag_events_max: i64,
    /// How many cases, drawn at random, are compared before a switch; parked ones come on top.
    pub compared_cases: u32,
    /// For how long a rebuild stays somebody's without a sign of life.
    pub lease: Duration,
    /// How often a rebuild to work on is looked for.
    pub poll_interval: Duration,
    /// How often builds that nobody needs are looked for.
    pub sweep_interval: Duration,
    /// How long a reader of a build that nobody needs is waited for, each time.
    pub drop_lock_max: Duration,
    /// The first pause after a failure of the database; it doubles up to the lease.
    pub retry_delay: Duration,
    /// How long the transaction of a slice may hear nothing of its process until the server ends it:
    /// a process that works or rests gives a sign of life four times as often, one that is paused
    /// cannot.
    pub idle_max: Duration,
    /// The most that one statement may take: of all, making an index takes longest.
    pub statement_max: Duration,
    /// How long a build that is behind may stand still before its rebuild fails.
    pub unmoved_max: Duration,
}

impl Default for RebuildSettings {
    fn default() -> Self {
        Self {
            workers: 2,
            slice_events: 50_000,
            rows_max: 10_000,
            busy_rows_max: 1_000,
            busy_share: 20,
            busy_for: Duration::from_secs(1),
            lag_events_max: 1_000,
            compared_cases: 1_000,
            lease: Duration::from_secs(6),
            poll_interval: Duration::from_millis(500),
            sweep_interval: Duration::from_mins(1),
            drop_lock_max: LOCK_MAX,
            retry_delay: Duration::from_millis(100),
            idle_max: Duration::from_mins(1),
            statement_max: Duration::from_mins(30),
            unmoved_max: Duration::from_mins(10),
        }
    }
}
