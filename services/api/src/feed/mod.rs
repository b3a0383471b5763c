//! The feed: what happened in a tenant's cases, in the order of recording, as `CloudEvents`.
//!
//! [`page`] gives it in pages and [`stream`] as it comes (server-sent events). Both begin after a
//! position. Positions are dense and only rise, so who comes back with the last one they have misses
//! nothing and gets nothing twice (ADR 0021).
//!
//! Deliberately absent: anything kept for a client. What they have they know themselves.

pub mod envelope;
mod frame;
pub mod kind;
mod metrics;
pub mod page;
mod produce;
pub mod question;
mod read;
mod slots;
pub mod stream;
mod tail;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use throughline_log::EventLog;
use tokio_util::sync::CancellationToken;

use self::metrics::Metrics;
use self::slots::Slots;
use self::tail::Tails;

/// Limits and waits of the streams.
#[derive(Debug, Clone, Copy)]
pub struct FeedSettings {
    /// A stream on which nothing else was sent for so long carries a sign of life.
    pub heartbeat: Duration,
    /// How long a client may take no byte before its stream is ended.
    pub reader_wait_max: Duration,
    /// How long a stream lasts; its client comes back then, with a token that is looked at anew.
    pub stream_lasts_max: Duration,
    /// How long a client is told to wait before it comes back.
    pub retry: Duration,
    /// The most streams of one caller, so that nobody takes the places of a whole tenant. Streams
    /// whose client is gone count until that is noticed, so one who loses many needs room.
    pub streams_of_subject_max: usize,
    /// The most streams of one tenant.
    pub streams_of_tenant_max: usize,
    /// The most streams of this process.
    pub streams_max: usize,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(15),
            reader_wait_max: Duration::from_secs(20),
            stream_lasts_max: Duration::from_hours(1),
            retry: Duration::from_secs(2),
            streams_of_subject_max: 125,
            streams_of_tenant_max: 250,
            streams_max: 1_000,
        }
    }
}

/// The streams of this process and what they share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Feed {
    settings: FeedSettings,
    tails: Arc<Tails>,
    slots: Slots,
    metrics: Metrics,
    stop: CancellationToken,
}

impl Feed {
    /// The feed of a log. Its metrics are added to a registry.
    #[must_use]
    pub fn new(log: EventLog, settings: FeedSettings, registry: &mut Registry) -> Self {
        let metrics = Metrics::register(registry);
        Self {
            settings,
            tails: Arc::new(Tails::new(log)),
            slots: Slots::new(settings, metrics.open.clone()),
            metrics,
            stop: CancellationToken::new(),
        }
    }

    /// How long a client may take no byte.
    #[must_use]
    pub fn reader_wait_max(&self) -> Duration {
        self.settings.reader_wait_max
    }

    /// Ends every stream and opens no other: a stop of the server need not wait for them.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
