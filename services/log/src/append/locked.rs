//! A batch that is planned under the tenant's lock: what everything rests on.
//!
//! Two round trips: lock and read, then write and commit. Every refusal comes from here, since only
//! here is it certain; so does every batch while the appender does not know where the log ends.

use throughline_domain::ids::Position;
use tokio::time::Instant;
use tracing::Instrument as _;
use uuid::Uuid;

use super::plan::Plan;
use super::queue::{Answer, Queued, batch_span};
use super::stream_reads::Wanted;
use super::tail::Tail;
use super::transaction::{Lost, Opened};
use super::{Append, AppendError, idempotency};
use crate::backend::Backend;
use crate::error::LogError;
use crate::tenant::{TenantNo, TenantState};

/// How often a batch is written before its callers hear of a lost connection.
const TRIES_MAX: usize = 2;

/// Has a batch written and answers each command; where the log ends afterwards, if that is certain.
///
/// When the database refuses the batch, one command must be the cause: the batch is halved until
/// it stands alone, so that the others are recorded all the same, still in their order.
pub(super) async fn settle(
    backend: &Backend,
    tenant: TenantNo,
    batch: Vec<Queued>,
) -> Option<Tail> {
    let deadline = Instant::now() + 3 * backend.settings.statement_max;
    let mut tail = None;
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
        let span = batch_span(tenant, &part);
        let appends: Vec<&Append> = part.iter().map(|queued| &queued.append).collect();
        let written = write(backend, tenant, &appends).instrument(span.clone()).await;
        tail = None;
        match written {
            Ok(written) => {
                tail = written.tail;
                for (queued, answer) in part.into_iter().zip(written.answers) {
                    queued.answer(answer);
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
    tail
}

/// Answers every command of a batch with the same error.
pub(super) fn refuse(batch: Vec<Queued>, error: &LogError) {
    // Each caller says so too, where the command came from.
    tracing::warn!(
        throughline.commands = batch.len(),
        error = error as &dyn std::error::Error,
        "commands were not recorded"
    );
    for queued in batch {
        queued.answer(Err(error.repeated().into()));
    }
}

/// A batch whose commit was sent and never answered, by its first event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubtful {
    pub(super) position: i64,
    pub(super) event_id: Uuid,
}

impl Doubtful {
    /// Whether the batch is in the log after all: its first event is at its place, or nothing is.
    ///
    /// The transaction that asks holds the tenant's lock, so the lost one has ended.
    pub(super) async fn was_recorded(
        self,
        backend: &Backend,
        tenant: TenantNo,
    ) -> Result<bool, LogError> {
        let opened = Opened::open(backend, tenant, &Wanted::default()).await?;
        let at = opened.event_id_at(tenant, self.position).await?;
        opened.abandon().await?;
        Ok(at == Some(self.event_id))
    }
}

/// What a batch was answered, and where the log ends now.
struct Written {
    answers: Vec<Answer>,
    tail: Option<Tail>,
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

enum Attempt {
    Before(LogError),
    Writing { error: LogError, doubtful: Option<(Doubtful, Vec<Answer>, Position)> },
}

/// Writes a batch. A lost connection is tried again on a new one, once it is certain that nothing
/// was written the first time.
async fn write(
    backend: &Backend,
    tenant: TenantNo,
    appends: &[&Append],
) -> Result<Written, Failed> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (error, doubtful) = match try_write(backend, tenant, appends).await {
            Ok(written) => return Ok(written),
            Err(Attempt::Before(error)) => (Failed::Before(error), None),
            Err(Attempt::Writing { error, doubtful }) => (Failed::Writing(error), doubtful),
        };
        let lost = backend.database.was_lost(error.error());
        if let Some((doubtful, answers, last)) = doubtful {
            match doubtful.was_recorded(backend, tenant).await {
                Ok(true) => {
                    let placed = appends.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
                    let events = placed.map(|(append, _)| append.event_count()).sum();
                    backend.recorded(tenant, last, events);
                    return Ok(Written { answers, tail: None });
                }
                Ok(false) => {}
                Err(_) => return Err(error),
            }
        }
        if !lost || tries == TRIES_MAX {
            return Err(error);
        }
    }
}

async fn try_write(
    backend: &Backend,
    tenant: TenantNo,
    appends: &[&Append],
) -> Result<Written, Attempt> {
    let writes = appends.iter().flat_map(|append| &append.writes);
    let mut wanted = Wanted::of(writes.map(|write| (write.stream, write.events.as_slice())));
    wanted.scopes = idempotency::scopes(appends);
    let mut opened = Opened::open(backend, tenant, &wanted).await.map_err(Attempt::Before)?;
    if opened.state == TenantState::Loading {
        opened.abandon().await.map_err(Attempt::Before)?;
        let answers = appends.iter().map(|_| Err(AppendError::Loading)).collect();
        return Ok(Written { answers, tail: None });
    }
    let now = opened.now;
    let mut plan = Plan::new(backend, tenant, &mut opened).map_err(Attempt::Before)?;
    let answers: Vec<Answer> = appends.iter().map(|append| plan.place(append, now)).collect();
    let tail = Tail::after(&plan, &opened.wrapped_tenant_key, (now, opened.answered_at));
    let Some(first) = plan.rows.first() else {
        opened.abandon().await.map_err(Attempt::Before)?;
        return Ok(Written { answers, tail: Some(tail) });
    };
    let doubtful = Doubtful { position: first.row.position, event_id: first.row.event_id };
    match opened.write_and_commit(&plan).await {
        Ok(()) => {
            backend.recorded(tenant, plan.position(), plan.rows.len());
            Ok(Written { answers, tail: Some(tail) })
        }
        Err(Lost { error, doubtful: is_doubtful }) => {
            let doubtful = is_doubtful.then(|| (doubtful, answers, plan.position()));
            Err(Attempt::Writing { error, doubtful })
        }
    }
}
