//! How the projector works.

use std::time::Duration;

/// The projector's settings, with defaults for the reference machine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The most events of one batch.
    pub batch_events_max: u32,
    /// The most bytes of facts in one batch, unless a single event has more.
    pub batch_bytes_max: usize,
    /// The most events that are folded for one batch, unless a single case has more: of each case
    /// that it touches, the whole history.
    pub batch_folded_max: u64,
    /// The most cases of one batch whose histories are read and held at a time.
    pub cases_at_once: usize,
    /// The most bytes of facts in the histories that are read at a time; the case that brings them
    /// there is still read whole.
    pub histories_bytes_max: usize,
    /// How many shards are worked on at a time; each holds one connection, and asks the log for
    /// another. At most half of the pool is used.
    pub shards_at_once: usize,
    /// After how many batches a shard that lags makes room for others.
    pub batches_a_turn: u32,
    /// After how long it does so, once the batch begun is written.
    pub turn_max: Duration,
    /// How often the log is looked at when nothing wakes the projector.
    pub poll_interval: Duration,
    /// How long appends are let gather after a wake-up.
    pub linger: Duration,
    /// From how many events on a batch that catches up lets the shard rest: of a case that goes on
    /// changing, the rows are then written once for several events.
    pub rest_events: usize,
    /// How long it rests: no read of the present waits longer than it would for a busy server.
    pub rest: Duration,
    /// How long a shard stays with a process that says nothing more. It is renewed three times as
    /// often, and also limits how long a process that was stopped may keep a transaction open.
    pub lease: Duration,
    /// After how long without an event a shard is no longer renewed.
    pub lease_idle_max: Duration,
    /// The first pause after a failure; it doubles up to [`Self::retry_delay_max`].
    pub retry_delay_min: Duration,
    /// The longest pause after a failure.
    pub retry_delay_max: Duration,
    /// How long a stream that was parked waits until it is tried again; it doubles up to
    /// [`Self::parked_retry_delay_max`].
    pub parked_retry_delay_min: Duration,
    /// The longest a parked stream waits.
    pub parked_retry_delay_max: Duration,
    /// The most that one statement may take.
    pub statement_max: Duration,
    /// How many bytes of events are kept in memory, so that the histories of busy cases are not
    /// read anew: each event's facts, and what any event takes.
    pub cached_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_events_max: 2_000,
            batch_bytes_max: 4 * 1024 * 1024,
            batch_folded_max: 100_000,
            cases_at_once: 500,
            histories_bytes_max: 16 * 1024 * 1024,
            shards_at_once: 3,
            batches_a_turn: 8,
            turn_max: Duration::from_secs(1),
            poll_interval: Duration::from_millis(100),
            linger: Duration::from_millis(2),
            rest_events: 100,
            rest: Duration::from_millis(50),
            lease: Duration::from_secs(3),
            lease_idle_max: Duration::from_secs(30),
            retry_delay_min: Duration::from_millis(100),
            retry_delay_max: Duration::from_secs(5),
            parked_retry_delay_min: Duration::from_secs(5),
            parked_retry_delay_max: Duration::from_mins(10),
            statement_max: Duration::from_mins(1),
            cached_bytes_max: 96 * 1024 * 1024,
        }
    }
}
