//! What the database holds in the end.

use tokio_postgres::Client;
use uuid::Uuid;

use crate::ledger::FIRST_OCCURRED;

/// Every event and every stream of every tenant, as far as the checks go by them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// By tenant and position.
    pub(crate) events: Vec<Event>,
    /// By tenant and number.
    pub(crate) streams: Vec<Stream>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the columns' names")]
pub(crate) struct Event {
    pub(crate) tenant: i32,
    pub(crate) position: i64,
    pub(crate) stream_no: i64,
    pub(crate) version: i32,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: String,
    /// Microseconds between the first command's time and this one's: the command's number.
    pub(crate) command: i64,
    /// Microseconds since 1970.
    pub(crate) recorded_at: i64,
    /// What the events of one command have in common.
    pub(crate) command_id: Uuid,
}

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the columns' names")]
pub(crate) struct Stream {
    pub(crate) tenant: i32,
    pub(crate) stream_no: i64,
    pub(crate) kind: String,
    pub(crate) id: Uuid,
    pub(crate) has_key: bool,
}

impl Found {
    pub(crate) async fn read(client: &Client) -> Self {
        let events = format!(
            "SELECT tenant_no, position, stream_no, version, event_id, type, \
             (extract(epoch FROM occurred_at - '{FIRST_OCCURRED}') * 1000000)::bigint, \
             (extract(epoch FROM recorded_at) * 1000000)::bigint, command_id \
             FROM event ORDER BY tenant_no, position"
        );
        let streams = "SELECT s.tenant_no, s.stream_no, s.kind, s.id, k.tenant_no IS NOT NULL \
                       FROM stream s LEFT JOIN stream_key k USING (tenant_no, stream_no) \
                       ORDER BY s.tenant_no, s.stream_no";
        let events = client.query(&events, &[]).await.unwrap();
        let streams = client.query(streams, &[]).await.unwrap();
        let event = |row: &tokio_postgres::Row| Event {
            tenant: row.get(0),
            position: row.get(1),
            stream_no: row.get(2),
            version: row.get(3),
            event_id: row.get(4),
            event_type: row.get(5),
            command: row.get(6),
            recorded_at: row.get(7),
            command_id: row.get(8),
        };
        let stream = |row: &tokio_postgres::Row| Stream {
            tenant: row.get(0),
            stream_no: row.get(1),
            kind: row.get(2),
            id: row.get(3),
            has_key: row.get(4),
        };
        Self {
            events: events.iter().map(event).collect(),
            streams: streams.iter().map(stream).collect(),
        }
    }

    pub(crate) fn tenants(&self) -> Vec<i32> {
        let mut tenants: Vec<i32> = self.streams.iter().map(|stream| stream.tenant).collect();
        tenants.dedup();
        tenants
    }
}
