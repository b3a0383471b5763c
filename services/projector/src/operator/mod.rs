//! What operators do to projections, written down with who did it.
//!
//! The line of the audit and what it tells of are one transaction. What a rule refuses is written
//! down too; what fails for want of a database is only in the log lines.
//!
//! Deliberately absent: looking. Lists change nothing and are asked for every few seconds, so they
//! leave a log line and no row.

mod answers;
mod audit;

use deadpool_postgres::Object;
use throughline_domain::ids::CaseId;
use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::Client;
use uuid::Uuid;

pub use answers::{Answered, recall, remember};
pub use audit::{AUDIT_MAX, AuditLine, audit};

use crate::{RebuildError, SwitchError, VerifyError};

/// How long an action waits for writers of what it changes, how long one statement of it may take,
/// and how long the server waits for a process that was paused in the middle of one.
const LIMITS: &str = "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'; \
    SET LOCAL idle_in_transaction_session_timeout = '30s'";

/// Who acts on the projections of a tenant, and from where.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The tenant.
    pub tenant: TenantNo,
    /// Who, as the log names who recorded an event.
    pub actor: String,
    /// In which role.
    pub actor_role: String,
    /// From where.
    pub origin: Origin,
}

/// Where an operator acts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The command line, on a machine that reaches the database.
    CommandLine,
    /// The REST interface.
    Rest,
}

impl Origin {
    /// The stored text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command_line",
            Self::Rest => "rest",
        }
    }
}

/// What an operator can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Looks at something.
    List,
    /// Asks for a rebuild.
    Rebuild,
    /// Asks for a rebuild that stops after the comparison.
    DryRun,
    /// Calls a rebuild off.
    Cancel,
    /// Holds rows against the log.
    Verify,
    /// Has readers answered from the build before.
    Rollback,
    /// Drops a build.
    Drop,
    /// Has parked streams tried again.
    RetryParked,
}

impl Action {
    /// The stored text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Rebuild => "rebuild",
            Self::DryRun => "rebuild_dry_run",
            Self::Cancel => "cancel",
            Self::Verify => "verify",
            Self::Rollback => "rollback",
            Self::Drop => "drop",
            Self::RetryParked => "park_retry",
        }
    }
}

/// One thing that is done, and what to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    /// What.
    pub action: Action,
    /// To which projection; to all of them where there is none.
    pub projection: Option<Projection>,
    /// To which build, or which came of it.
    pub build: Option<i32>,
    /// To which case.
    pub case_id: Option<CaseId>,
    /// By which rebuild.
    pub operation_id: Option<Uuid>,
    /// How many: cases that differ, streams to be tried again.
    pub count: Option<u64>,
}

impl Act {
    /// An action on a projection, or on all of them.
    #[must_use]
    pub fn on(action: Action, projection: Option<Projection>) -> Self {
        Self { action, projection, build: None, case_id: None, operation_id: None, count: None }
    }
}

/// Writes a line of the audit, in the transaction of what it tells of.
pub(crate) async fn write_line(client: &Client, by: &Operator, act: &Act) -> Result<(), LogError> {
    audit::write(client, by, act, None).await
}

/// An error that may be a rule's refusal, in the present state of things.
pub trait Refusal {
    /// The rule, as a class; `None` for an error that says nothing about the request.
    fn refusal(&self) -> Option<&'static str>;

    /// Whether it is none, and the same was done before.
    fn is_repeat(&self) -> bool {
        false
    }
}

impl Refusal for RebuildError {
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::AlreadyUnderWay { .. } => Some("already-under-way"),
            Self::NoSuchRebuild { .. } => Some("no-such-operation"),
            Self::Log(_) => None,
        }
    }
}

impl Refusal for SwitchError {
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::NothingBefore => Some("nothing-to-roll-back-to"),
            Self::IsLive { .. } => Some("live-build"),
            Self::UnderWay { .. } => Some("already-under-way"),
            Self::NoSuchBuild { .. } => Some("no-such-build"),
            Self::Log(_) => None,
        }
    }
}

impl Refusal for VerifyError {
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::NoSuchBuild { .. } => Some("no-such-build"),
            Self::Log(_) => None,
        }
    }
}

impl Refusal for LogError {
    fn refusal(&self) -> Option<&'static str> {
        None
    }
}

impl Operator {
    /// Does something in a transaction, with its line of the audit. `work` completes the act with
    /// what it learns, such as the number of the build.
    ///
    /// # Errors
    /// Those of `work`, or [`LogError`] when the line cannot be written: then nothing was done.
    pub async fn act<T, E>(
        &self,
        client: &mut Object,
        mut act: Act,
        work: impl AsyncFnOnce(&Client, &mut Act) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<LogError> + Refusal,
    {
        let outcome = self.attempt(client, &mut act, work).await;
        match &outcome {
            Ok(_) => self.tell(&act, "done"),
            Err(error) => match error.refusal() {
                Some(rule) => {
                    audit::write(client, self, &act, Some(rule)).await?;
                    // What was named in vain is the caller's own.
                    self.tell(&Act::on(act.action, act.projection), rule);
                }
                None if error.is_repeat() => self.tell(&act, "repeated"),
                None => self.tell(&act, "failed"),
            },
        }
        outcome
    }

    async fn attempt<T, E: From<LogError>>(
        &self,
        client: &mut Object,
        act: &mut Act,
        work: impl AsyncFnOnce(&Client, &mut Act) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = client.transaction().await.map_err(LogError::from)?;
        transaction.batch_execute(LIMITS).await.map_err(LogError::from)?;
        let done = match work(transaction.client(), act).await {
            Ok(done) => done,
            Err(error) => {
                // Where it cannot be rolled back the connection is gone, and the transaction too.
                let _ = transaction.rollback().await;
                return Err(error);
            }
        };
        audit::write(transaction.client(), self, act, None).await?;
        transaction.commit().await.map_err(LogError::from)?;
        Ok(done)
    }

    /// Tells the log lines alone. Who it was is in the table: log lines hold nothing that was sent.
    pub fn tell(&self, act: &Act, outcome: &'static str) {
        tracing::info!(
            target: "audit",
            {
                throughline.tenant_no = self.tenant.0,
                throughline.origin = self.origin.as_str(),
                throughline.action = act.action.as_str(),
                throughline.projection = act.projection.map(Projection::name),
                throughline.build = act.build,
                throughline.case_id = act.case_id.map(tracing::field::display),
                throughline.operation_id = act.operation_id.map(tracing::field::display),
                throughline.count = act.count,
                throughline.outcome = outcome,
            },
            "an operator acted on projections"
        );
    }
}
