//! A tenant's appender: one task that gathers what waits and has it written.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;
use uuid::Uuid;

use super::plan::Plan;
use super::queue::{Answer, Queued, Running};
use super::stream_reads::Wanted;
use super::transaction::{Lost, Opened};
use super::{Append, AppendError, idempotency};
use crate::backend::Backend;
use crate::error::LogError;
use crate::tenant::{TenantNo, TenantState};

/// The most spans a batch names as those it follows from.
const LINKS_MAX: usize = 128;

/// How often a batch is written before its callers hear of a lost connection.
const TRIES_MAX: usize = 2;

/// How long after a batch its callers may be expected back.
const RETURN_MAX: std::time::Duration = std::time::Duration::from_millis(50);

/// Appends until the queue is closed, or idle for long.
pub(super) async fn run(
    backend: Arc<Backend>,
    running: Running,
    tenant: TenantNo,
    mut queue: mpsc::Receiver<Queued>,
) {
    let mut expected = 1;
    let mut answered_at = Instant::now();
    loop {
        let first = match timeout(backend.settings.idle_max, queue.recv()).await {
            Ok(Some(first)) => first,
            Ok(None) => break,
            Err(_) if running.retire(tenant, &queue) => break,
            Err(_) => continue,
        };
        if answered_at.elapsed() > RETURN_MAX {
            expected = 1;
        }
        let batch = gather(&backend, &mut queue, first, expected).await;
        expected = batch.len();
        let depth = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        backend.metrics.queue_depth.dec_by(depth);
        settle(&backend, tenant, batch).await;
        answered_at = Instant::now();
    }
}

/// Takes what waits. As many callers as were answered last are expected back, and waited for up to
/// the limit: otherwise two batches would form that take turns, each half the size.
async fn gather(
    backend: &Backend,
    queue: &mut mpsc::Receiver<Queued>,
    first: Queued,
    expected: usize,
) -> Vec<Queued> {
    let settings = &backend.settings;
    let deadline = Instant::now() + settings.gather_max;
    let mut bytes = first.append.bytes();
    let mut batch = vec![first];
    while batch.len() < settings.batch_commands_max && bytes < settings.batch_bytes_max {
        let next = match queue.try_recv() {
            Ok(next) => Some(next),
            Err(_) if batch.len() >= expected => None,
            Err(_) => timeout_at(deadline, queue.recv()).await.ok().flatten(),
        };
        let Some(next) = next else { break };
        bytes += next.append.bytes();
        batch.push(next);
    }
    batch
}

/// Has a batch written and answers each command.
///
/// When the database refuses the batch, one command must be the cause: the batch is halved until
/// it stands alone, so that the others are recorded all the same, still in their order.
async fn settle(backend: &Backend, tenant: TenantNo, batch: Vec<Queued>) {
    let deadline = Instant::now() + 3 * backend.settings.statement_max;
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
        let span = batch_span(tenant, &part);
        let appends: Vec<&Append> = part.iter().map(|queued| &queued.append).collect();
        let written = write(backend, tenant, &appends).instrument(span.clone()).await;
        match written {
            Ok(answers) => {
                for (queued, answer) in part.into_iter().zip(answers) {
                    // A caller that went away is not told.
                    let _ = queued.answer.send(answer);
                }
            }
            Err(error)
                if part.len() > 1 && error.may_be_one_command() && Instant::now() < deadline =>
            {
                let later = part.split_off(part.len() / 2);
                parts.push(later);
                parts.push(part);
            }
            Err(error) => span.in_scope(|| refuse(part, error.error())),
        }
    }
}

/// Why a batch was not written.
enum Failed {
    /// Before anything of the commands was sent.
    Before(LogError),
    /// While or after sending it.
    Writing(LogError),
}

impl Failed {
    fn error(&self) -> &LogError {
        let (Self::Before(error) | Self::Writing(error)) = self;
        error
    }

    fn may_be_one_command(&self) -> bool {
        match self {
            Self::Before(_) => false,
            Self::Writing(LogError::Unavailable(error)) => !error.is_lost(),
            Self::Writing(_) => true,
        }
    }
}

fn refuse(batch: Vec<Queued>, error: &LogError) {
    // Each caller says so too, where the command came from.
    tracing::warn!(
        throughline.commands = batch.len(),
        error = error as &dyn std::error::Error,
        "commands were not recorded"
    );
    for queued in batch {
        let _ = queued.answer.send(Err(error.repeated().into()));
    }
}

fn batch_span(tenant: TenantNo, batch: &[Queued]) -> tracing::Span {
    let span = tracing::info_span!(
        parent: None,
        "log.batch",
        throughline.tenant_no = tenant.0,
        throughline.commands = batch.len(),
        throughline.position = tracing::field::Empty,
    );
    for queued in batch.iter().take(LINKS_MAX) {
        span.follows_from(queued.span.id());
    }
    span
}

/// Writes a batch. A lost connection is tried again on a new one, once it is certain that nothing
/// was written the first time.
async fn write(
    backend: &Backend,
    tenant: TenantNo,
    appends: &[&Append],
) -> Result<Vec<Answer>, Failed> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (error, doubtful) = match try_write(backend, tenant, appends).await {
            Ok(answers) => return Ok(answers),
            Err(Attempt::Before(error)) => (Failed::Before(error), None),
            Err(Attempt::Writing { error, doubtful }) => (Failed::Writing(error), doubtful),
        };
        let lost = backend.database.was_lost(error.error());
        if let Some(doubtful) = doubtful {
            match doubtful.was_recorded(backend, tenant).await {
                Ok(true) => return Ok(doubtful.answers),
                Ok(false) => {}
                Err(_) => return Err(error),
            }
        }
        if !lost || tries == TRIES_MAX {
            return Err(error);
        }
    }
}

enum Attempt {
    Before(LogError),
    Writing { error: LogError, doubtful: Option<Doubtful> },
}

/// A batch whose commit was sent and never answered.
struct Doubtful {
    position: i64,
    event_id: Uuid,
    answers: Vec<Answer>,
}

impl Doubtful {
    /// Whether the batch is in the log after all: its first event is at its place, or nothing is.
    ///
    /// The transaction that asks holds the tenant's lock, so the lost one has ended.
    async fn was_recorded(&self, backend: &Backend, tenant: TenantNo) -> Result<bool, LogError> {
        let opened = Opened::open(backend, tenant, &Wanted::default()).await?;
        let at = opened.event_id_at(tenant, self.position).await?;
        opened.abandon().await?;
        Ok(at == Some(self.event_id))
    }
}

async fn try_write(
    backend: &Backend,
    tenant: TenantNo,
    appends: &[&Append],
) -> Result<Vec<Answer>, Attempt> {
    let writes = appends.iter().flat_map(|append| &append.writes);
    let mut wanted = Wanted::of(writes.map(|write| (write.stream, write.events.as_slice())));
    wanted.scopes = idempotency::scopes(appends);
    let mut opened = Opened::open(backend, tenant, &wanted).await.map_err(Attempt::Before)?;
    if opened.state == TenantState::Loading {
        opened.abandon().await.map_err(Attempt::Before)?;
        return Ok(appends.iter().map(|_| Err(AppendError::Loading)).collect());
    }
    let now = opened.now;
    let mut plan = Plan::new(backend, tenant, &mut opened).map_err(Attempt::Before)?;
    let answers: Vec<Answer> = appends.iter().map(|append| plan.place(append, now)).collect();
    backend
        .metrics
        .batch_commands
        .observe(f64::from(u32::try_from(appends.len()).unwrap_or(u32::MAX)));
    let Some(first) = plan.rows.first() else {
        opened.abandon().await.map_err(Attempt::Before)?;
        return Ok(answers);
    };
    let (position, event_id) = (first.row.position, first.row.event_id);
    let events = plan.rows.len();
    let last = plan.position();
    match opened.write_and_commit(&plan).await {
        Ok(()) => {
            tracing::Span::current().record("throughline.position", last.0);
            backend.metrics.events.inc_by(u64::try_from(events).unwrap_or(u64::MAX));
            backend.announcer.reached(tenant, last);
            Ok(answers)
        }
        Err(Lost { error, doubtful }) => Err(Attempt::Writing {
            error,
            doubtful: doubtful.then_some(Doubtful { position, event_id, answers }),
        }),
    }
}
