//! A file of checkpoints, one a line, and what of it agrees with a log.

use std::fmt;
use std::io::{self, BufRead, Read as _};

use jiff::Timestamp;
use throughline_domain::ids::Position;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::hash::Hash;
use crate::micros::Micros;
use crate::signing_key::PublicKey;
use crate::tenant::TenantNo;

/// A longer line is no checkpoint.
const LINE_BYTES_MAX: u64 = 4096;
/// More lines than anybody signs.
const LINES_MAX: u64 = 1_000_000;
/// How many positions are looked up at a time.
const COMPARED_AT_A_TIME: usize = 1000;

const LINKS: &str = "\
    SELECT w.position, e.hash, e.recorded_at FROM unnest($2::bigint[]) AS w (position) \
    LEFT JOIN event e ON e.tenant_no = $1 AND e.position = w.position ORDER BY w.position";

/// A checkpoint with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointLine {
    /// The number of the line, from 1.
    pub line: u64,
    /// What it says.
    pub checkpoint: Checkpoint,
}

/// Why a file of checkpoints cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointFileError {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Unread(#[source] io::Error),
    /// A line is not a checkpoint, or is not believed.
    #[error("line {line}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// There are too many lines.
    #[error("it has more than {LINES_MAX} lines")]
    TooLong,
}

/// Reads the lines of a file. Empty ones are passed over.
///
/// With `key`, each must be signed by it; without, by the key that it names itself, which shows
/// only that nobody altered it without signing it anew.
///
/// # Errors
/// [`CheckpointFileError`].
pub fn read_checkpoints(
    mut file: impl BufRead,
    key: Option<&PublicKey>,
) -> Result<Vec<CheckpointLine>, CheckpointFileError> {
    let mut lines = Vec::new();
    let mut text = String::new();
    for line in 1..=LINES_MAX {
        text.clear();
        let malformed = || CheckpointFileError::Line { line, source: CheckpointError::Malformed };
        let read = file.by_ref().take(LINE_BYTES_MAX).read_line(&mut text);
        let read = read.map_err(|error| {
            let is_no_text = error.kind() == io::ErrorKind::InvalidData;
            if is_no_text { malformed() } else { CheckpointFileError::Unread(error) }
        })?;
        if read == 0 {
            return Ok(lines);
        }
        // A line without an end was cut short.
        let text = text.strip_suffix('\n').ok_or_else(malformed)?;
        if text.is_empty() {
            continue;
        }
        let refused = |source| CheckpointFileError::Line { line, source };
        let checkpoint = Checkpoint::from_line(text).map_err(refused)?;
        checkpoint.verify(key.unwrap_or(&checkpoint.public_key)).map_err(refused)?;
        lines.push(CheckpointLine { line, checkpoint });
    }
    Err(CheckpointFileError::TooLong)
}

/// Where a log agrees with its checkpoints, and where not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreement {
    /// How many checkpoints agree.
    pub agreeing: usize,
    /// The last that does, before the first that does not.
    pub last: Option<CheckpointPlace>,
    /// The first that does not.
    pub differing: Option<(CheckpointPlace, Difference)>,
}

/// Where a checkpoint is in its file, and what position it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointPlace {
    /// The number of the line, from 1.
    pub line: u64,
    /// The position.
    pub position: Position,
}

/// How a log differs from a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The event there is not the one that was signed.
    OtherEvent,
    /// The log ends before.
    EndsBefore,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherEvent => "the event is not the one that was signed",
            Self::EndsBefore => "the log ends before the position that was signed",
        })
    }
}

/// Holds checkpoints of one log against it, position by position.
pub(crate) struct Comparison<'a> {
    /// The last is the next in the order of positions.
    waiting: Vec<&'a CheckpointLine>,
    pub(crate) agreement: Agreement,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(lines: &'a [CheckpointLine], tenant_no: TenantNo, tenant: &str) -> Self {
        let is_of = |line: &&CheckpointLine| {
            line.checkpoint.tenant_no == tenant_no && line.checkpoint.tenant == tenant
        };
        let mut waiting: Vec<_> = lines.iter().filter(is_of).collect();
        waiting.sort_by_key(|line| std::cmp::Reverse((line.checkpoint.position, line.line)));
        Self { waiting, agreement: Agreement::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The log has this link at this position. The positions rise from call to call.
    pub(crate) fn reach(&mut self, position: i64, hash: &Hash, recorded_at: Option<Timestamp>) {
        while let Some(next) = self.waiting.pop_if(|next| next.checkpoint.position.0 <= position) {
            let of = &next.checkpoint;
            let is_same = of.position.0 == position
                && of.hash == *hash
                && Some(of.recorded_at) == recorded_at;
            self.note(next, (!is_same).then_some(Difference::OtherEvent));
        }
    }

    /// The log has no more.
    pub(crate) fn end(&mut self) {
        while let Some(next) = self.waiting.pop() {
            self.note(next, Some(Difference::EndsBefore));
        }
    }

    fn note(&mut self, line: &CheckpointLine, difference: Option<Difference>) {
        let place = CheckpointPlace { line: line.line, position: line.checkpoint.position };
        let agreement = &mut self.agreement;
        match difference {
            None => {
                agreement.agreeing += 1;
                if agreement.differing.is_none() {
                    agreement.last = Some(place);
                }
            }
            Some(difference) => {
                agreement.differing.get_or_insert((place, difference));
            }
        }
    }
}

impl EventLog {
    /// Holds the checkpoints of a tenant, of those given, against its log as it is stored. That the
    /// log holds in itself is for [`EventLog::verify`] to say.
    ///
    /// # Errors
    /// [`LogError::Unavailable`]; [`LogError::Unreadable`].
    pub async fn compare(
        &self,
        tenant_no: TenantNo,
        tenant: &str,
        lines: &[CheckpointLine],
    ) -> Result<Agreement, LogError> {
        let mut comparison = Comparison::new(lines, tenant_no, tenant);
        let mut positions: Vec<i64> =
            comparison.waiting.iter().map(|line| line.checkpoint.position.0).collect();
        positions.reverse();
        positions.dedup();
        for wanted in positions.chunks(COMPARED_AT_A_TIME) {
            for row in self.database().read(LINKS, &[&tenant_no.0, &wanted]).await? {
                let position: i64 = row.try_get(0)?;
                let hash: Option<&[u8]> = row.try_get(1)?;
                let recorded_at: Option<Micros> = row.try_get(2)?;
                let Some(hash) = hash else {
                    comparison.end();
                    break;
                };
                let hash = crate::stored::hash(hash)?;
                comparison.reach(position, &hash, recorded_at.and_then(Micros::timestamp));
            }
        }
        Ok(comparison.agreement)
    }
}
