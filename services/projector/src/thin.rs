//! Stands in for the rebuild engine and the comparison until they are merged.
#![expect(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::unused_async,
    reason = "goes when the engine comes"
)]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use deadpool_postgres::Pool;
use jiff::Timestamp;
use throughline_domain::ids::{CaseId, Position};
use throughline_log::{EventLog, LogError, TenantNo};
use throughline_projections::{Projection, ReadError};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct Rebuild {
    pub operation_id: Uuid,
    pub tenant_no: TenantNo,
    pub projection: Projection,
    pub version: i32,
    pub build: i32,
    pub phase: Phase,
    pub is_dry_run: bool,
    pub requested_by: String,
    pub requested_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub pinned: Option<Position>,
    pub events_total: Option<i64>,
    pub events_done: i64,
    pub rows_written: i64,
    pub comparison: Option<Comparison>,
    pub error_class: Option<String>,
    pub cancel_requested: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Queued,
    Folding,
    Indexing,
    CatchingUp,
    Comparing,
    Switched,
    Compared,
    Cancelled,
    Failed,
}

impl Phase {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Folding => "folding",
            Self::Indexing => "indexing",
            Self::CatchingUp => "catching_up",
            Self::Comparing => "comparing",
            Self::Switched => "switched",
            Self::Compared => "compared",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Switched | Self::Compared | Self::Cancelled | Self::Failed)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switched {
    pub from: i32,
    pub to: i32,
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    All,
    Of(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub position: Position,
    pub cases: u64,
    pub rows: u64,
    pub differing_cases: u64,
    pub differences: Vec<Difference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    Missing,
    Extra,
    Differs,
}

impl DifferenceKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Differs => "differs",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub case_id: CaseId,
    pub table: &'static str,
    pub kind: DifferenceKind,
    pub columns: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildStatus {
    pub tenant_no: TenantNo,
    pub projection: Projection,
    pub version: i32,
    pub build: i32,
    pub is_live: bool,
    pub is_previous: bool,
    pub position: Position,
    pub head: Position,
    pub lag_events: i64,
    pub parked: u64,
    pub updated_at: Option<Timestamp>,
}

pub async fn request_rebuild(
    _: &Client,
    tenant: TenantNo,
    projection: Projection,
    is_dry_run: bool,
    requested_by: &str,
) -> Result<Rebuild, RebuildError> {
    Ok(Rebuild {
        operation_id: Uuid::now_v7(),
        tenant_no: tenant,
        projection,
        version: 1,
        build: 1,
        phase: Phase::Queued,
        is_dry_run,
        requested_by: requested_by.to_owned(),
        requested_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        finished_at: None,
        pinned: None,
        events_total: None,
        events_done: 0,
        rows_written: 0,
        comparison: None,
        error_class: None,
        cancel_requested: false,
    })
}
pub async fn find_rebuild(_: &Client, _: TenantNo, _: Uuid) -> Result<Option<Rebuild>, LogError> {
    Ok(None)
}
pub async fn rebuilds(_: &Client, _: Option<TenantNo>, _: u32) -> Result<Vec<Rebuild>, LogError> {
    Ok(Vec::new())
}
pub async fn cancel_rebuild(_: &Client, _: TenantNo, _: Uuid) -> Result<bool, LogError> {
    Ok(false)
}
#[derive(Debug, Clone, Copy, Default)]
pub struct RebuildSettings {
    pub slices_at_once: usize,
}
#[derive(Debug, Clone)]
pub struct Rebuilder;
impl Rebuilder {
    #[must_use]
    pub fn new(_: EventLog, _: Pool, _: RebuildSettings) -> Self {
        Self
    }
    pub async fn run(&self, stop: CancellationToken) {
        stop.cancelled().await;
    }
    pub async fn work_on(
        &self,
        _: TenantNo,
        operation_id: Uuid,
        _: CancellationToken,
    ) -> Result<Rebuild, RebuildError> {
        Err(RebuildError::AlreadyUnderWay { operation_id })
    }
}
pub async fn rollback(_: &Client, _: TenantNo, _: Projection) -> Result<Switched, SwitchError> {
    Err(SwitchError::NothingBefore)
}
pub async fn drop_build(_: &Client, _: TenantNo, _: Projection, _: i32) -> Result<(), SwitchError> {
    Err(SwitchError::NoSuchBuild { build: 0 })
}
pub async fn builds(
    log: &EventLog,
    client: &Client,
    tenant: Option<TenantNo>,
) -> Result<Vec<BuildStatus>, LogError> {
    let status = crate::status(log, client, tenant).await?;
    Ok(status
        .into_iter()
        .map(|s| BuildStatus {
            tenant_no: TenantNo(s.tenant_no),
            projection: s.projection,
            version: s.projection.version(),
            build: 0,
            is_live: true,
            is_previous: false,
            position: s.position,
            head: s.head,
            lag_events: s.lag_events,
            parked: s.parked,
            updated_at: s.updated_at,
        })
        .collect())
}
pub async fn verify(
    _: &EventLog,
    _: &Pool,
    _: TenantNo,
    _: Projection,
    _: Option<i32>,
    _: Sample,
    _: Arc<AtomicU64>,
) -> Result<Comparison, LogError> {
    Ok(Comparison {
        position: Position(0),
        cases: 0,
        rows: 0,
        differing_cases: 0,
        differences: Vec::new(),
    })
}
pub async fn retry_parked(
    _: &Client,
    _: TenantNo,
    _: Option<Projection>,
    _: Option<CaseId>,
) -> Result<u64, ReadError> {
    Ok(0)
}
