//! Why work on a rebuild ends before the rebuild does.

use throughline_log::LogError;
use tokio_util::sync::CancellationToken;

use crate::compare::Comparison;

/// What stops work.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Another process has taken over, or the rebuild is over.
    Lost,
    /// This process ends; another may go on.
    Stopped,
    /// The rebuild was called off.
    Cancelled,
    /// The rebuild cannot be done.
    Failed {
        /// Why, as a class.
        class: &'static str,
        /// What the comparison found, if that is why.
        comparison: Option<Box<Comparison>>,
    },
    /// The database or the log.
    Log(LogError),
}

impl Halt {
    pub(crate) fn failed(class: &'static str) -> Self {
        Self::Failed { class, comparison: None }
    }
}

impl From<LogError> for Halt {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<tokio_postgres::Error> for Halt {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Log(error.into())
    }
}

impl From<deadpool_postgres::PoolError> for Halt {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Log(error.into())
    }
}

/// What those who work on a rebuild look at between two pieces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    pub(crate) stopped: CancellationToken,
    pub(crate) cancelled: CancellationToken,
}

impl Signals {
    /// Returns once there is reason not to go on.
    pub(crate) async fn halted(&self) -> Halt {
        tokio::select! {
            () = self.stopped.cancelled() => Halt::Stopped,
            () = self.cancelled.cancelled() => Halt::Cancelled,
        }
    }

    /// Whether to go on.
    pub(crate) fn check(&self) -> Result<(), Halt> {
        if self.stopped.is_cancelled() {
            return Err(Halt::Stopped);
        }
        if self.cancelled.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        Ok(())
    }
}
