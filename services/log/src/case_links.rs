//! Links between cases: finding them, and the events because of which something may pass.

use jiff::Timestamp;
use postgres_types::ToSql;
use throughline_domain::case_link::Pair;
use throughline_domain::ids::{CaseId, EventId, Position};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::micros::Micros;
use crate::stored;
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;

/// Links that a case can have with different cases, whether they go on or have ended.
pub const CASE_LINKS_MAX: usize = 100;

/// Joins `s`, the stream of a number. It is asked for as the first in the order of the primary key.
macro_rules! stream_by_no {
    ($stream_no:literal) => {
        concat!(
            "CROSS JOIN LATERAL (SELECT s.* FROM stream s \
                 WHERE s.tenant_no = $1 AND s.stream_no >= ",
            $stream_no,
            " ORDER BY s.stream_no LIMIT 1) s \
             WHERE s.stream_no = ",
            $stream_no
        )
    };
}

/// The events that began links with a wanted case at one end.
macro_rules! began_at {
    ($end:literal) => {
        concat!(
            "SELECT e.stream_no FROM unnest($2::text[]) AS wanted (id) \
             CROSS JOIN LATERAL (SELECT e.stream_no FROM event e \
                 WHERE e.tenant_no = $1 AND e.type = 'CasesLinked' AND e.version = 1 \
                     AND (e.data::jsonb #>> '{cases,",
            $end,
            "}') >= wanted.id AND (e.data::jsonb #>> '{cases,",
            $end,
            "}') <= wanted.id ORDER BY e.data::jsonb #>> '{cases,",
            $end,
            "}', e.stream_no) e"
        )
    };
}

pub(crate) const LINKS_OF: &str = concat!(
    "SELECT s.id FROM (",
    began_at!("0"),
    " UNION ALL ",
    began_at!("1"),
    ") began ",
    stream_by_no!("began.stream_no"),
);

/// A range of positions, of which only some types are given back.
pub(crate) const SOURCES: &str = concat!(
    "SELECT s.kind, s.id, e.position, e.event_id, e.type, e.recorded_at FROM (SELECT e.* FROM event e \
         WHERE e.tenant_no = $1 AND e.position > $2 AND e.position <= $3 AND e.type = ANY ($4) \
         ORDER BY e.position LIMIT $5) e ",
    stream_by_no!("e.stream_no"),
    " ORDER BY e.position"
);

/// Ordered outside, so that the order does not speak for another index.
const LIST: &str = "SELECT id FROM (SELECT id FROM stream \
         WHERE tenant_no = $1 AND kind = 'case_link' AND id > $2 OFFSET 0) s \
     ORDER BY id LIMIT $3";

/// An event because of which something may pass: where it is, and not what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSource {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in the tenant's log.
    pub position: Position,
    /// Its id.
    pub event_id: EventId,
    /// Its stored type name.
    pub event_type: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

impl From<Pair> for StreamId {
    fn from(pair: Pair) -> Self {
        Self { kind: StreamKind::CaseLink, id: pair.link_id() }
    }
}

impl EventLog {
    /// The links that these cases have or had, each once.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn links_of(
        &self,
        tenant: TenantNo,
        cases: &[CaseId],
    ) -> Result<Vec<StreamId>, LogError> {
        let cases: Vec<String> = cases.iter().map(ToString::to_string).collect();
        let rows = self.database().read(LINKS_OF, &[&tenant.0, &cases]).await?;
        let mut links = rows.iter().map(link).collect::<Result<Vec<StreamId>, LogError>>()?;
        links.sort_unstable();
        links.dedup();
        Ok(links)
    }

    /// The tenant's links whose id comes after `after`, by id: at most `limit`.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn list_links(
        &self,
        tenant: TenantNo,
        after: Uuid,
        limit: usize,
    ) -> Result<Vec<StreamId>, LogError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.database().read(LIST, &[&tenant.0, &after, &limit]).await?;
        rows.iter().map(link).collect()
    }

    /// The events of these types after one position, up to another, in their order: at most `limit`.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn link_sources(
        &self,
        tenant: TenantNo,
        Position(after): Position,
        Position(upto): Position,
        types: &[&str],
        limit: usize,
    ) -> Result<Vec<LinkSource>, LogError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params: [&(dyn ToSql + Sync); 5] = [&tenant.0, &after, &upto, &types, &limit];
        let rows = self.database().read(SOURCES, &params).await?;
        rows.iter().map(source).collect()
    }
}

fn link(row: &Row) -> Result<StreamId, LogError> {
    Ok(StreamId { kind: StreamKind::CaseLink, id: row.try_get(0)? })
}

fn source(row: &Row) -> Result<LinkSource, LogError> {
    let kind = StreamKind::from_stored(row.try_get(0)?);
    let recorded_at: Micros = row.try_get(5)?;
    Ok(LinkSource {
        stream: StreamId {
            kind: kind.ok_or(LogError::Unreadable { column: "kind" })?,
            id: row.try_get(1)?,
        },
        position: Position(row.try_get(2)?),
        event_id: EventId(row.try_get(3)?),
        event_type: row.try_get(4)?,
        recorded_at: stored::timestamp(recorded_at, "recorded_at")?,
    })
}
