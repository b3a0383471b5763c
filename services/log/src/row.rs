//! One event as it is stored, borrowed from wherever it is: what is hashed and what is inserted.

use std::borrow::Cow;

use throughline_domain::time::Precision;
use uuid::Uuid;

use crate::micros::Micros;
use crate::stream::StreamId;

/// Every field of a row of `event` but the hash, with the stream's public id and kind.
#[derive(Debug, Clone)]
pub(crate) struct EventRow<'a> {
    pub(crate) position: i64,
    pub(crate) stream_no: i64,
    pub(crate) stream: StreamId,
    pub(crate) event_id: Uuid,
    pub(crate) version: i32,
    pub(crate) schema_version: i16,
    pub(crate) event_type: &'a str,
    pub(crate) occurred_at: Micros,
    pub(crate) occurred_precision: Precision,
    pub(crate) recorded_at: Micros,
    pub(crate) actor: &'a str,
    pub(crate) actor_role: &'a str,
    pub(crate) source_organisation: Option<&'a str>,
    pub(crate) command_id: Uuid,
    pub(crate) correlation_id: Uuid,
    pub(crate) causation_id: Option<Uuid>,
    pub(crate) traceparent: Option<&'a str>,
    pub(crate) data: &'a str,
    pub(crate) sealed: Option<Cow<'a, [u8]>>,
}

/// A row with its hash: ready to be inserted.
#[derive(Debug, Clone)]
pub(crate) struct HashedRow<'a> {
    pub(crate) row: EventRow<'a>,
    pub(crate) hash: [u8; 32],
}
