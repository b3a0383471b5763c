//! What is around the rows: the tenant, its head, and what lies outside of the log.

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::hash::Hash;
use crate::micros::Micros;
use crate::stream::StreamId;
use crate::tenant::{TenantNo, TenantState, WENT_LIVE};
use crate::verify::{Flaw, Judged, Link};

/// Every number that has a tenant or rows; one at a time, because a log may be long.
const LOGS: &str = "\
    WITH RECURSIVE number (tenant_no) AS ( \
        SELECT least((SELECT min(tenant_no) FROM tenant), (SELECT min(tenant_no) FROM log_head), \
                     (SELECT min(tenant_no) FROM stream), (SELECT min(tenant_no) FROM event)) \
        UNION ALL \
        SELECT least((SELECT min(tenant_no) FROM tenant WHERE tenant_no > n.tenant_no), \
                     (SELECT min(tenant_no) FROM log_head WHERE tenant_no > n.tenant_no), \
                     (SELECT min(tenant_no) FROM stream WHERE tenant_no > n.tenant_no), \
                     (SELECT min(tenant_no) FROM event WHERE tenant_no > n.tenant_no)) \
        FROM number n WHERE n.tenant_no IS NOT NULL) \
    SELECT n.tenant_no, t.name FROM number n LEFT JOIN tenant t USING (tenant_no) \
    WHERE n.tenant_no IS NOT NULL ORDER BY n.tenant_no";

const HAS_ROWS: &str = "\
    SELECT EXISTS (SELECT FROM log_head WHERE tenant_no = $1) \
        OR EXISTS (SELECT FROM stream WHERE tenant_no = $1) \
        OR EXISTS (SELECT FROM event WHERE tenant_no = $1)";

/// In one statement, so that an append in between does no harm.
const ENDS: &str = "\
    SELECT h.position, h.streams, \
        (SELECT min(e.position) FROM event e WHERE e.tenant_no = $1) AS first, \
        (SELECT min(e.position) FROM event e \
            WHERE e.tenant_no = $1 AND e.position > h.position) AS beyond, \
        (SELECT count(*) FROM stream s WHERE s.tenant_no = $1) AS streams, \
        t.state, \
        (SELECT min(e.position) FROM stream s \
            JOIN event e ON e.tenant_no = s.tenant_no AND e.stream_no = s.stream_no \
            WHERE s.tenant_no = $1 AND s.id = $2 AND e.type = $3) AS went_live \
    FROM log_head h JOIN tenant t USING (tenant_no) WHERE h.tenant_no = $1";

/// A log, whether or not somebody removed the tenant that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogName {
    /// The tenant's number.
    pub tenant_no: TenantNo,
    /// Its name; `None` when there are rows and no tenant.
    pub name: Option<String>,
}

/// A head as somebody may have altered it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawHead {
    pub(super) position: i64,
    pub(super) recorded_at: Option<Micros>,
    pub(super) hash: Hash,
    pub(super) streams: i64,
}

impl RawHead {
    pub(super) fn link(&self) -> Link {
        Link { hash: self.hash, recorded_at: self.recorded_at }
    }
}

impl EventLog {
    /// Every log there is, by number: that of each tenant, and rows whose tenant is missing.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn logs(&self) -> Result<Vec<LogName>, LogError> {
        let rows = self.database().read(LOGS, &[]).await?;
        let log = |row: &tokio_postgres::Row| {
            Ok(LogName { tenant_no: TenantNo(row.try_get(0)?), name: row.try_get(1)? })
        };
        rows.iter().map(log).collect()
    }

    pub(super) async fn raw_name(
        &self,
        tenant: TenantNo,
    ) -> Result<Result<String, Flaw>, LogError> {
        let sql = "SELECT name FROM tenant WHERE tenant_no = $1";
        let rows = match Flaw::of(self.database().read(sql, &[&tenant.0]).await)? {
            Ok(rows) => rows,
            Err(flaw) => return Ok(Err(flaw)),
        };
        if let Some(row) = rows.first() {
            return Ok(row.try_get(0).map_err(|_| Flaw::Unreadable { column: "name" }));
        }
        let rows = self.database().read(HAS_ROWS, &[&tenant.0]).await?;
        match rows.first().map(|row| row.try_get(0)).transpose()? {
            Some(true) => Ok(Err(Flaw::TenantMissing)),
            Some(false) | None => Err(LogError::NoSuchTenant { tenant }),
        }
    }

    pub(super) async fn raw_head(
        &self,
        tenant: TenantNo,
    ) -> Result<Result<RawHead, Flaw>, LogError> {
        let sql = "SELECT position, recorded_at, hash, streams FROM log_head WHERE tenant_no = $1";
        let rows = match Flaw::of(self.database().read(sql, &[&tenant.0]).await)? {
            Ok(rows) => rows,
            Err(flaw) => return Ok(Err(flaw)),
        };
        let Some(row) = rows.first() else {
            return Ok(Err(Flaw::HeadMissing));
        };
        let unreadable = |column| move |_| Flaw::Unreadable { column };
        let read = || {
            let hash: &[u8] = row.try_get(2).map_err(unreadable("hash"))?;
            Ok(RawHead {
                position: row.try_get(0).map_err(unreadable("position"))?,
                recorded_at: row.try_get(1).map_err(unreadable("recorded_at"))?,
                hash: hash.try_into().map_err(|_| Flaw::Unreadable { column: "hash" })?,
                streams: row.try_get(3).map_err(unreadable("streams"))?,
            })
        };
        Ok(read())
    }

    /// Whether the head knows of the last event and of every stream, and whether the tenant's state
    /// is what its events say.
    pub(super) async fn judge_ends(&self, tenant: TenantNo) -> Result<Judged<()>, LogError> {
        let read = self.database().read(ENDS, &[&tenant.0, &StreamId::TENANT.id, &WENT_LIVE]).await;
        let rows = match Flaw::of(read)? {
            Ok(rows) => rows,
            Err(flaw) => return Ok(Err((0, flaw))),
        };
        let Some(row) = rows.first() else {
            return Ok(Err((0, Flaw::HeadMissing)));
        };
        let position: i64 = row.try_get(0)?;
        let first: Option<i64> = row.try_get(2)?;
        let beyond: Option<i64> = row.try_get(3)?;
        if let Some(outside) = first.filter(|first| *first < 1).or(beyond) {
            return Ok(Err((outside, Flaw::OutsideTheLog)));
        }
        if row.try_get::<_, i64>(1)? != row.try_get::<_, i64>(4)? {
            return Ok(Err((position, Flaw::HeadMismatch)));
        }
        let Ok(Some(state)) =
            row.try_get::<_, Option<&str>>(5).map(|text| text.and_then(TenantState::from_stored))
        else {
            return Ok(Err((0, Flaw::Unreadable { column: "state" })));
        };
        let went_live: Option<i64> = row.try_get(6)?;
        match (state, went_live) {
            (TenantState::Live, Some(_)) | (TenantState::Loading, None) => Ok(Ok(())),
            (TenantState::Live, None) => Ok(Err((position, Flaw::StateMismatch))),
            (TenantState::Loading, Some(at)) => Ok(Err((at, Flaw::StateMismatch))),
        }
    }
}
