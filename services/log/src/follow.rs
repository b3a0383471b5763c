//! What a follower of the log asks: where every tenant's log ends, and the streams it just saw
//! touched. Like a replay, it is given nothing that is sealed.

use std::collections::HashSet;

use postgres_types::ToSql;
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
        "kind, id, position, version, event_id, type, schema_version, \
         occurred_at, occurred_precision, recorded_at, actor, actor_role, \
         source_organisation, command_id, correlation_id, causation_id, traceparent, \
         data, hash, NULL::bytea, e.stream_no"
    };
}

/// A stream comes while those before it have fewer than `$4` bytes of facts, so the first always
/// does. How long a text is can be told without fetching it from where long ones are kept.
const READ_STREAMS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT s.kind, s.id, e.*, sum(octet_length(e.data)) OVER (ORDER BY e.stream_no \
                GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before \
            FROM stream s JOIN event e ON e.tenant_no = s.tenant_no AND e.stream_no = s.stream_no \
            WHERE s.tenant_no = $1 AND s.id = ANY($2) \
                AND e.tenant_no = $1 AND e.position <= $3) AS e \
     WHERE coalesce(bytes_before, 0) < $4 \
     ORDER BY e.stream_no, version"
);

/// As in [`crate::read`], a range of positions rather than a limit. An event comes while those
/// before it have fewer than `$4` bytes of facts.
const FOLLOW: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT *, sum(octet_length(data)) OVER (ORDER BY position \
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before \
            FROM event WHERE tenant_no = $1 AND position > $2 AND position <= $3) AS e \
     JOIN stream AS s ON s.tenant_no = $1 AND s.stream_no = e.stream_no \
     WHERE coalesce(bytes_before, 0) < $4 \
     ORDER BY position"
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

/// Some of the streams that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamsRead {
    /// Those that were read, each whole.
    pub histories: Vec<StreamHistory>,
    /// Those to be asked for again, because with them it would have been too much at a time; of
    /// these, some may have no events.
    pub left: Vec<StreamId>,
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
        after: Position,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, LogError> {
        self.follow_within(tenant, after, limit, usize::MAX).await
    }

    /// The same, and no further than to the event that brings the facts to `bytes_max`: so there is
    /// one, if any follows, and no more than `bytes_max` and one event's facts are held.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn follow_within(
        &self,
        tenant: TenantNo,
        Position(after): Position,
        limit: u32,
        bytes_max: usize,
    ) -> Result<Vec<StoredEvent>, LogError> {
        let last = after.saturating_add(i64::from(limit.min(READ_EVENTS_MAX)));
        let bytes_max = at_least_one(bytes_max);
        let rows = self.database().read(FOLLOW, &[&tenant.0, &after, &last, &bytes_max]).await?;
        rows.iter().map(|row| Ok(stored::from_row(row)?.0)).collect()
    }

    /// The events of several streams up to a position, each stream whole.
    ///
    /// Shape: one history for each stream that has events up to there, by version, and no further
    /// than to the one that brings the facts to `bytes_max`; the others are to be asked for again.
    /// Memory: `bytes_max` and one stream's facts. The caller bounds how many streams it asks for.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn read_streams(
        &self,
        tenant: TenantNo,
        streams: &[StreamId],
        Position(upto): Position,
        bytes_max: usize,
    ) -> Result<StreamsRead, LogError> {
        let ids: Vec<Uuid> = streams.iter().map(|stream| stream.id).collect();
        let bytes_max = at_least_one(bytes_max);
        let params: [&(dyn ToSql + Sync); 4] = [&tenant.0, &ids, &upto, &bytes_max];
        let rows = self.database().read(READ_STREAMS, &params).await?;
        let mut histories: Vec<StreamHistory> = Vec::with_capacity(streams.len());
        let mut bytes = 0_i64;
        for row in &rows {
            let (event, _): (StoredEvent, i64) = stored::from_row(row)?;
            bytes = bytes.saturating_add(at_most(event.data.len()));
            match histories.last_mut() {
                Some(last) if last.stream == event.stream => last.events.push(event),
                _ => histories.push(StreamHistory { stream: event.stream, events: vec![event] }),
            }
        }
        let mut left = Vec::new();
        if bytes >= bytes_max {
            let read: HashSet<StreamId> = histories.iter().map(|history| history.stream).collect();
            left.extend(streams.iter().copied().filter(|stream| !read.contains(stream)));
        }
        Ok(StreamsRead { histories, left })
    }
}

/// A bound of bytes as the statements take it: what comes first lies below it.
fn at_least_one(bytes_max: usize) -> i64 {
    at_most(bytes_max).max(1)
}

fn at_most(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
