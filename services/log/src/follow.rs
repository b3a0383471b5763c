//! What a follower of the log asks: where every tenant's log ends, and the streams it just saw
//! touched. Like a replay, it is given nothing that is sealed.

use throughline_domain::ids::Position;
use uuid::Uuid;

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::read::{Head, READ_EVENTS_MAX};
use crate::stored::{self, StoredEvent};
use crate::stream::StreamId;
use crate::tenant::TenantNo;

/// The columns in the order in which [`stored::from_row`] reads them, nothing sealed among them.
macro_rules! columns {
    () => {
        "s.kind, s.id, e.position, e.version, e.event_id, e.type, e.schema_version, \
         e.occurred_at, e.occurred_precision, e.recorded_at, e.actor, e.actor_role, \
         e.source_organisation, e.command_id, e.correlation_id, e.causation_id, e.traceparent, \
         e.data, e.hash, NULL::bytea, e.stream_no"
    };
}

const READ_STREAMS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM stream s JOIN event e ON e.tenant_no = s.tenant_no AND e.stream_no = s.stream_no \
     WHERE s.tenant_no = $1 AND s.id = ANY($2) AND e.tenant_no = $1 AND e.position <= $3 \
     ORDER BY e.stream_no, e.version"
);

/// As in [`crate::read`], a range of positions rather than a limit.
const FOLLOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM event e JOIN stream s ON s.tenant_no = e.tenant_no AND s.stream_no = e.stream_no \
     WHERE e.tenant_no = $1 AND s.tenant_no = $1 AND e.position > $2 AND e.position <= $3 \
     ORDER BY e.position"
);

const HEADS: &str = "SELECT tenant_no, position, recorded_at, hash, streams \
                     FROM log_head ORDER BY tenant_no";

/// One stream with its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHistory {
    /// The stream.
    pub stream: StreamId,
    /// Its events, by version, without what is sealed.
    pub events: Vec<StoredEvent>,
}

impl EventLog {
    /// Where the log of every tenant ends, by tenant.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn heads(&self) -> Result<Vec<(TenantNo, Head)>, LogError> {
        let rows = self.database().read(HEADS, &[]).await?;
        rows.iter()
            .map(|row| {
                let recorded_at: Option<crate::micros::Micros> = row.try_get(2)?;
                let head = Head {
                    position: Position(row.try_get(1)?),
                    recorded_at: recorded_at
                        .map(|at| stored::timestamp(at, "recorded_at"))
                        .transpose()?,
                    hash: stored::hash(row.try_get(3)?)?,
                    streams: row.try_get(4)?,
                };
                Ok((TenantNo(row.try_get(0)?), head))
            })
            .collect()
    }

    /// The events after a position, by position, as [`EventLog::read_after`] gives them, and never
    /// what is sealed in them: at most `limit`, and no more than 10,000.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn follow(
        &self,
        tenant: TenantNo,
        Position(after): Position,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, LogError> {
        let last = after.saturating_add(i64::from(limit.min(READ_EVENTS_MAX)));
        let rows = self.database().read(FOLLOW, &[&tenant.0, &after, &last]).await?;
        rows.iter().map(|row| Ok(stored::from_row(row)?.0)).collect()
    }

    /// The events of several streams up to a position, each stream whole.
    ///
    /// Shape: one history for each stream that has events up to there, by version. The caller
    /// bounds how many streams it asks for.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn read_streams(
        &self,
        tenant: TenantNo,
        streams: &[StreamId],
        Position(upto): Position,
    ) -> Result<Vec<StreamHistory>, LogError> {
        let ids: Vec<Uuid> = streams.iter().map(|stream| stream.id).collect();
        let rows = self.database().read(READ_STREAMS, &[&tenant.0, &ids, &upto]).await?;
        let mut histories: Vec<StreamHistory> = Vec::with_capacity(streams.len());
        for row in &rows {
            let (event, _): (StoredEvent, i64) = stored::from_row(row)?;
            match histories.last_mut() {
                Some(last) if last.stream == event.stream => last.events.push(event),
                _ => histories.push(StreamHistory { stream: event.stream, events: vec![event] }),
            }
        }
        Ok(histories)
    }
}
