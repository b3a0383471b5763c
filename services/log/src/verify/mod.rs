//! Recomputing the chain, several parts of a log at a time.
//!
//! A part begins with the *stored* hash of the row before it, which the part before verifies, so
//! parts need not wait for each other. They are judged in their order: the first row that does not
//! hold is the first of the whole log.
//!
//! Memory: 36 bytes for each stream, and for each part at work 24 bytes for each of its streams.

mod chain;
mod ends;
mod flaw;
mod segment;
mod versions;

use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};

use futures_util::{StreamExt as _, stream};
use throughline_domain::ids::Position;
use tokio::task::JoinHandle;

pub(crate) use self::chain::Link;
pub use self::ends::LogName;
use self::ends::RawHead;
pub use self::flaw::Flaw;
use self::segment::{Followed, Segment};
use self::versions::Versions;
use crate::error::{DatabaseError, LogError};
use crate::event_log::EventLog;
use crate::hash;
use crate::stream_table::StreamTable;
use crate::tenant::TenantNo;

/// What a recomputation of the chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// Every row is as it was recorded.
    Holds {
        /// How many events were recomputed.
        events: i64,
        /// The last link of them: keep a copy elsewhere, to show later that nothing was cut off.
        head_hash: [u8; 32],
    },
    /// Something was altered.
    Broken {
        /// The first position that does not hold. For what is wrong with the head, the tenant or
        /// the streams as a whole: the last position, or 0.
        position: Position,
        /// What is wrong with it.
        reason: Flaw,
    },
}

/// What part of a log is recomputed, and how.
#[derive(Debug, Clone)]
pub struct VerifySettings {
    /// The first position. From another than 1, the row before it is believed, and so is the
    /// version with which each stream goes on.
    pub from: Position,
    /// The last position. Without it, where the log ends when the work begins.
    pub to: Option<Position>,
    /// How many parts are recomputed at a time; each takes a connection.
    pub workers: NonZeroUsize,
    /// How many events a part has.
    pub part_events: NonZeroU32,
    /// Counts the events that were read, for whoever shows progress.
    pub checked: Arc<AtomicU64>,
}

impl Default for VerifySettings {
    /// The whole log, with as many workers as there are processors and at most 4.
    fn default() -> Self {
        const WORKERS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
        const PART_EVENTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);
        let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            from: Position(1),
            to: None,
            workers: processors.min(WORKERS_MAX),
            part_events: PART_EVENTS,
            checked: Arc::default(),
        }
    }
}

impl EventLog {
    /// Recomputes a tenant's chain from the first event to where it ends now, while appends go on.
    ///
    /// # Errors
    /// Those of [`EventLog::verify_range`].
    pub async fn verify(&self, tenant: TenantNo) -> Result<Verified, LogError> {
        self.verify_range(tenant, &VerifySettings::default()).await
    }

    /// Recomputes a part of a tenant's chain, while appends go on.
    ///
    /// Where the part reaches the end of the log, the end is held against the head, and the
    /// tenant's state against its events; where it is the whole log, every stream has events.
    ///
    /// # Errors
    /// [`LogError::NoSuchTenant`] when there is neither the tenant nor a row of it;
    /// [`LogError::Unavailable`].
    pub async fn verify_range(
        &self,
        tenant: TenantNo,
        settings: &VerifySettings,
    ) -> Result<Verified, LogError> {
        let name = match self.raw_name(tenant).await? {
            Ok(name) => name,
            Err(flaw) => return Ok(broken(0, flaw)),
        };
        let head = match self.raw_head(tenant).await? {
            Ok(head) => head,
            Err(flaw) => return Ok(broken(0, flaw)),
        };
        // After the head: whatever stream an event up to there belongs to, it is in the table.
        let streams = Arc::new(StreamTable::read(self.database(), tenant).await?);
        let genesis = Link::genesis(hash::genesis(tenant, &name));
        let last = settings.to.map_or(head.position, |to| to.0.min(head.position));
        let work = Work { log: self, tenant, settings, head, streams, genesis, last };
        let link = match work.follow().await? {
            Ok(link) => link,
            Err((position, flaw)) => return Ok(broken(position, flaw)),
        };
        let asked = settings.to.map_or(settings.from.0 - 1, |to| to.0.max(settings.from.0 - 1));
        if asked > head.position {
            return Ok(broken(head.position.saturating_add(1), Flaw::Missing));
        }
        if last == head.position
            && let Err((position, flaw)) = work.end(&link).await?
        {
            return Ok(broken(position, flaw));
        }
        let events = last.saturating_sub(settings.from.0.max(1) - 1).max(0);
        Ok(Verified::Holds { events, head_hash: link.hash })
    }
}

struct Work<'a> {
    log: &'a EventLog,
    tenant: TenantNo,
    settings: &'a VerifySettings,
    head: RawHead,
    streams: Arc<StreamTable>,
    genesis: Link,
    last: i64,
}

/// What holds, or the first position that does not.
type Judged<T> = Result<T, (i64, Flaw)>;

impl Work<'_> {
    /// Follows all parts, and gives the last link.
    async fn follow(&self) -> Result<Judged<Link>, LogError> {
        let mut versions = Versions::new(self.streams.len(), self.is_from_first());
        let parts = self.parts().map(|segment| Task(tokio::spawn(segment.follow())));
        let mut parts = stream::iter(parts).buffered(self.settings.workers.get());
        // Of no event at all, the last link is what the head says, or what is before the first.
        let mut link = if self.is_from_first() { self.genesis } else { self.head.link() };
        while let Some(followed) = parts.next().await {
            let Followed { spans, link: reached, flaw } = followed?;
            let gap = versions.join(&self.streams, &spans);
            let gap = gap.map(|position| (position, Flaw::VersionGap));
            if let Some(first) = gap.into_iter().chain(flaw).min_by_key(|(position, _)| *position) {
                return Ok(Err(first));
            }
            link = reached.unwrap_or(link);
        }
        if self.is_from_first()
            && self.last == self.head.position
            && let Some(stream_no) = versions.empty_stream(&self.streams, self.head.streams)
        {
            return Ok(Err((self.last, Flaw::EmptyStream { stream_no })));
        }
        Ok(Ok(link))
    }

    fn is_from_first(&self) -> bool {
        self.settings.from.0 <= 1
    }

    fn parts(&self) -> impl Iterator<Item = Segment> {
        let from = self.settings.from.0.max(1);
        let part_events = i64::from(self.settings.part_events.get());
        let parts = usize::try_from(part_events).unwrap_or(usize::MAX);
        (from..=self.last).step_by(parts).map(move |first| Segment {
            log: self.log.clone(),
            tenant: self.tenant,
            streams: Arc::clone(&self.streams),
            positions: first..=self.last.min(first.saturating_add(part_events - 1)),
            before: (first == 1).then_some(self.genesis),
            is_opening: first == from,
            checked: Arc::clone(&self.settings.checked),
        })
    }

    /// Holds the end of the log against the head and the tenant.
    async fn end(&self, link: &Link) -> Result<Judged<()>, LogError> {
        if *link != self.head.link() {
            return Ok(Err((self.last, Flaw::HeadMismatch)));
        }
        self.log.judge_ends(self.tenant).await
    }
}

/// A task that ends when nobody waits for it any more.
struct Task(JoinHandle<Result<Followed, LogError>>);

impl Future for Task {
    type Output = Result<Followed, LogError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|ended| {
            let lost = |_| DatabaseError::fault("a part of the verification ended".to_owned());
            ended.unwrap_or_else(|error| Err(lost(error).into()))
        })
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn broken(position: i64, reason: Flaw) -> Verified {
    Verified::Broken { position: Position(position), reason }
}
