//! A tenant's appender: one task that gathers what waits and has it written.
//!
//! While one batch is being written, the next is gathered, and sent behind it as soon as it is
//! worth a transaction of its own ([`super::ahead`]). Whatever does not go through that way is
//! planned under the tenant's lock, alone ([`super::locked`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, poll_immediate};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use throughline_domain::ids::Position;
use tokio::sync::mpsc;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

use super::Appended;
use super::ahead::{Landed, Lane, Streams};
use super::locked::{self, Doubtful};
use super::queue::{Queued, Running, batch_span};
use super::tail::Tail;
use super::transaction::Lost;
use crate::backend::Backend;
use crate::error::LogError;
use crate::tenant::TenantNo;

/// How many batches are on their way at a time: one being written, one behind it.
const FLIGHTS_MAX: usize = 2;

/// The commands from which on a batch is sent behind another: with fewer, the flush to disk that
/// each batch costs is better shared.
const AHEAD_MIN: usize = 128;

/// The commands from which on a batch that comes alone is worth planning ahead for: while that is
/// done, readers of the present wait a little.
const BUSY_MIN: usize = 8;

/// How many batches are planned under the lock after another process has written to the tenant, or
/// after one came too late: the next would most likely fare no better.
const APART_AFTER_OTHERS: u32 = 16;

/// How long after a batch its callers may be expected back.
const RETURN_MAX: Duration = Duration::from_millis(50);

/// Appends until the queue is closed, or idle for long.
pub(super) async fn run(
    backend: Arc<Backend>,
    running: Running,
    tenant: TenantNo,
    mut queue: mpsc::Receiver<Queued>,
) {
    let mut appender = Appender::new(backend, tenant);
    let mut waiting = Waiting::default();
    let mut closed = false;
    loop {
        let idle = appender.is_idle() && waiting.is_empty();
        if idle && closed {
            break;
        }
        if idle {
            match appender.first(&mut queue).await {
                Ok(Some(first)) => waiting.push(first),
                Ok(None) => break,
                Err(_) if running.retire(tenant, &queue) => break,
                Err(_) => continue,
            }
        }
        while appender.takes(&waiting)
            && let Ok(queued) = queue.try_recv()
        {
            waiting.push(queued);
        }
        if appender.flights.is_empty() {
            if !appender.redo.is_empty() || appender.backend.database.is_short_of_connections() {
                appender.rest().await;
            }
            appender.redo().await;
            appender.wait_for_those_expected(&mut waiting, &mut queue).await;
            appender.write(waiting.take()).await;
        } else if appender.may_send_behind(&waiting) {
            appender.write(waiting.take()).await;
        } else {
            let takes = appender.takes(&waiting) && !closed;
            tokio::select! {
                landed = appender.flights.next() => appender.land(landed),
                queued = queue.recv(), if takes => match queued {
                    Some(queued) => waiting.push(queued),
                    None => closed = true,
                },
            }
        }
    }
}

/// The batch that is being gathered.
#[derive(Default)]
struct Waiting {
    batch: Vec<Queued>,
    bytes: usize,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    fn push(&mut self, queued: Queued) {
        self.bytes += queued.append.bytes();
        self.batch.push(queued);
    }

    fn take(&mut self) -> Vec<Queued> {
        std::mem::take(self).batch
    }
}

/// A batch that has to be planned under the lock, or to be looked for.
struct Redo {
    batch: Vec<Queued>,
    doubtful: Option<Doubt>,
}

/// A batch whose commit is in doubt.
struct Doubt {
    place: Doubtful,
    last: Position,
    /// What it is answered if it was recorded.
    answers: Vec<Appended>,
    /// What it is answered if that cannot be found out.
    error: LogError,
}

struct Appender {
    backend: Arc<Backend>,
    tenant: TenantNo,
    /// `None` when it is not known where the log ends.
    tail: Option<Arc<Mutex<Tail>>>,
    lane: Option<Lane>,
    flights: FuturesOrdered<BoxFuture<'static, Landed>>,
    redo: VecDeque<Redo>,
    /// How many batches are still to be planned under the lock.
    apart: u32,
    /// How many callers were answered last, and when.
    expected: usize,
    answered_at: Instant,
}

impl Appender {
    fn new(backend: Arc<Backend>, tenant: TenantNo) -> Self {
        Self {
            backend,
            tenant,
            tail: None,
            lane: None,
            flights: FuturesOrdered::new(),
            redo: VecDeque::new(),
            apart: 0,
            expected: 1,
            answered_at: Instant::now(),
        }
    }

    fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.redo.is_empty()
    }

    /// Whether the batch that is gathered has room for more.
    fn takes(&self, waiting: &Waiting) -> bool {
        let settings = &self.backend.settings;
        waiting.batch.len() < settings.batch_commands_max
            && waiting.bytes < settings.batch_bytes_max
    }

    /// Whether the batch may follow those that are on their way, and is worth it.
    fn may_send_behind(&self, waiting: &Waiting) -> bool {
        let is_worth_it = waiting.batch.len() >= AHEAD_MIN || !self.takes(waiting);
        let may = self.flights.len() < FLIGHTS_MAX && self.redo.is_empty() && self.goes_ahead();
        is_worth_it && may && !waiting.is_empty()
    }

    fn goes_ahead(&self) -> bool {
        self.tail.is_some() && self.apart == 0
    }

    /// As many callers as were answered last are expected back, and waited for up to the limit:
    /// otherwise two batches would form that take turns, each half the size.
    async fn wait_for_those_expected(
        &mut self,
        waiting: &mut Waiting,
        queue: &mut mpsc::Receiver<Queued>,
    ) {
        let recently = self.answered_at.elapsed() <= RETURN_MAX;
        let expected = if recently { self.expected.min(AHEAD_MIN) } else { 1 };
        let deadline = Instant::now() + self.backend.settings.gather_max;
        while waiting.batch.len() < expected && self.takes(waiting) {
            match timeout_at(deadline, queue.recv()).await {
                Ok(Some(queued)) => waiting.push(queued),
                Ok(None) | Err(_) => break,
            }
        }
    }

    /// Has a batch written: behind those on their way if it may, else under the lock, when it is
    /// alone.
    async fn write(&mut self, batch: Vec<Queued>) {
        if batch.is_empty() {
            return;
        }
        let metrics = &self.backend.metrics;
        metrics.queue_depth.dec_by(i64::try_from(batch.len()).unwrap_or(i64::MAX));
        metrics.batch_commands.observe(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        let is_busy = self.lane.is_some() || batch.len() >= BUSY_MIN;
        if let Some(tail) = self.tail.clone().filter(|_| is_busy && self.goes_ahead()) {
            self.send(tail, batch).await;
        } else {
            self.apart = self.apart.saturating_sub(1);
            self.settle(batch).await;
        }
    }

    async fn send(&mut self, tail: Arc<Mutex<Tail>>, batch: Vec<Queued>) {
        let Some((lane, read)) = self.prepare(&tail, &batch).await else {
            // Under the lock it will be seen what is the matter.
            self.redo.push_back(Redo { batch, doubtful: None });
            return;
        };
        let span = batch_span(self.tenant, &batch);
        let backend = Arc::clone(&self.backend);
        let mut flight = Box::pin(lane.write(backend, tail, read, batch).instrument(span));
        // Sends it, before anything else is sent.
        match poll_immediate(&mut flight).await {
            Some(landed) => self.land(Some(landed)),
            None => self.flights.push_back(flight),
        }
    }

    /// The lane, and what has to be read before the batch is planned: on the lane itself, or, while
    /// it is busy, on a connection that nobody else waits for. `None`: it is not to be had.
    async fn prepare(&mut self, tail: &Mutex<Tail>, batch: &[Queued]) -> Option<(Lane, Streams)> {
        let lane = match self.lane.take() {
            Some(lane) => lane,
            None => Lane::open(&self.backend, self.tenant, tail).await.ok()??,
        };
        self.lane = Some(lane.clone());
        let wanted = super::tail::lock(tail).wanted(batch.iter().map(|queued| &queued.append));
        if wanted.is_empty() {
            return Some((lane, Streams::new()));
        }
        let statement_max = self.backend.settings.statement_max;
        let read = if self.flights.is_empty() {
            wanted.read(lane.connection(), statement_max, self.tenant).await
        } else {
            let spare = self.backend.database.spare_connection().await?;
            let read = wanted.read(&spare, statement_max, self.tenant).await;
            if read.is_ok() {
                spare.release();
            }
            read
        };
        let Ok(read) = read else {
            // The transaction may be open still.
            self.lane = None;
            return None;
        };
        Some((lane, read))
    }

    /// Answers a batch that was on its way, or sees to it that it is planned anew.
    fn land(&mut self, landed: Option<Landed>) {
        let Some(Landed { placed, left, first, last, written }) = landed else { return };
        let (batch, answers): (Vec<Queued>, Vec<Appended>) = placed.into_iter().unzip();
        match (written, first) {
            (Ok(()), Some(_)) => self.answer(batch, answers),
            (Ok(()), None) => {}
            (Err(Lost { error, doubtful }), first) => {
                self.forget(&error);
                if error.says_hindered() {
                    // It has waited long enough.
                    locked::refuse(batch, &error);
                } else {
                    let first = first.filter(|_| doubtful);
                    let doubtful = first.map(|(position, event_id)| Doubt {
                        place: Doubtful { position, event_id },
                        last,
                        answers,
                        error,
                    });
                    self.redo.push_back(Redo { batch, doubtful });
                }
            }
        }
        if !left.is_empty() {
            self.redo.push_back(Redo { batch: left, doubtful: None });
        }
    }

    fn answer(&mut self, batch: Vec<Queued>, answers: Vec<Appended>) {
        self.expected = batch.len();
        self.answered_at = Instant::now();
        for (queued, appended) in batch.into_iter().zip(answers) {
            queued.answer(Ok(appended));
        }
    }

    /// Believes nothing any more: a batch on the strength of it has failed.
    fn forget(&mut self, error: &LogError) {
        self.backend.metrics.batches_planned_anew.inc();
        // A batch behind the one that failed fails with it, and says nothing new.
        let is_first = self.tail.take().is_some();
        if is_first && error.says_overtaken() {
            self.apart = APART_AFTER_OTHERS;
        }
        let is_answered = matches!(error, LogError::Refused(error) if error.sqlstate().is_some());
        if self.backend.database.was_lost(error) || !is_answered {
            // Closed with it, once nothing is on its way.
            self.lane = None;
        }
    }

    /// Sees to the batches that failed, in their order.
    async fn redo(&mut self) {
        while let Some(Redo { batch, doubtful }) = self.redo.pop_front() {
            let Some(doubt) = doubtful else {
                self.settle(batch).await;
                continue;
            };
            match doubt.place.was_recorded(&self.backend, self.tenant).await {
                Ok(true) => {
                    let events = batch.iter().map(|queued| queued.append.event_count()).sum();
                    self.backend.recorded(self.tenant, doubt.last, events);
                    self.answer(batch, doubt.answers);
                }
                Ok(false) => self.settle(batch).await,
                Err(_) => locked::refuse(batch, &doubt.error),
            }
        }
    }

    /// Has a batch planned under the lock.
    async fn settle(&mut self, batch: Vec<Queued>) {
        self.expected = batch.len();
        let tail = locked::settle(&self.backend, self.tenant, batch).await;
        self.tail = tail.map(|tail| Arc::new(Mutex::new(tail)));
        self.answered_at = Instant::now();
    }

    /// The next command. Callers who were just answered are likely to come back at once, so the
    /// connection is given back only when they do not. An error: nobody came for long.
    async fn first(
        &mut self,
        queue: &mut mpsc::Receiver<Queued>,
    ) -> Result<Option<Queued>, Elapsed> {
        let settings = &self.backend.settings;
        let (return_max, idle_max) = (settings.gather_max, settings.idle_max);
        if self.lane.is_some()
            && let Ok(first) = timeout(return_max, queue.recv()).await
        {
            return Ok(first);
        }
        self.rest().await;
        timeout(idle_max, queue.recv()).await
    }

    /// Gives the connection back while there is nothing to do.
    async fn rest(&mut self) {
        if let Some(lane) = self.lane.take() {
            lane.close().await;
        }
    }
}
