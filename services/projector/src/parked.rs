//! Streams that cannot be read or folded: set aside with the reason, while the others go on.

use std::collections::HashSet;

use jiff::Timestamp;
use throughline_domain::ids::{CaseId, EventId, Position};
use throughline_log::{LogError, TenantNo};
use throughline_projections::{Place, Projection, ReadError};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::shard::{Shard, runs};
use crate::{Page, parking};

/// The most rows that [`parked`] and [`parked_page`] give.
pub const PARKED_MAX: u32 = 1_000;

const PARKED: &str = include_str!("parked.sql");

/// A case that a build does not follow: what it says of the case is stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The projection.
    pub projection: Projection,
    /// The build.
    pub build: i32,
    /// The case.
    pub case_id: CaseId,
    /// The event that cannot be taken, or the last that there was then.
    pub position: Position,
    /// Its id, where it is known.
    pub event_id: Option<EventId>,
    /// Its stored type name, where it is known.
    pub event_type: Option<String>,
    /// Why, as a class: never content.
    pub error_class: String,
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried, the first time included.
    pub tries: i32,
    /// When it was tried last.
    pub tried_at: Timestamp,
    /// When it is tried again.
    pub retry_at: Timestamp,
}

/// Returns the cases of a tenant that are parked, or whether one case is, in any build of the
/// projections that this program runs.
///
/// Shape: at most [`PARKED_MAX`] rows, by case, then projection, then build.
///
/// # Errors
/// When the database does not answer.
pub async fn parked(
    client: &Client,
    tenant_no: i32,
    case_id: Option<CaseId>,
) -> Result<Vec<Parked>, ReadError> {
    read(client, tenant_no, case_id, None, PARKED_MAX).await
}

/// Returns a page of the same list of all cases: after a case, projection and build.
///
/// Shape: at most `limit` rows and never more than [`PARKED_MAX`].
///
/// # Errors
/// When the database does not answer.
pub async fn parked_page(
    client: &Client,
    tenant: TenantNo,
    after: Option<&(Uuid, String, i32)>,
    limit: u32,
) -> Result<Page<Parked>, ReadError> {
    let limit = limit.min(PARKED_MAX);
    Ok(Page::of(read(client, tenant.0, None, after, limit + 1).await?, limit))
}

async fn read(
    client: &Client,
    tenant_no: i32,
    case_id: Option<CaseId>,
    after: Option<&(Uuid, String, i32)>,
    rows_max: u32,
) -> Result<Vec<Parked>, ReadError> {
    let (names, versions) = runs();
    let rows = client
        .query_typed(
            PARKED,
            &[
                (&tenant_no, Type::INT4),
                (&case_id.map(|id| id.0), Type::UUID),
                (&names, Type::TEXT_ARRAY),
                (&versions, Type::INT4_ARRAY),
                (&i64::from(rows_max), Type::INT8),
                (&after.map(|(case_id, ..)| *case_id), Type::UUID),
                (&after.map(|(_, projection, _)| projection), Type::TEXT),
                (&after.map(|(.., build)| *build), Type::INT4),
            ],
        )
        .await?;
    rows.iter().map(Parked::read).collect()
}

impl Parked {
    fn read(row: &Row) -> Result<Self, ReadError> {
        Ok(Self {
            projection: Projection::find(row.try_get("projection")?).ok_or(
                ReadError::Unreadable { table: "projection_parked", column: "projection" },
            )?,
            build: row.try_get("build")?,
            case_id: CaseId(row.try_get("stream_id")?),
            position: Position(row.try_get("position")?),
            event_id: row.try_get::<_, Option<Uuid>>("event_id")?.map(EventId),
            event_type: row.try_get("event_type")?,
            error_class: row.try_get("error_class")?,
            since: row.try_get("since")?,
            tries: row.try_get("tries")?,
            tried_at: row.try_get("tried_at")?,
            retry_at: row.try_get("retry_at")?,
        })
    }
}

/// Has parked cases of a tenant tried again within about a second, by whoever follows them: those of
/// one projection or of all, one case or all. Returns how many streams of builds that is.
///
/// # Errors
/// When the database does not answer.
pub async fn retry_parked(
    client: &Client,
    tenant: TenantNo,
    projection: Option<Projection>,
    case_id: Option<CaseId>,
) -> Result<u64, LogError> {
    let updated = client
        .execute_typed(
            "UPDATE projection_parked SET retry_at = clock_timestamp() \
             WHERE tenant_no = $1 AND ($2 IS NULL OR projection = $2) \
               AND ($3 IS NULL OR stream_id = $3)",
            &[
                (&tenant.0, Type::INT4),
                (&projection.map(Projection::name), Type::TEXT),
                (&case_id.map(|id| id.0), Type::UUID),
            ],
        )
        .await?;
    Ok(updated)
}

/// Which of `cases` are parked in a build: what its rows say of them is stale.
///
/// # Errors
/// When the database does not answer.
pub async fn stale_among(
    client: &Client,
    projection: Projection,
    place: Place,
    cases: &[CaseId],
) -> Result<HashSet<CaseId>, ReadError> {
    let Place { tenant_no, build } = place;
    let shard = Shard { tenant: TenantNo(tenant_no), projection, build };
    let streams: Vec<Uuid> = cases.iter().map(|case| case.0).collect();
    Ok(parking::among(client, shard, &streams).await?.into_iter().map(CaseId).collect())
}
