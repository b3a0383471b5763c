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
use throughline_projections::Projection;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The most differences that a comparison lists; it counts them all.
pub const DIFFERENCES_MAX: usize = 1_000;

/// Which cases are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Every case of the tenant, and every row of the build.
    All,
    /// About as many, drawn at random, and those that are parked.
    Of(u32),
}

/// A build's rows held against the log, folded up to the build's own checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The build.
    pub build: i32,
    /// The build's checkpoint: the rows are compared with the log up to here.
    pub position: Position,
    /// Whether every case was compared.
    pub is_of_all: bool,
    /// How many cases were compared.
    pub cases: u64,
    /// How many rows the build had of them.
    pub rows: u64,
    /// How many cases were passed over: the build has them parked, and says that they are stale.
    pub parked: u64,
    /// How many cases differ.
    pub differing_cases: u64,
    /// The differences, by case as they were found: at most [`DIFFERENCES_MAX`].
    pub differences: Vec<Difference>,
    /// How many there are.
    pub differences_found: u64,
    /// How many rows of the tenant each table of the build has.
    pub tables: Vec<TableRows>,
    /// The same of the live build, over the same cases, where a new build was compared before a
    /// switch. What differs there is what the rebuild repairs.
    pub live: Option<Box<Comparison>>,
}

/// How many rows of the tenant a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableRows {
    /// The table, as the projection names it.
    pub table: &'static str,
    /// The number of rows.
    pub rows: u64,
}

/// A row that is not as the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The case.
    pub case_id: CaseId,
    /// The table.
    pub table: &'static str,
    /// What is wrong.
    pub kind: DifferenceKind,
    /// The columns that differ, where the row is there.
    pub columns: Vec<&'static str>,
}

/// In what way a row is not as the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The log gives a row, and there is none.
    Missing,
    /// There is a row that the log does not give.
    Extra,
    /// Columns of the row differ.
    Differs,
}

impl DifferenceKind {
    /// The name by which it is known in the database and outside.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Differs => "differs",
        }
    }
}

impl Comparison {
    /// Of a build at a position, with nothing compared yet.
    #[must_use]
    pub fn of(build: i32, position: Position, is_of_all: bool) -> Self {
        Self {
            build,
            position,
            is_of_all,
            cases: 0,
            rows: 0,
            parked: 0,
            differing_cases: 0,
            differences: Vec::new(),
            differences_found: 0,
            tables: Vec::new(),
            live: None,
        }
    }

    /// Takes what was found of one case.
    pub fn take(&mut self, found: Vec<Difference>) {
        self.differing_cases += u64::from(!found.is_empty());
        self.differences_found += found.len() as u64;
        let room = DIFFERENCES_MAX.saturating_sub(self.differences.len());
        self.differences.extend(found.into_iter().take(room));
    }

    /// Whether every row that was compared is as the log says.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences_found == 0
    }
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

pub const REBUILDS_MAX: u32 = 1_000;
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
    pub workers: usize,
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
    Ok(Comparison::of(0, Position(0), true))
}
pub async fn retry_parked(
    _: &Client,
    _: TenantNo,
    _: Option<Projection>,
    _: Option<CaseId>,
) -> Result<u64, LogError> {
    Ok(0)
}
