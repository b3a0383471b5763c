//! Why the log cannot be followed any further for now.

use throughline_domain::case::CaseError;
use throughline_domain::case::event::UnreadableEvent;
use throughline_log::{AppendError, LogError};

/// What stops a tenant's turn: it is tried again at the same place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// The log or the follower's own table could not be read or written.
    #[error("the log could not be read")]
    Log(#[from] LogError),
    /// What passes was not appended, or may not have been.
    #[error("what passes was not appended")]
    Append(#[source] AppendError),
    /// An event of a linked case that this program cannot read.
    #[error("an event of a linked case cannot be read")]
    Unreadable(#[from] UnreadableEvent),
    /// The definition that a case keeps is not known here, so nobody can say what it lets through.
    #[error("the definition of a linked case's programme is not known")]
    UnknownDefinition,
    /// The case in work refuses all the same: its clock is ahead of this one.
    #[error("the receiving case refuses")]
    Refused(#[source] CaseError),
    /// Others keep writing to the streams that it rests on.
    #[error("the streams keep changing")]
    Contended,
}

impl From<tokio_postgres::Error> for LinkError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Log(error.into())
    }
}

impl From<deadpool_postgres::PoolError> for LinkError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Log(error.into())
    }
}
