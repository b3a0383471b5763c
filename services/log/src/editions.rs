//! The editions that a tenant has published.
//!
//! A list holds what was asked and with what, and leaves the results in the database: those of one
//! edition alone may be a megabyte.

use jiff::Timestamp;
use throughline_domain::code::Code;
use throughline_domain::edition::{Edition, aggregate};
use throughline_domain::ids::Position;

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::micros::Micros;
use crate::stored::{self, StoredEvent};
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;

const LIST_EDITIONS: &str = "\
    SELECT e.position, e.recorded_at, (e.data::json -> 'edition')::text \
    FROM stream s JOIN event e ON e.tenant_no = s.tenant_no AND e.stream_no = s.stream_no \
    WHERE s.tenant_no = $1 AND s.kind = 'edition' AND e.type = 'EditionPublished' \
        AND e.schema_version = 1 AND e.position < $2 \
    ORDER BY e.position DESC LIMIT $3";

/// An edition without its results.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedEdition {
    /// The place of its event in the tenant's log.
    pub position: Position,
    /// When it was published.
    pub published_at: Timestamp,
    /// What was asked, of what, and with what.
    pub edition: Edition,
}

impl EventLog {
    /// The editions published before a position, the newest first.
    ///
    /// One that a later program wrote and this one cannot read is not among them.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn editions(
        &self,
        tenant: TenantNo,
        before: Position,
        limit: u32,
    ) -> Result<Vec<ListedEdition>, LogError> {
        let limit = i64::from(limit);
        let rows = self.database().read(LIST_EDITIONS, &[&tenant.0, &before.0, &limit]).await?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in &rows {
            let recorded_at: Micros = row.try_get(1)?;
            let text: &str = row.try_get(2)?;
            if let Ok(edition) = serde_json::from_str(text) {
                let published_at = stored::timestamp(recorded_at, "recorded_at")?;
                listed.push(ListedEdition {
                    position: Position(row.try_get(0)?),
                    published_at,
                    edition,
                });
            }
        }
        Ok(listed)
    }

    /// The event that published an edition, its facts to the byte as they were recorded.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn edition(
        &self,
        tenant: TenantNo,
        id: &Code,
    ) -> Result<Option<StoredEvent>, LogError> {
        let stream = StreamId { kind: StreamKind::Edition, id: aggregate::stream_id(id) };
        Ok(self.read_stream(tenant, stream).await?.into_iter().next())
    }

    /// The link of the hash chain at a position; `None` where the log does not reach it.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn hash_at(
        &self,
        tenant: TenantNo,
        position: Position,
    ) -> Result<Option<[u8; 32]>, LogError> {
        let sql = "SELECT hash FROM event WHERE tenant_no = $1 AND position = $2";
        let rows = self.database().read(sql, &[&tenant.0, &position.0]).await?;
        rows.first().map(|row| stored::hash(row.try_get(0)?)).transpose()
    }
}
