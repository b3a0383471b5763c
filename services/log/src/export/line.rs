//! The lines of an export.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::hash::Hash;
use crate::hex;
use crate::micros::Micros;
use crate::row::EventRow;
use crate::stored;
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;
use crate::verify::Flaw;

/// The name of the form, with its version.
const FORMAT: &str = "throughline-log/1";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    tenant_no: i32,
    #[serde(borrow)]
    pub(super) tenant: Cow<'a, str>,
    /// How many lines follow.
    pub(super) events: i64,
}

impl<'a> Header<'a> {
    pub(super) fn new(tenant_no: TenantNo, tenant: &'a str, events: i64) -> Self {
        let format = FORMAT.into();
        Self { format, tenant_no: tenant_no.0, tenant: tenant.into(), events }
    }

    /// Reads the line, if it is, to the byte, one that is written here.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let header: Self = serde_json::from_slice(line).ok()?;
        (header.format == FORMAT && header.events >= 0 && is_same(&header, line)).then_some(header)
    }

    pub(super) fn tenant_no(&self) -> TenantNo {
        TenantNo(self.tenant_no)
    }
}

/// One event. The members are in the order in which they are hashed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine<'a> {
    position: i64,
    stream_no: i64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    stream: Uuid,
    event_id: Uuid,
    version: i32,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    schema_version: i16,
    occurred_at: Timestamp,
    #[serde(borrow)]
    occurred_precision: Cow<'a, str>,
    recorded_at: Timestamp,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    #[serde(borrow)]
    actor_role: Cow<'a, str>,
    source_organisation: Option<Cow<'a, str>>,
    command_id: Uuid,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
    traceparent: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    sealed: Option<String>,
    hash: String,
}

impl<'a> EventLine<'a> {
    pub(super) fn new(row: &EventRow<'a>, hash: &Hash) -> Result<Self, Flaw> {
        let time = |micros: Micros, column| micros.timestamp().ok_or(Flaw::Unreadable { column });
        Ok(Self {
            position: row.position,
            stream_no: row.stream_no,
            kind: row.stream.kind.as_str().into(),
            stream: row.stream.id,
            event_id: row.event_id,
            version: row.version,
            event_type: row.event_type.into(),
            schema_version: row.schema_version,
            occurred_at: time(row.occurred_at, "occurred_at")?,
            occurred_precision: row.occurred_precision.as_str().into(),
            recorded_at: time(row.recorded_at, "recorded_at")?,
            actor: row.actor.into(),
            actor_role: row.actor_role.into(),
            source_organisation: row.source_organisation.map(Cow::Borrowed),
            command_id: row.command_id,
            correlation_id: row.correlation_id,
            causation_id: row.causation_id,
            traceparent: row.traceparent.map(Cow::Borrowed),
            data: row.data.into(),
            sealed: row.sealed.as_ref().map(|sealed| STANDARD.encode(sealed)),
            hash: hex::encode(hash),
        })
    }

    /// Reads a line, if it is, to the byte, one that is written here.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let event: Self = serde_json::from_slice(line).ok()?;
        is_same(&event, line).then_some(event)
    }

    /// The row, and the hash beside it.
    pub(super) fn row(&self) -> Result<(EventRow<'_>, Hash), Flaw> {
        let unreadable = |column| Flaw::Unreadable { column };
        let kind = StreamKind::from_stored(&self.kind).ok_or(unreadable("kind"))?;
        let precision = stored::precision(&self.occurred_precision);
        let sealed = self.sealed.as_ref().map(|sealed| STANDARD.decode(sealed)).transpose();
        let row = EventRow {
            position: self.position,
            stream_no: self.stream_no,
            stream: StreamId { kind, id: self.stream },
            event_id: self.event_id,
            version: self.version,
            schema_version: self.schema_version,
            event_type: &self.event_type,
            occurred_at: self.occurred_at.into(),
            occurred_precision: precision.map_err(|_| unreadable("occurred_precision"))?,
            recorded_at: self.recorded_at.into(),
            actor: &self.actor,
            actor_role: &self.actor_role,
            source_organisation: self.source_organisation.as_deref(),
            command_id: self.command_id,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            traceparent: self.traceparent.as_deref(),
            data: &self.data,
            sealed: sealed.map_err(|_| unreadable("sealed"))?.map(Cow::Owned),
        };
        Ok((row, hex::decode(&self.hash).ok_or(unreadable("hash"))?))
    }

    pub(super) fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }
}

/// Whether the value is written as the line is. What says the same in other letters was written by
/// somebody else.
fn is_same(value: &impl Serialize, line: &[u8]) -> bool {
    let mut rest = Rest(line);
    serde_json::to_writer(&mut rest, value).is_ok() && rest.0.is_empty()
}

/// Takes what is written, as long as it is what is left.
struct Rest<'a>(&'a [u8]);

impl std::io::Write for Rest<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(std::io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
