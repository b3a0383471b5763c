//! How `serve` treats those who follow the feed.

use std::time::Duration;

use clap::value_parser;
use throughline_api::FeedSettings;

/// What `serve` is told about the feed.
#[derive(Debug, clap::Args)]
pub(crate) struct FeedArguments {
    /// Seconds after which a silent stream of the feed carries a sign of life.
    #[arg(
        long = "feed-heartbeat-s",
        value_name = "SECONDS",
        env = "THROUGHLINE_FEED_HEARTBEAT_S",
        default_value_t = 15,
        value_parser = value_parser!(u64).range(1..=3600)
    )]
    heartbeat_s: u64,

    /// Seconds for which a client may take nothing of its stream before it is dropped.
    #[arg(
        long = "feed-reader-wait-s",
        value_name = "SECONDS",
        env = "THROUGHLINE_FEED_READER_WAIT_S",
        default_value_t = 20,
        value_parser = value_parser!(u64).range(1..=3600)
    )]
    reader_wait_s: u64,

    /// Streams of the feed that one tenant may have open in this process.
    #[arg(
        long = "feed-streams-max",
        value_name = "COUNT",
        env = "THROUGHLINE_FEED_STREAMS_MAX",
        default_value_t = 250,
        value_parser = value_parser!(u32).range(1..=100_000)
    )]
    streams_max: u32,
}

impl FeedArguments {
    pub(crate) fn settings(&self) -> FeedSettings {
        let defaults = FeedSettings::default();
        let streams_of_tenant_max = usize::try_from(self.streams_max).unwrap_or(usize::MAX);
        FeedSettings {
            heartbeat: Duration::from_secs(self.heartbeat_s),
            reader_wait_max: Duration::from_secs(self.reader_wait_s),
            streams_of_tenant_max,
            streams_max: defaults.streams_max.max(streams_of_tenant_max),
            ..defaults
        }
    }
}
