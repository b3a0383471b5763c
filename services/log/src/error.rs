//! What can go wrong between this crate and the database.

use std::error::Error as _;
use std::fmt;
use std::io;

use deadpool_postgres::PoolError;
use throughline_domain::case::event::UnreadableEvent;
use tokio_postgres::error::SqlState;

use crate::database::SERVICE_ROLE;
use crate::seal::SealError;
use crate::stream::StreamId;
use crate::tenant::TenantNo;

/// Why the log did not do as it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No connection, or the connection broke, or the database took too long. Trying again later
    /// makes sense.
    #[error("the database cannot be reached")]
    Unavailable(#[source] DatabaseError),
    /// The database refused. Trying again does not help.
    #[error("the database refused a statement")]
    Refused(#[source] DatabaseError),
    /// The migrations could not be applied.
    #[error("the schema could not be brought up to date")]
    Migration(#[source] DatabaseError),
    /// There is no tenant of this number.
    #[error("there is no tenant {tenant}")]
    NoSuchTenant {
        /// The number asked for.
        tenant: TenantNo,
    },
    /// The tenant is live already; there is no way back and no second time.
    #[error("tenant {tenant} is live already")]
    AlreadyLive {
        /// The tenant.
        tenant: TenantNo,
    },
    /// A tenant's name is a code, and this is none.
    #[error("a tenant's name is a code: lower-case letters, digits and _ - . / :, at most 64")]
    NotATenantName,
    /// The id belongs to a stream of another kind.
    #[error("{stream} is the id of a stream of another kind")]
    OtherKind {
        /// The stream as it was asked for.
        stream: StreamId,
    },
    /// There is no key to seal under: the subject was erased, or the stream is of a kind that seals
    /// nothing.
    #[error("{stream} has no key, so nothing can be sealed in it")]
    NoKey {
        /// The stream.
        stream: StreamId,
    },
    /// The command writes no event, or more than one command may.
    #[error("a command writes 1 to {events_max} events and at most {bytes_max} bytes")]
    Size {
        /// The most events of one command.
        events_max: usize,
        /// The most bytes of one command, facts and sealed text together.
        bytes_max: usize,
    },
    /// Sealing or unsealing failed.
    #[error("what is sealed cannot be handled")]
    Seal(#[from] SealError),
    /// A stored event is not of a type this program knows.
    #[error("a stored event cannot be read")]
    Event(#[from] UnreadableEvent),
    /// An event has a value that JSON cannot express.
    #[error("an event {event_type} has no stored form")]
    NoStoredForm {
        /// The type name.
        event_type: &'static str,
    },
    /// A stored row is not of the form this program writes.
    #[error("the stored {column} cannot be read")]
    Unreadable {
        /// The column.
        column: &'static str,
    },
}

impl LogError {
    /// Whether a batch that was planned ahead was overtaken: by others who wrote to the log, or by
    /// time.
    pub(crate) fn says_overtaken(&self) -> bool {
        const OVERTAKEN: [&str; 2] = ["TL004", "TL005"];
        let Self::Refused(error) = self else { return false };
        error.sqlstate().is_some_and(|code| OVERTAKEN.contains(&code))
    }

    /// Whether the database took too long, on a connection that is still good.
    pub(crate) fn says_hindered(&self) -> bool {
        matches!(self, Self::Unavailable(error) if !error.is_lost())
    }

    /// The same once more, for the next command of a batch that failed as a whole.
    pub(crate) fn repeated(&self) -> Self {
        match self {
            Self::Unavailable(error) => Self::Unavailable(error.clone()),
            Self::Refused(error) | Self::Migration(error) => Self::Refused(error.clone()),
            Self::NoSuchTenant { tenant } => Self::NoSuchTenant { tenant: *tenant },
            Self::AlreadyLive { tenant } => Self::AlreadyLive { tenant: *tenant },
            Self::NotATenantName => Self::NotATenantName,
            Self::OtherKind { stream } => Self::OtherKind { stream: *stream },
            Self::NoKey { stream } => Self::NoKey { stream: *stream },
            Self::Size { events_max, bytes_max } => {
                Self::Size { events_max: *events_max, bytes_max: *bytes_max }
            }
            Self::Seal(error) => Self::Seal(*error),
            // No append reads events.
            Self::Event(_) => Self::Unreadable { column: "data" },
            Self::NoStoredForm { event_type } => Self::NoStoredForm { event_type },
            Self::Unreadable { column } => Self::Unreadable { column },
        }
    }
}

/// What the database, its driver or the pool said, without anything of the statement or its rows.
///
/// The driver's own error carries the server's message and detail, which quote values. So only the
/// code and the name of the constraint or table are taken from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseError(Said);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    /// The server answered with an error.
    Server { sqlstate: SqlState, place: Option<String> },
    /// The connection broke, or could not be made.
    Lost(String),
    /// Nobody answered in time, or nobody is there to answer.
    Waited(String),
    /// A value does not fit its column: a fault of this program.
    Fault(String),
    /// The service's role is missing.
    NoRole,
    /// Whoever connected is not a member of the service's role.
    NotOfRole,
}

/// Codes that mean "not now" on a connection that is still good.
const HINDERED: [SqlState; 6] = [
    SqlState::QUERY_CANCELED,
    SqlState::LOCK_NOT_AVAILABLE,
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::T_R_SERIALIZATION_FAILURE,
    SqlState::READ_ONLY_SQL_TRANSACTION,
    SqlState::INVALID_CATALOG_NAME,
];

/// Codes with which the server ends a connection, or refuses to begin one.
const GONE: [SqlState; 4] = [
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::CANNOT_CONNECT_NOW,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
];

impl DatabaseError {
    /// The five-character code, when the server itself answered.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        match &self.0 {
            Said::Server { sqlstate, .. } => Some(sqlstate.code()),
            Said::Lost(_) | Said::Waited(_) | Said::Fault(_) | Said::NoRole | Said::NotOfRole => {
                None
            }
        }
    }

    /// Whether the server lets us in and yet not work as the service: someone has to see to that.
    #[must_use]
    pub fn lacks_role(&self) -> bool {
        matches!(self.0, Said::NoRole | Said::NotOfRole)
    }

    /// Nobody answered, in the words of this crate.
    pub(crate) fn waited(what: impl Into<String>) -> Self {
        Self(Said::Waited(what.into()))
    }

    /// This program is at fault, in its own words.
    pub(crate) fn fault(what: String) -> Self {
        Self(Said::Fault(what))
    }

    /// Whether the database is away, hindered or too slow, rather than unwilling.
    fn is_unavailable(&self) -> bool {
        match &self.0 {
            // Class 28: not let in; class 53: out of connections, disk or memory.
            Said::Server { sqlstate, .. } => {
                self.is_lost()
                    || HINDERED.contains(sqlstate)
                    || ["28", "53"].contains(&&sqlstate.code()[..2])
            }
            Said::Lost(_) | Said::Waited(_) | Said::NoRole | Said::NotOfRole => true,
            Said::Fault(_) => false,
        }
    }

    /// Whether what lies on the server's disk is not what a server writes there: class XX, and what
    /// it answers when a row names a transaction that never was.
    pub(crate) fn is_corruption(&self) -> bool {
        self.sqlstate().is_some_and(|state| state.starts_with("XX") || state == "58P01")
    }

    /// Whether the connection is gone, so that a new one may do better.
    pub(crate) fn is_lost(&self) -> bool {
        match &self.0 {
            Said::Server { sqlstate, .. } => {
                GONE.contains(sqlstate) || sqlstate.code().starts_with("08")
            }
            Said::Lost(_) => true,
            Said::Waited(_) | Said::Fault(_) | Said::NoRole | Said::NotOfRole => false,
        }
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Said::Server { sqlstate, place } => {
                write!(f, "the server answers {}", sqlstate.code())?;
                place.iter().try_for_each(|place| write!(f, " at {place}"))
            }
            Said::Lost(what) | Said::Waited(what) | Said::Fault(what) => f.write_str(what),
            Said::NoRole => {
                write!(f, "there is no role {SERVICE_ROLE}: run `throughline migrate`")
            }
            Said::NotOfRole => write!(
                f,
                "the database's user is not a member of {SERVICE_ROLE}: have an administrator \
                 run GRANT {SERVICE_ROLE} TO that user"
            ),
        }
    }
}

impl std::error::Error for DatabaseError {}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(refused) = error.as_db_error() {
            return Self(Said::Server {
                sqlstate: refused.code().clone(),
                place: refused.constraint().or(refused.table()).map(str::to_owned),
            });
        }
        // The driver's words name a kind of failure and at most a column. Of what lies beneath,
        // only the kind of an operating system's error is repeated.
        let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        let said = error.to_string();
        Self(match cause {
            Some(cause) => Said::Lost(format!("{said}: {}", cause.kind())),
            None if said.contains("serializing") || said.contains("column") => Said::Fault(said),
            None => Said::Lost(said),
        })
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => refused_role(&error).unwrap_or_else(|| error.into()),
            PoolError::Timeout(_) => Self::waited("no connection became free in time"),
            PoolError::Closed => Self::waited("the connection pool is closed"),
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Self::waited("the connection pool is set up wrongly")
            }
        }
    }
}

/// The error for a connection that may not work as the service. The server has no code for that;
/// whatever language its message is in, it names the role.
fn refused_role(error: &tokio_postgres::Error) -> Option<DatabaseError> {
    let refused = error.as_db_error().filter(|said| said.message().contains(SERVICE_ROLE))?;
    let said = if *refused.code() == SqlState::INSUFFICIENT_PRIVILEGE {
        Said::NotOfRole
    } else if *refused.code() == SqlState::INVALID_PARAMETER_VALUE {
        Said::NoRole
    } else {
        return None;
    };
    Some(DatabaseError(said))
}

impl From<DatabaseError> for LogError {
    fn from(error: DatabaseError) -> Self {
        if error.is_unavailable() { Self::Unavailable(error) } else { Self::Refused(error) }
    }
}

impl From<tokio_postgres::Error> for LogError {
    fn from(error: tokio_postgres::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

impl From<PoolError> for LogError {
    /// Whatever a server says that lets nobody in, nothing of a statement was sent yet.
    fn from(error: PoolError) -> Self {
        Self::Unavailable(error.into())
    }
}
