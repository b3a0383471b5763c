//! What can be wrong with a log.

use std::fmt;

use crate::error::LogError;

/// What is wrong with a row, or with the log at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// There is no row at this position.
    Missing,
    /// There is a second row at this position.
    Repeated,
    /// There is a row before the first position, or beyond the last.
    OutsideTheLog,
    /// A column does not hold what this program writes.
    Unreadable {
        /// The column.
        column: &'static str,
    },
    /// The database itself cannot read what it has stored.
    Corrupt,
    /// The row's stream is not there, or not of a known kind.
    UnknownStream,
    /// The version does not follow the one before it in the stream.
    VersionGap,
    /// The row was recorded no later than the one before it.
    RecordedAtNotRising,
    /// The hash is not that of the row and the one before it; at the first position, it may also be
    /// the tenant's name that was altered.
    HashMismatch,
    /// The end of the log is not where, or what, the head says.
    HeadMismatch,
    /// The tenant's head is not there.
    HeadMissing,
    /// A stream has no event.
    EmptyStream {
        /// Its number.
        stream_no: i64,
    },
    /// The rows belong to a tenant that is not there.
    TenantMissing,
    /// The tenant's state is not what its events say.
    StateMismatch,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the row is missing",
            Self::Repeated => "there is a second row at this position",
            Self::OutsideTheLog => "there is a row outside of the log",
            Self::Unreadable { column } => {
                return write!(f, "the column {column} cannot be read");
            }
            Self::Corrupt => "the database cannot read what it has stored there",
            Self::UnknownStream => "the row's stream is not known",
            Self::VersionGap => "the version does not follow the one before it in the stream",
            Self::RecordedAtNotRising => "the recording time does not rise",
            Self::HashMismatch => "the hash is not that of the row",
            Self::HeadMismatch => "the end of the log is not where or what its head says",
            Self::HeadMissing => "the log has no head",
            Self::EmptyStream { stream_no } => {
                return write!(f, "stream {stream_no} has no event");
            }
            Self::TenantMissing => "there are rows, and the tenant is missing",
            Self::StateMismatch => "the tenant's state is not what its events say",
        })
    }
}

impl Flaw {
    /// What was read; or that it is corrupt, which is a finding; or why that is not known.
    pub(crate) fn of<T>(read: Result<T, LogError>) -> Result<Result<T, Self>, LogError> {
        match read {
            Ok(value) => Ok(Ok(value)),
            Err(LogError::Refused(error)) if error.is_corruption() => Ok(Err(Self::Corrupt)),
            Err(error) => Err(error),
        }
    }
}
