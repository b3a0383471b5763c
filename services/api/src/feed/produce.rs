//! What feeds one stream, until there is a reason to end it.
//!
//! The next chunk is made only when the client has taken the one before: a slow client costs this
//! process two chunks and what is between them in the sockets. One that takes nothing for long is
//! dropped, and comes back to where it was.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use throughline_domain::ids::Position;
use throughline_log::Subscription;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::FeedSettings;
use super::frame;
use super::metrics::{End, Metrics};
use super::question::Kinds;
use super::read::{Entry, FeedError};
use super::slots::Slot;
use super::tail::{POLL, Tail};

/// Events are sent together up to about this many bytes.
const CHUNK_BYTES: usize = 16 * 1024;
/// How long appends are let gather after tidings.
const LINGER: Duration = Duration::from_millis(10);
/// How long to wait when the log cannot be read.
const OUTAGE_PAUSE: Duration = Duration::from_secs(1);

/// One stream on its way to its client.
pub(super) struct Producer {
    pub(super) tail: Arc<Tail>,
    pub(super) kinds: Kinds,
    /// The last position that the client has, or did not ask for.
    pub(super) position: Position,
    pub(super) settings: FeedSettings,
    pub(super) metrics: Metrics,
    pub(super) stop: CancellationToken,
    pub(super) ends_at: Instant,
    /// Held for as long as the stream is open.
    pub(super) slot: Slot,
}

/// The way to the client.
struct Way<'a> {
    chunks: Sender<Bytes>,
    of: &'a Producer,
    sent_at: Instant,
}

impl Producer {
    /// Sends until the stream is over.
    pub(super) async fn run(self, chunks: Sender<Bytes>) {
        let mut way = Way { chunks, of: &self, sent_at: Instant::now() };
        let stop = self.stop.clone();
        let left = way.chunks.clone();
        let end = tokio::select! {
            biased;
            () = stop.cancelled() => End::stopped,
            () = sleep_until(self.ends_at) => End::expired,
            () = left.closed() => End::left,
            end = self.send(&mut way) => end,
        };
        self.metrics.ended(end);
        if end == End::slow {
            let tenant_no = self.slot.tenant().0;
            tracing::info!(
                throughline.tenant_no = tenant_no,
                "a slow reader of the feed is dropped"
            );
        }
    }

    async fn send(&self, way: &mut Way<'_>) -> End {
        match self.follow(way).await {
            Err(end) => end,
            Ok(never) => match never {},
        }
    }

    async fn follow(&self, way: &mut Way<'_>) -> Result<std::convert::Infallible, End> {
        let mut tidings = self.tail.tidings();
        let mut position = self.position;
        way.send(frame::beginning(self.settings.retry, position)).await?;
        loop {
            let count = tidings.count();
            match self.tail.after(position, count).await {
                Ok(entries) if entries.is_empty() => wait(&mut tidings, way.silent_until()).await,
                Ok(entries) => self.tell(&entries, &mut position, way).await?,
                Err(error) if error.is_passing() => sleep(OUTAGE_PAUSE).await,
                Err(error) => return Err(fail(&error)),
            }
            if Instant::now() >= way.silent_until() {
                way.send(frame::heartbeat(position)).await?;
            }
        }
    }

    async fn tell(
        &self,
        entries: &[Arc<Entry>],
        position: &mut Position,
        way: &mut Way<'_>,
    ) -> Result<(), End> {
        let mut chunk = Vec::new();
        let mut events = 0;
        for entry in entries {
            *position = entry.position;
            let told = entry.event.as_ref();
            if let Some(told) = told.filter(|told| self.kinds.has(told.kind)) {
                frame::add_event(&mut chunk, told, entry.position);
                events += 1;
            }
            if chunk.len() >= CHUNK_BYTES {
                way.send(std::mem::take(&mut chunk)).await?;
            }
        }
        if !chunk.is_empty() {
            way.send(chunk).await?;
        }
        self.metrics.events.inc_by(events);
        Ok(())
    }
}

impl Way<'_> {
    /// When the client should hear something.
    fn silent_until(&self) -> Instant {
        self.sent_at + self.of.settings.heartbeat
    }

    async fn send(&mut self, chunk: Vec<u8>) -> Result<(), End> {
        let sent = timeout(self.of.settings.reader_wait_max, self.chunks.send(chunk.into())).await;
        self.sent_at = Instant::now();
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::left),
            Err(_) => Err(End::slow),
        }
    }
}

/// Waits for something new, for as long as nobody is missed by that.
async fn wait(tidings: &mut Subscription, until: Instant) {
    tokio::select! {
        () = tidings.changed() => sleep(LINGER).await,
        () = sleep(POLL) => {}
        () = sleep_until(until) => {}
    }
}

fn fail(error: &FeedError) -> End {
    tracing::error!(error = error as &dyn std::error::Error, "a stream of the feed cannot go on");
    End::failed
}
