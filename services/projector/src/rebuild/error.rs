//! What can go wrong when builds are made, switched and dropped.

use throughline_log::LogError;
use uuid::Uuid;

/// Why a rebuild was not begun, or not done.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The projection of this tenant is being rebuilt already.
    #[error("rebuild {operation_id} of this projection is under way")]
    AlreadyUnderWay {
        /// The rebuild that is.
        operation_id: Uuid,
    },
    /// The tenant has no rebuild of this id.
    #[error("there is no rebuild {operation_id}")]
    NoSuchRebuild {
        /// The id asked for.
        operation_id: Uuid,
    },
    /// The database or the log.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Why a build was not switched to, or not dropped.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// There is no build before the live one.
    #[error("there is no build to go back to")]
    NothingBefore,
    /// Readers are answered from this build.
    #[error("readers are answered from build {build}")]
    IsLive {
        /// The build.
        build: i32,
    },
    /// The build is being made.
    #[error("rebuild {operation_id} is making this build")]
    UnderWay {
        /// The rebuild that makes it.
        operation_id: Uuid,
    },
    /// There is no build of this number.
    #[error("there is no build {build}")]
    NoSuchBuild {
        /// The number asked for.
        build: i32,
    },
    /// The database or the log.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<tokio_postgres::Error> for RebuildError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Log(error.into())
    }
}

impl From<tokio_postgres::Error> for SwitchError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Log(error.into())
    }
}
