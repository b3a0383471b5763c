//! A file of history as the stream of events that the log loads.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{Stream, stream};
use throughline_log::{LoadedEvent, LogError, UnreadableEvent};
use tokio::io::AsyncBufRead;

use crate::history::decide::Decider;
use crate::history::error::{LineError, Refused};
use crate::history::line::Line;
use crate::history::lines::Lines;

/// Why a history cannot be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error("line {number}: {error}")]
    Line { number: u64, error: LineError },
    #[error("the history cannot be read")]
    Read(#[source] io::Error),
    #[error("what was loaded before cannot be read")]
    Log(#[source] LogError),
    #[error("what was loaded before cannot be read")]
    Unreadable(#[source] UnreadableEvent),
}

/// How far a history has been read.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    line: AtomicU64,
    bytes: AtomicU64,
    cases: AtomicU64,
}

impl Reached {
    /// The line read last.
    pub(crate) fn line(&self) -> u64 {
        self.line.load(Ordering::Relaxed)
    }

    /// How many bytes have been read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many cases the lines were about.
    pub(crate) fn cases(&self) -> u64 {
        self.cases.load(Ordering::Relaxed)
    }
}

/// Reads lines, has them decided, and gives their events one by one.
pub(crate) struct Feed<R> {
    lines: Lines<R>,
    decider: Decider,
    waiting: VecDeque<LoadedEvent>,
    reached: Arc<Reached>,
}

impl<R: AsyncBufRead + Unpin + Send> Feed<R> {
    /// Begins at the first line.
    pub(crate) fn new(reader: R, decider: Decider) -> Self {
        Self {
            lines: Lines::new(reader),
            decider,
            waiting: VecDeque::new(),
            reached: Arc::default(),
        }
    }

    /// How far it has come, for whoever watches.
    pub(crate) fn reached(&self) -> Arc<Reached> {
        Arc::clone(&self.reached)
    }

    /// The events, until the end or the first line that is refused.
    pub(crate) fn into_events(self) -> impl Stream<Item = Result<LoadedEvent, FeedError>> + Send {
        stream::try_unfold(self, |mut feed| async move {
            let event = feed.next().await?;
            Ok(event.map(|event| (event, feed)))
        })
    }

    async fn next(&mut self) -> Result<Option<LoadedEvent>, FeedError> {
        while self.waiting.is_empty() {
            let Some(text) = self.lines.next().await.map_err(FeedError::Read)? else {
                return Ok(None);
            };
            let line = text.and_then(Line::read);
            let number = self.lines.number();
            self.reached.line.store(number, Ordering::Relaxed);
            self.reached.bytes.store(self.lines.bytes(), Ordering::Relaxed);
            let decided = match line {
                Ok(line) => self.decider.decide(line).await,
                Err(error) => Err(error.into()),
            };
            let events = decided.map_err(|refused| match refused {
                Refused::Line(error) => FeedError::Line { number, error },
                Refused::Log(error) => FeedError::Log(error),
                Refused::Unreadable(error) => FeedError::Unreadable(error),
            })?;
            self.waiting.extend(events);
            let cases = u64::try_from(self.decider.cases()).unwrap_or(u64::MAX);
            self.reached.cases.store(cases, Ordering::Relaxed);
        }
        Ok(self.waiting.pop_front())
    }
}
