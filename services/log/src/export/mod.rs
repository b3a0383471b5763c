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
