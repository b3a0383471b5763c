//! Reading the log: one stream, or whatever comes after a position.

use jiff::Timestamp;
use throughline_domain::ids::Position;

use crate::database::stream_by_id;
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stored::{self, StoredEvent, event_columns};
use crate::stream::StreamId;
use crate::tenant::TenantNo;

/// The most events one read gives, whatever is asked for.
pub(crate) const READ_EVENTS_MAX: u32 = 10_000;

pub(crate) const READ_STREAM: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM (SELECT $2::uuid) AS wanted (id) ",
    stream_by_id!("wanted.id"),
    "CROSS JOIN LATERAL (SELECT e.* FROM event e \
         WHERE e.tenant_no = $1 AND e.stream_no = s.stream_no \
         ORDER BY e.version OFFSET 0) e \
     WHERE s.id = wanted.id AND s.kind = $3",
);

/// Positions are dense, so the range says how many rows there are.
pub(crate) const READ_AFTER: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM (SELECT e.* FROM event e \
         WHERE e.tenant_no = $1 AND e.position > $2 AND e.position <= $3 \
         ORDER BY e.position OFFSET 0) e \
     CROSS JOIN LATERAL (SELECT s.* FROM stream s \
         WHERE s.tenant_no = $1 AND s.stream_no >= e.stream_no \
         ORDER BY s.stream_no LIMIT 1) s \
     WHERE s.stream_no = e.stream_no",
);

/// Where a tenant's log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 when there is none.
    pub position: Position,
    /// When the last event was recorded.
    pub recorded_at: Option<Timestamp>,
    /// The last link of the hash chain.
    pub hash: [u8; 32],
    /// How many streams there are: their numbers run from 1 to this.
    pub streams: i64,
}

impl EventLog {
    /// Where the tenant's log ends.
    ///
    /// # Errors
    /// [`LogError::NoSuchTenant`]; [`LogError::Unavailable`].
    pub async fn head(&self, tenant: TenantNo) -> Result<Head, LogError> {
        let sql = "SELECT position, recorded_at, hash, streams FROM log_head WHERE tenant_no = $1";
        let rows = self.database().read(sql, &[&tenant.0]).await?;
        let row = rows.first().ok_or(LogError::NoSuchTenant { tenant })?;
        let recorded_at: Option<crate::micros::Micros> = row.try_get(1)?;
        Ok(Head {
            position: Position(row.try_get(0)?),
            recorded_at: recorded_at.map(|at| stored::timestamp(at, "recorded_at")).transpose()?,
            hash: stored::hash(row.try_get(2)?)?,
            streams: row.try_get(3)?,
        })
    }

    /// The events of a stream, by version. None when there is no such stream of that kind.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn read_stream(
        &self,
        tenant: TenantNo,
        stream: StreamId,
    ) -> Result<Vec<StoredEvent>, LogError> {
        let params: [&(dyn postgres_types::ToSql + Sync); 3] =
            [&tenant.0, &stream.id, &stream.kind.as_str()];
        let rows = self.database().read(READ_STREAM, &params).await?;
        rows.iter().map(|row| Ok(stored::from_row(row)?.0)).collect()
    }

    /// The events after a position, by position: at most `limit` and never more than 10,000.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn read_after(
        &self,
        tenant: TenantNo,
        after: Position,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, LogError> {
        let events = self.read_rows_after(tenant, after, limit).await?;
        Ok(events.into_iter().map(|(event, _)| event).collect())
    }

    pub(crate) async fn read_rows_after(
        &self,
        tenant: TenantNo,
        Position(after): Position,
        limit: u32,
    ) -> Result<Vec<(StoredEvent, i64)>, LogError> {
        let last = after.saturating_add(i64::from(limit.min(READ_EVENTS_MAX)));
        let rows = self.database().read(READ_AFTER, &[&tenant.0, &after, &last]).await?;
        let mut events = rows.iter().map(stored::from_row).collect::<Result<Vec<_>, _>>()?;
        events.sort_by_key(|(event, _)| event.position);
        Ok(events)
    }
}
