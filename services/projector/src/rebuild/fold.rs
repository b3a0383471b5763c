//! Folding: every slice of the log, read, folded and copied into the build's tables.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::Transaction;
use futures_util::{Stream, StreamExt as _};
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_log::{LogError, Replayed, UnreadableStream};
use throughline_projections::Row;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::halt::{Halt, Signals};
use super::lease::{self, Lease};
use super::pace::Pace;
use super::parking::{Parked, park, unreadable_class};
use super::phase::Phase;
use super::rebuilder::Inner;
use super::slices::{self, Slice};
use crate::write::{Mode, is_about_the_rows};

/// After how many events a worker looks whether to go on, and rests.
const PIECE_EVENTS: usize = 1_000;
/// From how many bytes of facts on their rows are sent, however few they are.
const ROWS_BYTES: usize = 8 * 1024 * 1024;
/// How often a worker that waits looks whether it may work.
const WAIT_INTERVAL: Duration = Duration::from_millis(100);

/// What the workers of one rebuild share.
struct Work {
    inner: Arc<Inner>,
    lease: Lease,
    pinned: Position,
    /// Read after the pin, so that every version that an event up to it names is there.
    programmes: Arc<Programmes>,
    pace: Arc<Pace>,
    signals: Signals,
    left: Mutex<VecDeque<Slice>>,
}

/// Folds the slices that are left, then goes on to the next phase.
pub(crate) async fn run(
    inner: &Arc<Inner>,
    lease: &Lease,
    pinned: Position,
    pace: &Arc<Pace>,
    signals: &Signals,
) -> Result<(), Halt> {
    let client = inner.pool.get().await?;
    let left = slices::left(&client, lease).await?;
    drop(client);
    let programmes = inner.log.programmes(lease.tenant).await?;
    let work = Arc::new(Work {
        inner: Arc::clone(inner),
        lease: *lease,
        pinned,
        programmes,
        pace: Arc::clone(pace),
        signals: signals.clone(),
        left: Mutex::new(left.into()),
    });
    // Dropped on the way, they end, and with them whatever they had not committed.
    let mut workers = JoinSet::new();
    for worker in 0..inner.workers() {
        let work = Arc::clone(&work);
        workers.spawn(async move { work.work(worker).await });
    }
    while let Some(ended) = workers.join_next().await {
        ended.unwrap_or_else(|_| Err(Halt::failed("panicked")))?;
    }
    finish(inner, lease, pinned).await
}

/// Every event up to the pin was read exactly once, or the rebuild is worth nothing.
async fn finish(inner: &Inner, lease: &Lease, pinned: Position) -> Result<(), Halt> {
    let mut client = inner.pool.get().await?;
    match slices::written(&client, lease).await? {
        Some(events) if events == pinned.0 => {}
        Some(_) => return Err(Halt::failed("incomplete")),
        None => return Err(Halt::Lost),
    }
    let transaction = lease::begin(&mut client, inner.settings.statement_max).await?;
    lease.note(inner, &transaction, Phase::Folding, "phase = 'indexing'", &[]).await?;
    transaction.commit().await?;
    Ok(())
}

type Case = Result<Replayed<Recorded<CaseEvent>>, LogError>;

/// Rows on their way into the tables.
struct Gathered {
    /// One entry for each table.
    tables: Vec<Vec<Row>>,
    rows: usize,
    /// The facts that the rows were made from.
    bytes: usize,
    parked: Vec<Parked>,
    /// The case folded last, and its latest event.
    last: Option<(Uuid, Position)>,
}

impl Work {
    fn left(&self) -> MutexGuard<'_, VecDeque<Slice>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(&self, worker: usize) -> Result<(), Halt> {
        while !self.left().is_empty() {
            self.signals.check()?;
            // While the log is busy, one works: the others wait until it is not, or all is done.
            if worker > 0 && self.pace.is_busy().await? {
                sleep(WAIT_INTERVAL).await;
                continue;
            }
            let next = self.left().pop_front();
            if let Some(slice) = next {
                self.fold(slice).await?;
            }
        }
        Ok(())
    }

    /// Folds one slice; when the database refuses its rows, case by case, so that the guilty one
    /// is parked.
    async fn fold(&self, slice: Slice) -> Result<(), Halt> {
        match self.fold_in(&slice, Mode::Together).await {
            Err(Halt::Log(LogError::Refused(_))) => self.fold_in(&slice, Mode::Apart).await,
            done => done,
        }
    }

    /// The slice's rows, its mark and the progress are one transaction.
    async fn fold_in(&self, slice: &Slice, mode: Mode) -> Result<(), Halt> {
        let Self { inner, lease, .. } = self;
        let read = Arc::new(AtomicU64::new(0));
        let (tenant, streams) = (lease.tenant, slice.streams.clone());
        let cases =
            inner.log.replay_cases_counting(tenant, self.pinned, streams, Arc::clone(&read));
        let mut cases = pin!(cases);
        let mut gathered = Gathered::new(lease.projection.tables().len());
        let mut rows = 0;
        let mut has_more = self.gather(mode, cases.as_mut(), &mut gathered).await?;
        let mut client = inner.pool.get().await?;
        let transaction = lease::begin(&mut client, inner.settings.statement_max).await?;
        lease::limit_idle(&transaction, inner.settings.idle_max).await?;
        lease.enter(&transaction).await?;
        loop {
            let began = Instant::now();
            rows += self.write(&transaction, mode, &mut gathered).await?;
            if !has_more {
                break;
            }
            let gather = async {
                self.pace.rest(began).await?;
                self.gather(mode, cases.as_mut(), &mut gathered).await
            };
            has_more = lease::stay_awake(&transaction, inner.settings.idle_max, gather).await?;
        }
        let began = Instant::now();
        self.mark(&transaction, slice, read.load(Ordering::Relaxed), rows).await?;
        transaction.commit().await?;
        drop(client);
        self.pace.rest(began).await?;
        Ok(())
    }

    /// Folds cases until there are enough rows to write; `false` when there are no more cases.
    async fn gather(
        &self,
        mode: Mode,
        mut cases: Pin<&mut impl Stream<Item = Case>>,
        gathered: &mut Gathered,
    ) -> Result<bool, Halt> {
        let mut began = Instant::now();
        let mut events = 0;
        let settings = &self.inner.settings;
        while let Some(case) = cases.next().await {
            events += gathered.fold(&self.lease, case?, self.pinned, &self.programmes);
            let busy = events >= PIECE_EVENTS && {
                events = 0;
                self.signals.check()?;
                self.pace.rest(began).await?;
                began = Instant::now();
                self.pace.is_busy().await?
            };
            let rows_max = if busy { settings.busy_rows_max } else { settings.rows_max };
            let is_enough = gathered.rows >= rows_max || gathered.bytes >= ROWS_BYTES;
            if mode == Mode::Apart || is_enough {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn write(
        &self,
        transaction: &Transaction<'_>,
        mode: Mode,
        gathered: &mut Gathered,
    ) -> Result<u64, Halt> {
        let written = match mode {
            Mode::Together => self.copy(transaction, gathered).await?,
            Mode::Apart => {
                transaction.batch_execute("SAVEPOINT of_case").await?;
                match self.copy(transaction, gathered).await {
                    Err(error) if is_about_the_rows(&error) => {
                        transaction.batch_execute("ROLLBACK TO SAVEPOINT of_case").await?;
                        gathered.park_last("refused");
                        0
                    }
                    copied => copied?,
                }
            }
        };
        gathered.tables.iter_mut().for_each(Vec::clear);
        (gathered.rows, gathered.bytes) = (0, 0);
        for parked in gathered.parked.drain(..) {
            park(transaction.client(), self.lease.build_of(), &parked).await?;
        }
        Ok(written)
    }

    async fn copy(
        &self,
        transaction: &Transaction<'_>,
        gathered: &Gathered,
    ) -> Result<u64, tokio_postgres::Error> {
        let mut copied = 0;
        let place = self.lease.build_of().place();
        for (table, rows) in self.lease.projection.tables().iter().zip(&gathered.tables) {
            if !rows.is_empty() {
                copied += table.copy(transaction, place, rows).await?;
            }
        }
        Ok(copied)
    }

    async fn mark(
        &self,
        transaction: &Transaction<'_>,
        slice: &Slice,
        events: u64,
        rows: u64,
    ) -> Result<(), Halt> {
        let Self { inner, lease, .. } = self;
        let (events, rows) = (count(events), count(rows));
        let sql = "UPDATE projection_rebuild_slice SET events = $4 \
            WHERE tenant_no = $1 AND operation_id = $2 AND slice = $3 AND events IS NULL";
        let marked = transaction
            .execute_typed(
                sql,
                &[
                    (&lease.tenant.0, Type::INT4),
                    (&lease.operation_id, Type::UUID),
                    (&slice.number, Type::INT4),
                    (&events, Type::INT8),
                ],
            )
            .await?;
        if marked != 1 {
            return Err(Halt::Lost);
        }
        let assignments = "events_done = events_done + $5, rows_written = rows_written + $6";
        let values = [(&events as _, Type::INT8), (&rows as _, Type::INT8)];
        lease.note(inner, transaction, Phase::Folding, assignments, &values).await
    }
}

impl Gathered {
    fn new(tables: usize) -> Self {
        let tables = vec![Vec::new(); tables];
        Self { tables, rows: 0, bytes: 0, parked: Vec::new(), last: None }
    }

    /// Folds one case, or sets it aside; returns how many events it has.
    fn fold(
        &mut self,
        lease: &Lease,
        case: Replayed<Recorded<CaseEvent>>,
        pinned: Position,
        programmes: &Programmes,
    ) -> usize {
        let Replayed { stream, events, bytes } = case;
        self.bytes += bytes;
        let history = match events {
            Ok(history) => history,
            Err(UnreadableStream { position, source, .. }) => {
                self.park(stream.id, position, unreadable_class(&source));
                return 1;
            }
        };
        let position = history.last().map_or(pinned, |last| last.position);
        self.last = Some((stream.id, position));
        // As in a batch: nothing panics that anybody knows of.
        let fold = || lease.projection.rows(CaseId(stream.id), &history, programmes);
        match catch_unwind(AssertUnwindSafe(fold)) {
            Ok(Ok(tables)) => {
                for (gathered, rows) in self.tables.iter_mut().zip(tables) {
                    self.rows += rows.len();
                    gathered.extend(rows);
                }
            }
            Ok(Err(_)) => self.park(stream.id, position, "unfoldable"),
            Err(_) => self.park(stream.id, position, "panicked"),
        }
        history.len()
    }

    /// Sets aside the case folded last.
    fn park_last(&mut self, error_class: &'static str) {
        if let Some((case, position)) = self.last {
            self.park(case, position, error_class);
        }
    }

    fn park(&mut self, case: Uuid, position: Position, error_class: &'static str) {
        self.parked.push(Parked { case, position, error_class });
    }
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
