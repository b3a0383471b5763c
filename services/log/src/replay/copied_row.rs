//! One row of a binary COPY, decoded by hand: it is where a replay spends its time.
//!
//! The form (PostgreSQL manual, COPY, "Binary Format"): once a header; for each row the number of
//! fields, then each field's length, -1 for null, and its bytes; at the end -1 for a number of
//! fields. The server sends each row as a message of its own, the header with the first.

use jiff::Timestamp;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_domain::time::Occurred;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use super::ReplayedEvent;
use crate::error::LogError;
use crate::micros::Micros;
use crate::stored;

/// The columns copied, in the order in which they are read: those a fold needs, and no others.
pub(super) const COLUMNS: &str = "stream_no, position, version, event_id, type, schema_version, \
    occurred_at, occurred_precision, recorded_at, data";
const COLUMN_COUNT: usize = 10;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// The fields of one row.
pub(super) struct CopiedRow<'a>([Option<&'a [u8]>; COLUMN_COUNT]);

const MALFORMED: LogError = LogError::Unreadable { column: "row" };

impl<'a> CopiedRow<'a> {
    /// Splits a message into fields; `None` at the end.
    pub(super) fn parse(message: &'a [u8]) -> Result<Option<Self>, LogError> {
        let mut rest = message;
        if let Some(after) = message.strip_prefix(SIGNATURE) {
            // Flags, and an extension, of which there is none so far.
            rest = after;
            let _flags: [u8; 4] = array(&mut rest)?;
            let extension = u32::from_be_bytes(array(&mut rest)?);
            let _ = bytes(&mut rest, extension as usize)?;
        }
        let count = i16::from_be_bytes(array(&mut rest)?);
        if count == -1 {
            return Ok(None);
        }
        if usize::try_from(count) != Ok(COLUMN_COUNT) {
            return Err(MALFORMED);
        }
        let mut fields = [None; COLUMN_COUNT];
        for field in &mut fields {
            let length = i32::from_be_bytes(array(&mut rest)?);
            if let Ok(length) = usize::try_from(length) {
                *field = Some(bytes(&mut rest, length)?);
            }
        }
        Ok(Some(Self(fields)))
    }

    pub(super) fn stream_no(&self) -> Result<i64, LogError> {
        Ok(i64::from_be_bytes(self.array(0, "stream_no")?))
    }

    pub(super) fn event(&self) -> Result<ReplayedEvent<'a>, LogError> {
        Ok(ReplayedEvent {
            position: Position(i64::from_be_bytes(self.array(1, "position")?)),
            version: Version(i32::from_be_bytes(self.array(2, "version")?)),
            event_id: EventId(Uuid::from_bytes(self.array(3, "event_id")?)),
            event_type: self.text(4, "type")?,
            schema_version: i16::from_be_bytes(self.array(5, "schema_version")?),
            occurred: Occurred {
                at: self.time(6, "occurred_at")?,
                precision: stored::precision(self.text(7, "occurred_precision")?)?,
            },
            recorded_at: self.time(8, "recorded_at")?,
            data: self.text(9, "data")?,
        })
    }

    fn field(&self, index: usize, column: &'static str) -> Result<&'a [u8], LogError> {
        self.0[index].ok_or(LogError::Unreadable { column })
    }

    fn array<const N: usize>(
        &self,
        index: usize,
        column: &'static str,
    ) -> Result<[u8; N], LogError> {
        let field = self.field(index, column)?;
        field.try_into().map_err(|_| LogError::Unreadable { column })
    }

    fn text(&self, index: usize, column: &'static str) -> Result<&'a str, LogError> {
        let field = self.field(index, column)?;
        str::from_utf8(field).map_err(|_| LogError::Unreadable { column })
    }

    fn time(&self, index: usize, column: &'static str) -> Result<Timestamp, LogError> {
        let field = self.field(index, column)?;
        let micros = Micros::from_sql(&Type::TIMESTAMPTZ, field);
        let micros = micros.map_err(|_| LogError::Unreadable { column })?;
        stored::timestamp(micros, column)
    }
}

fn bytes<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], LogError> {
    let (taken, after) = rest.split_at_checked(length).ok_or(MALFORMED)?;
    *rest = after;
    Ok(taken)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], LogError> {
    bytes(rest, N)?.try_into().map_err(|_| MALFORMED)
}
