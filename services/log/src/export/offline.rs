//! Verifying an export: without a database, and without a secret.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, Read as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use throughline_domain::ids::Position;

use crate::checkpoint_file::{Agreement, CheckpointLine, Comparison};
use crate::export::line::{EventLine, Header};
use crate::hash;
use crate::row::EventRow;
use crate::stream::StreamId;
use crate::tenant::TenantNo;
use crate::verify::{Flaw, Link};

/// A longer line is not one of an export: a command is limited to far less.
const LINE_BYTES_MAX: u64 = 32 << 20;

/// What is wrong with a line of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFlaw {
    /// The first line is not the header of an export.
    Header,
    /// The line is not, to the byte, one that this program writes.
    Malformed,
    /// The line has no end.
    CutShort,
    /// No checkpoint is of the tenant that the header names.
    NoCheckpoint,
    /// The stream's number was that of another stream before.
    OtherStream,
    /// The event does not hold.
    Event(Flaw),
}

impl fmt::Display for ExportFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("it is not the header of an export"),
            Self::Malformed => f.write_str("it is not a line of an export"),
            Self::CutShort => f.write_str("the line is cut short"),
            Self::NoCheckpoint => f.write_str("there is no checkpoint of this tenant"),
            Self::OtherStream => f.write_str("the stream's number was that of another stream"),
            Self::Event(flaw) => flaw.fmt(f),
        }
    }
}

/// What was found in an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportVerdict {
    /// The tenant that the header names; `None` when there is no header.
    pub tenant: Option<(TenantNo, String)>,
    /// How many events hold, from the first on.
    pub events: i64,
    /// The first line, from 1, that does not hold, what position it ought to be, and why.
    pub flaw: Option<(u64, Position, ExportFlaw)>,
    /// Where it agrees with the checkpoints, as far as it holds.
    pub agreement: Agreement,
}

impl ExportVerdict {
    /// Whether the export is the log that was signed, up to the last checkpoint, and goes on
    /// without a flaw.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.flaw.is_none() && self.agreement.differing.is_none() && self.agreement.agreeing > 0
    }
}

/// Recomputes an export from the genesis on, and holds it against those of the checkpoints that
/// are of its tenant. That the checkpoints are believed is the caller's to see to. `read` counts
/// the bytes.
///
/// Memory: about 50 bytes for each stream, and a line.
///
/// # Errors
/// When the export cannot be read.
pub fn verify_export(
    export: impl BufRead,
    checkpoints: &[CheckpointLine],
    read: &AtomicU64,
) -> io::Result<ExportVerdict> {
    let mut lines = Lines { export, line: Vec::new(), number: 0, read };
    let mut verdict =
        ExportVerdict { tenant: None, events: 0, flaw: None, agreement: Agreement::default() };
    let header = lines.next()?.and_then(|line| Header::read(line.ok()?));
    let Some(header) = header else {
        verdict.flaw = Some((1, Position(0), ExportFlaw::Header));
        return Ok(verdict);
    };
    let (tenant_no, tenant, events) =
        (header.tenant_no(), header.tenant.into_owned(), header.events);
    let mut comparison = Comparison::new(checkpoints, tenant_no, &tenant);
    let link = Link::genesis(hash::genesis(tenant_no, &tenant));
    verdict.tenant = Some((tenant_no, tenant));
    if comparison.is_empty() {
        verdict.flaw = Some((1, Position(0), ExportFlaw::NoCheckpoint));
        return Ok(verdict);
    }
    let mut walk = Walk { position: 0, events, link, streams: HashMap::new() };
    let flaw = walk.follow(&mut lines, &mut comparison)?;
    if flaw.is_none() {
        comparison.end();
    }
    let at = Position(walk.position + 1);
    verdict.flaw = flaw.map(|flaw| (lines.number, at, flaw));
    verdict.events = walk.position;
    verdict.agreement = comparison.agreement;
    Ok(verdict)
}

/// How far an export was followed.
struct Walk {
    position: i64,
    /// How many events the header promises.
    events: i64,
    link: Link,
    /// Each stream by its number, with its version.
    streams: HashMap<i64, (StreamId, i32)>,
}

impl Walk {
    fn follow(
        &mut self,
        lines: &mut Lines<'_, impl BufRead>,
        comparison: &mut Comparison<'_>,
    ) -> io::Result<Option<ExportFlaw>> {
        while let Some(line) = lines.next()? {
            if let Err(flaw) = line.and_then(|line| self.step(line, comparison)) {
                return Ok(Some(flaw));
            }
        }
        if self.position < self.events {
            lines.number += 1;
            return Ok(Some(ExportFlaw::Event(Flaw::Missing)));
        }
        Ok(None)
    }

    fn step(&mut self, line: &[u8], comparison: &mut Comparison<'_>) -> Result<(), ExportFlaw> {
        let event = EventLine::read(line).ok_or(ExportFlaw::Malformed)?;
        let (row, stored) = event.row().map_err(ExportFlaw::Event)?;
        let flaw = match row.position.cmp(&(self.position + 1)) {
            Ordering::Equal if row.position > self.events => Some(Flaw::OutsideTheLog),
            Ordering::Equal => None,
            Ordering::Less => Some(Flaw::Repeated),
            Ordering::Greater => Some(Flaw::Missing),
        };
        if let Some(flaw) = flaw {
            return Err(ExportFlaw::Event(flaw));
        }
        self.link = self.link.follow(&row, &stored).map_err(ExportFlaw::Event)?;
        self.take_version(&row)?;
        self.position = row.position;
        comparison.reach(self.position, &self.link.hash, Some(event.recorded_at()));
        Ok(())
    }

    fn take_version(&mut self, row: &EventRow<'_>) -> Result<(), ExportFlaw> {
        let (stream, version) = self.streams.entry(row.stream_no).or_insert((row.stream, 0));
        if *stream != row.stream {
            return Err(ExportFlaw::OtherStream);
        }
        if version.checked_add(1) != Some(row.version) {
            return Err(ExportFlaw::Event(Flaw::VersionGap));
        }
        *version = row.version;
        Ok(())
    }
}

/// The lines of an export, one at a time.
struct Lines<'a, R> {
    export: R,
    line: Vec<u8>,
    number: u64,
    read: &'a AtomicU64,
}

impl<R: BufRead> Lines<'_, R> {
    /// The next line without its end; `None` after the last.
    fn next(&mut self) -> io::Result<Option<Result<&[u8], ExportFlaw>>> {
        self.line.clear();
        let limited = &mut self.export.by_ref().take(LINE_BYTES_MAX);
        let bytes = limited.read_until(b'\n', &mut self.line)?;
        if bytes == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.read.fetch_add(bytes as u64, Relaxed);
        Ok(Some(self.line.strip_suffix(b"\n").ok_or(ExportFlaw::CutShort)))
    }
}
