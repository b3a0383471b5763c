//! The queues in front of the appenders: bounded, one for each tenant that is being written to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tracing::Span;

use super::{Append, AppendError, Appended, appender};
use crate::backend::Backend;
use crate::error::DatabaseError;
use crate::tenant::TenantNo;

/// The semaphore counts kibibytes, since it counts to 2^29 at least.
const PERMIT_BYTES: usize = 1024;

/// The most spans a batch names as those it follows from.
const LINKS_MAX: usize = 128;

pub(super) type Answer = Result<Appended, AppendError>;

/// A command on its way.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) append: Append,
    answer: oneshot::Sender<Answer>,
    /// The caller's span, which the batch's follows from.
    span: Span,
    /// The share of the queues' memory, given back when the command is answered.
    _memory: OwnedSemaphorePermit,
}

impl Queued {
    /// Tells the caller. One that went away is not told.
    pub(super) fn answer(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }
}

/// The span of a batch, which follows from those of its commands.
pub(super) fn batch_span(tenant: TenantNo, batch: &[Queued]) -> Span {
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

/// Every tenant's queue.
#[derive(Debug)]
pub(crate) struct Appenders {
    backend: Arc<Backend>,
    queues: Arc<Queues>,
    memory: Arc<Semaphore>,
    /// Where appenders run: where the log was made, and not where a command happens to come from,
    /// since a server's worker may end while others still wait for the appender.
    runtime: Option<Handle>,
}

#[derive(Debug)]
pub(super) struct Queues {
    open: Mutex<Open>,
    running: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Open {
    draining: bool,
    senders: HashMap<TenantNo, mpsc::Sender<Queued>>,
}

impl Appenders {
    pub(crate) fn new(backend: Arc<Backend>) -> Self {
        let memory = backend.settings.queue_bytes_max / PERMIT_BYTES;
        Self {
            backend,
            queues: Arc::new(Queues { open: Mutex::default(), running: watch::Sender::new(0) }),
            memory: Arc::new(Semaphore::new(memory.min(Semaphore::MAX_PERMITS))),
            runtime: Handle::try_current().ok(),
        }
    }

    /// Puts a command into its tenant's queue, starting the appender if there is none.
    pub(crate) fn send(
        &self,
        tenant: TenantNo,
        append: Append,
    ) -> Result<oneshot::Receiver<Answer>, AppendError> {
        let kibibytes = append.bytes().div_ceil(PERMIT_BYTES);
        let memory = Arc::clone(&self.memory)
            .try_acquire_many_owned(u32::try_from(kibibytes).unwrap_or(u32::MAX))
            .map_err(|_| AppendError::Overloaded)?;
        let (answer, answered) = oneshot::channel();
        let queued = Queued { append, answer, span: Span::current(), _memory: memory };
        let mut open = self.queues.lock();
        if open.draining {
            return Err(AppendError::Unavailable(DatabaseError::waited("shutting down")));
        }
        // An appender that ended otherwise than by retiring, by a fault of ours, has closed its
        // queue: the tenant gets a new one.
        if open.senders.get(&tenant).is_some_and(mpsc::Sender::is_closed) {
            tracing::error!(throughline.tenant_no = tenant.0, "an appender ended by itself");
            open.senders.remove(&tenant);
        }
        let sender = open.senders.entry(tenant).or_insert_with(|| self.start(tenant));
        sender.try_send(queued).map_err(|_| AppendError::Overloaded)?;
        self.backend.metrics.queue_depth.inc();
        Ok(answered)
    }

    pub(crate) async fn drain(&self) {
        {
            let mut open = self.queues.lock();
            open.draining = true;
            // Without a sender an appender ends when its queue is empty.
            open.senders.clear();
        }
        let mut running = self.queues.running.subscribe();
        let _ = running.wait_for(|count| *count == 0).await;
    }

    fn start(&self, tenant: TenantNo) -> mpsc::Sender<Queued> {
        let (sender, receiver) = mpsc::channel(self.backend.settings.queue_commands_max);
        let backend = Arc::clone(&self.backend);
        let running = Running::new(Arc::clone(&self.queues));
        let appender = appender::run(backend, running, tenant, receiver);
        match &self.runtime {
            Some(runtime) => runtime.spawn(appender),
            None => tokio::spawn(appender),
        };
        sender
    }
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An appender that has not ended.
#[derive(Debug)]
pub(super) struct Running(Arc<Queues>);

impl Running {
    fn new(queues: Arc<Queues>) -> Self {
        queues.running.send_modify(|count| *count += 1);
        Self(queues)
    }

    /// Takes an idle tenant's queue away. False when a command has come in the meantime.
    ///
    /// Commands are sent under the same lock, so none is sent to a queue that was taken away.
    pub(super) fn retire(&self, tenant: TenantNo, queue: &mpsc::Receiver<Queued>) -> bool {
        let mut open = self.0.lock();
        let empty = queue.is_empty();
        if empty {
            open.senders.remove(&tenant);
        }
        empty
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.send_modify(|count| *count -= 1);
    }
}
