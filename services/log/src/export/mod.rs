//! A log as a file that stands for itself: every field that is hashed, and the hashes.
//!
//! JSON Lines: a header, then each event by position. What is sealed is in it as ciphertext. The
//! form is described in `ops/log-format.md`; a change to it is another version.

mod line;
mod offline;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use throughline_domain::ids::Position;

use self::line::{EventLine, Header};
pub use self::offline::{ExportFlaw, ExportVerdict, verify_export};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::scan::{self, Scan};
use crate::stream_table::StreamTable;
use crate::tenant::{Tenant, TenantNo};
use crate::verify::Flaw;

/// How many events one statement gives.
const PART_EVENTS: i64 = 10_000;

/// Why a log was not exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The output cannot be written.
    #[error("the export cannot be written")]
    Write(#[from] io::Error),
    /// The log ends before.
    #[error("the log ends at {head}")]
    EndsBefore {
        /// Its last position.
        head: Position,
    },
    /// A row is missing, or not of the form this program writes.
    #[error("position {position}: {reason}")]
    Flawed {
        /// The position.
        position: Position,
        /// What is wrong.
        reason: Flaw,
    },
}

impl EventLog {
    /// Writes a tenant's log, up to a position or to where it ends now, and gives the number of
    /// events. Each that is written is counted in `written`.
    ///
    /// Whether the log holds is not looked at; that is what the export is for. Memory: 32 bytes for
    /// each stream, and an event.
    ///
    /// # Errors
    /// [`ExportError`]; what was written until then is not an export.
    pub async fn export(
        &self,
        tenant: &Tenant,
        to: Option<Position>,
        out: &mut (impl Write + Send),
        written: &AtomicU64,
    ) -> Result<i64, ExportError> {
        let tenant_no = tenant.tenant_no;
        let head = self.head(tenant_no).await?.position;
        let last = to.unwrap_or(head).0;
        if last > head.0 {
            return Err(ExportError::EndsBefore { head });
        }
        let streams = StreamTable::read(self.database(), tenant_no).await?;
        let header = Header::new(tenant_no, &tenant.name, last);
        let mut line = Vec::new();
        write_line(&header, &mut line, out)?;
        let mut next = 1;
        while next <= last {
            let part = (next, last.min(next + PART_EVENTS - 1));
            next = part.1 + 1;
            self.export_part(tenant_no, part, &streams, &mut line, out, written).await?;
        }
        Ok(last)
    }

    async fn export_part(
        &self,
        tenant: TenantNo,
        (first, last): (i64, i64),
        streams: &StreamTable,
        line: &mut Vec<u8>,
        out: &mut (impl Write + Send),
        written: &AtomicU64,
    ) -> Result<(), ExportError> {
        let mut scan =
            Scan::open(self.database(), scan::EVENTS, &[&tenant.0, &first, &last]).await?;
        let flawed = |position, reason| {
            let position = Position(position);
            ExportError::Flawed { position, reason }
        };
        let mut next = first;
        while let Some(row) = scan.next().await? {
            let (event, hash) =
                scan::event(&row, streams).map_err(|reason| flawed(next, reason))?;
            if event.position != next {
                return Err(flawed(next, Flaw::Missing));
            }
            let event = EventLine::new(&event, &hash).map_err(|reason| flawed(next, reason))?;
            write_line(&event, line, out)?;
            written.fetch_add(1, Ordering::Relaxed);
            next += 1;
        }
        scan.close().await?;
        if next <= last {
            return Err(flawed(next, Flaw::Missing));
        }
        Ok(())
    }
}

fn write_line(
    value: &impl serde::Serialize,
    line: &mut Vec<u8>,
    out: &mut impl Write,
) -> io::Result<()> {
    line.clear();
    serde_json::to_writer(&mut *line, value)?;
    line.push(b'\n');
    out.write_all(line)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use throughline_domain::time::Precision;
    use uuid::Uuid;

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::checkpoint_file::read_checkpoints;
    use crate::hash::{self, Hash};
    use crate::micros::Micros;
    use crate::read::Head;
    use crate::row::EventRow;
    use crate::signing_key::SigningKey;
    use crate::stream::{StreamId, StreamKind};

    const DOCUMENT: &str = include_str!("../../../../ops/log-format.md");
    const RECORDED_AT: Timestamp = Timestamp::constant(1_400_000_000, 8_000);

    fn bare() -> EventRow<'static> {
        EventRow {
            position: 1,
            stream_no: 1,
            stream: StreamId::TENANT,
            event_id: Uuid::from_u128(1),
            version: 1,
            schema_version: 1,
            event_type: "TenantWentLive",
            occurred_at: Micros(1_400_000_000_000_000),
            occurred_precision: Precision::Instant,
            recorded_at: Micros(1_400_000_000_000_000),
            actor: "throughline",
            actor_role: "operator",
            source_organisation: None,
            command_id: Uuid::from_u128(2),
            correlation_id: Uuid::from_u128(2),
            causation_id: None,
            traceparent: None,
            data: "{}",
            sealed: None,
        }
    }

    fn full() -> EventRow<'static> {
        EventRow {
            position: 2,
            stream_no: 2,
            stream: StreamId { kind: StreamKind::Case, id: Uuid::from_u128(3) },
            event_id: Uuid::from_u128(4),
            event_type: "ContactAttempted",
            occurred_at: Micros(-7),
            occurred_precision: Precision::Day,
            recorded_at: RECORDED_AT.into(),
            actor: "worker-9",
            actor_role: "caseworker",
            source_organisation: Some("police"),
            command_id: Uuid::from_u128(5),
            correlation_id: Uuid::from_u128(6),
            causation_id: Some(Uuid::from_u128(7)),
            traceparent: Some("00-8"),
            data: "{\"channel\": \"t\u{e9}l\u{e9}phone\"}",
            sealed: Some(vec![1, 2, 3].into()),
            ..bare()
        }
    }

    fn vector() -> (Vec<u8>, Hash) {
        let genesis = hash::genesis(TenantNo(1), "essex");
        let first = hash::event(&genesis, &bare());
        let second = hash::event(&first, &full());
        let (mut export, mut line) = (Vec::new(), Vec::new());
        write_line(&Header::new(TenantNo(1), "essex", 2), &mut line, &mut export).unwrap();
        for (row, hash) in [(bare(), first), (full(), second)] {
            let event = EventLine::new(&row, &hash).unwrap();
            write_line(&event, &mut line, &mut export).unwrap();
        }
        (export, second)
    }

    /// What the document shows is what is written, and is accepted.
    #[test]
    fn the_example_of_the_document_is_an_export_and_its_checkpoint() {
        let (export, hash) = vector();
        let key = SigningKey::from_seed(&std::array::from_fn(|n| u8::try_from(n).unwrap()));
        let recorded_at = Some(RECORDED_AT);
        let head = Head { position: Position(2), recorded_at, hash, streams: 2 };
        let now = Timestamp::constant(1_400_000_001, 0);
        let key = key.unwrap();
        let signed = Checkpoint::sign(&key, TenantNo(1), "essex", &head, now).unwrap();
        let checkpoint = signed.to_line() + "\n";
        let export_text = str::from_utf8(&export).unwrap();
        for lines in [export_text, &checkpoint] {
            assert!(DOCUMENT.contains(lines), "ops/log-format.md shows\n{lines}");
        }
        let key = key.public_key();
        assert!(DOCUMENT.contains(&format!("`{key}`")), "ops/log-format.md names {key}");
        let lines = read_checkpoints(checkpoint.as_bytes(), Some(&key)).unwrap();
        let verdict = verify_export(export.as_slice(), &lines, &AtomicU64::new(0)).unwrap();
        assert!(verdict.is_accepted(), "{verdict:?}");
    }
}
