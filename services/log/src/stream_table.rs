//! The streams of a tenant, to find by their numbers while its whole log is read.

use uuid::Uuid;

use crate::database::Database;
use crate::error::LogError;
use crate::scan::Scan;
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;
use crate::verify::Flaw;

const STREAMS: &str =
    "SELECT stream_no, kind, id FROM stream WHERE tenant_no = $1 ORDER BY stream_no";

/// Every stream with a number and a known kind, by number: 32 bytes each.
#[derive(Debug)]
pub(crate) struct StreamTable(Vec<(i64, StreamId)>);

impl StreamTable {
    /// Reads the table. Rows that are not of the form this program writes, that the database cannot
    /// read or that have one number are left out: their events are found to have no stream.
    pub(crate) async fn read(database: &Database, tenant: TenantNo) -> Result<Self, LogError> {
        let mut scan = Scan::open(database, STREAMS, &[&tenant.0]).await?;
        let mut streams = Vec::new();
        loop {
            let row = match Flaw::of(scan.next().await)? {
                Ok(Some(row)) => row,
                Ok(None) => {
                    scan.close().await?;
                    break;
                }
                Err(_) => break,
            };
            let read = (row.try_get(0), row.try_get(1), row.try_get(2));
            let (Ok(stream_no), Ok(kind), Ok(id)) = read else {
                continue;
            };
            let (kind, id): (&str, Uuid) = (kind, id);
            if let Some(kind) = StreamKind::from_stored(kind) {
                streams.push((stream_no, StreamId { kind, id }));
            }
        }
        Ok(Self(without_repeated(streams)))
    }

    pub(crate) fn find(&self, stream_no: i64) -> Option<StreamId> {
        self.place(stream_no).map(|place| self.0[place].1)
    }

    /// Where in the table the stream is: below [`StreamTable::len`].
    pub(crate) fn place(&self, stream_no: i64) -> Option<usize> {
        // Numbers are dense, unless somebody altered them.
        let guess = usize::try_from(stream_no).ok().and_then(|no| no.checked_sub(1));
        let guess = guess.filter(|place| self.number(*place) == Some(stream_no));
        guess.or_else(|| self.0.binary_search_by_key(&stream_no, |(no, _)| *no).ok())
    }

    pub(crate) fn number(&self, place: usize) -> Option<i64> {
        self.0.get(place).map(|(no, _)| *no)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

fn without_repeated(streams: Vec<(i64, StreamId)>) -> Vec<(i64, StreamId)> {
    let is_repeated = streams.chunk_by(|(one, _), (next, _)| one == next).any(|run| run.len() > 1);
    if !is_repeated {
        return streams;
    }
    let runs = streams.chunk_by(|(one, _), (next, _)| one == next);
    runs.filter(|run| run.len() == 1).flatten().copied().collect()
}
