//! A verification as it is written down: what was asked, how far it is, what was found.

use jiff::Timestamp;
use throughline_log::{LogError, TenantNo};
use throughline_projections::Projection;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::REBUILDS_MAX;
use crate::compare::{Comparison, Sample, stored};
use crate::page::{self, Page};

/// One verification of one projection of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The operation.
    pub operation_id: Uuid,
    /// The tenant.
    pub tenant_no: TenantNo,
    /// The projection.
    pub projection: Projection,
    /// The version of its code.
    pub version: i32,
    /// The build; the one that readers are answered from where none was named.
    pub build: Option<i32>,
    /// Which cases.
    pub sample: Sample,
    /// Where it is.
    pub phase: VerificationPhase,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// How many cases are to be compared, about: cases that began since do not count.
    pub cases_total: Option<i64>,
    /// How many of them are.
    pub cases_done: i64,
    /// What was found.
    pub comparison: Option<Comparison>,
    /// Why it failed, as a class: never content.
    pub error_class: Option<String>,
    /// Whether somebody called it off.
    pub cancel_requested: bool,
}

/// Where a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationPhase {
    /// Asked for.
    Queued,
    /// Cases are being compared.
    Verifying,
    /// All were.
    Verified,
    /// It was called off.
    Cancelled,
    /// It could not be done.
    Failed,
}

/// The columns in the order in which [`Verification::read`] takes them.
pub(super) const COLUMNS: &str = "operation_id, tenant_no, projection, version, build, sample, \
    phase, requested_at, started_at, finished_at, cases_total, cases_done, comparison, \
    error_class, cancel_requested";

/// Those that are not over.
pub(super) const UNDER_WAY: &str = "phase IN ('queued', 'verifying')";

impl VerificationPhase {
    const ALL: [Self; 5] =
        [Self::Queued, Self::Verifying, Self::Verified, Self::Cancelled, Self::Failed];

    /// The stored text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Verifying => "verifying",
            Self::Verified => "verified",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more happens.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Verified | Self::Cancelled | Self::Failed)
    }

    fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text)
    }
}

impl Verification {
    /// Reads a row of [`COLUMNS`]; `None` for a projection this program does not know.
    pub(super) fn read(row: &Row) -> Result<Option<Self>, LogError> {
        let Some(projection) = Projection::find(row.try_get(2)?) else {
            return Ok(None);
        };
        let unreadable = |column| LogError::Unreadable { column };
        let comparison: Option<&str> = row.try_get(12)?;
        let comparison = comparison.map(|json| stored::read(projection, json)).transpose();
        let sample: Option<i32> = row.try_get(5)?;
        let sample = sample.and_then(|sample| u32::try_from(sample).ok());
        Ok(Some(Self {
            operation_id: row.try_get(0)?,
            tenant_no: TenantNo(row.try_get(1)?),
            projection,
            version: row.try_get(3)?,
            build: row.try_get(4)?,
            sample: sample.map_or(Sample::All, Sample::Of),
            phase: VerificationPhase::find(row.try_get(6)?).ok_or(unreadable("phase"))?,
            requested_at: row.try_get(7)?,
            started_at: row.try_get(8)?,
            finished_at: row.try_get(9)?,
            cases_total: row.try_get(10)?,
            cases_done: row.try_get(11)?,
            comparison: comparison.map_err(|_| unreadable("comparison"))?,
            error_class: row.try_get(13)?,
            cancel_requested: row.try_get(14)?,
        }))
    }
}

/// Returns a verification of a tenant; `None` when there is none of this id.
///
/// # Errors
/// When the database does not answer.
pub async fn find_verification(
    client: &Client,
    tenant: TenantNo,
    operation_id: Uuid,
) -> Result<Option<Verification>, LogError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM projection_verification WHERE tenant_no = $1 AND operation_id = $2"
    );
    let params = [(&tenant.0 as _, Type::INT4), (&operation_id as _, Type::UUID)];
    match client.query_typed_opt(&sql, &params).await? {
        Some(row) => Verification::read(&row),
        None => Ok(None),
    }
}

/// Returns the verifications of a tenant, or of all, of the projections that this program knows: the
/// newest first, after the one that was asked for at this moment and has this id.
///
/// Shape: a page of at most `limit` and never more than [`REBUILDS_MAX`].
///
/// # Errors
/// When the database does not answer.
pub async fn verifications(
    client: &Client,
    tenant: Option<TenantNo>,
    after: Option<(Timestamp, Uuid)>,
    limit: u32,
) -> Result<Page<Verification>, LogError> {
    let limit = limit.min(REBUILDS_MAX);
    let table = "projection_verification";
    let rows = page::newest(client, table, COLUMNS, tenant, after, limit).await?;
    let verifications = rows.iter().filter_map(|row| Verification::read(row).transpose());
    Ok(Page::of(verifications.collect::<Result<_, _>>()?, limit))
}
