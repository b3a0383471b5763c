//! A part of the log: read, and followed from the row before it to its last.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_postgres::Row;

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::scan::{self, Scan};
use crate::stream_table::StreamTable;
use crate::tenant::TenantNo;
use crate::verify::Flaw;
use crate::verify::chain::Link;
use crate::verify::versions::Spans;

/// How many rows are read between two steps of the progress.
const COUNTED_EVENTS: u64 = 1000;

/// A part of the log that is to be followed.
pub(crate) struct Segment {
    pub(crate) log: EventLog,
    pub(crate) tenant: TenantNo,
    pub(crate) streams: Arc<StreamTable>,
    pub(crate) positions: RangeInclusive<i64>,
    /// What the first row follows. Otherwise it is read, and whether it is right is for the
    /// segment before to say.
    pub(crate) before: Option<Link>,
    /// Whether there is no segment before, although there are rows.
    pub(crate) is_opening: bool,
    pub(crate) checked: Arc<AtomicU64>,
}

/// What was found.
pub(crate) struct Followed {
    /// The versions of the rows before the flaw.
    pub(crate) spans: Spans,
    /// The last link, unless there is a flaw.
    pub(crate) link: Option<Link>,
    /// The first row that does not hold.
    pub(crate) flaw: Option<(i64, Flaw)>,
}

impl Segment {
    pub(crate) async fn follow(self) -> Result<Followed, LogError> {
        let (first, last) = self.positions.clone().into_inner();
        let read_from = if self.before.is_some() { first } else { first - 1 };
        let params: [&(dyn postgres_types::ToSql + Sync); 3] = [&self.tenant.0, &read_from, &last];
        let mut scan = Scan::open(self.log.database(), scan::EVENTS, &params).await?;
        let mut walk = Walk { next: read_from, link: self.before, spans: Spans::default() };
        let mut uncounted = 0;
        loop {
            // Rows come by position, so what cannot be read is the next.
            let stepped = match Flaw::of(scan.next().await)? {
                Ok(Some(row)) => self.step(&mut walk, first, &row),
                Ok(None) => break,
                Err(flaw) => Err((walk.next, flaw)),
            };
            if let Err(flaw) = stepped {
                return Ok(Followed { spans: walk.spans, link: None, flaw: Some(flaw) });
            }
            uncounted += u64::from(walk.next > first);
            if uncounted == COUNTED_EVENTS {
                self.checked.fetch_add(uncounted, Ordering::Relaxed);
                uncounted = 0;
            }
        }
        self.checked.fetch_add(uncounted, Ordering::Relaxed);
        scan.close().await?;
        let flaw = (walk.next <= last).then_some((walk.next, Flaw::Missing));
        let link = if flaw.is_some() { None } else { walk.link };
        Ok(Followed { spans: walk.spans, link, flaw })
    }

    fn step(&self, walk: &mut Walk, first: i64, row: &Row) -> Result<(), (i64, Flaw)> {
        let unreadable = |_| (walk.next, Flaw::Unreadable { column: "position" });
        let mut position: i64 = row.try_get(0).map_err(unreadable)?;
        if walk.next < first {
            if position < first {
                return self.open(walk, position, row);
            }
            if self.is_opening {
                return Err((walk.next, Flaw::Missing));
            }
            // The segment before will say that its last row is missing.
            walk.next = first;
        }
        if position > walk.next {
            return Err((walk.next, Flaw::Missing));
        }
        if position < walk.next {
            return Err((position, Flaw::Repeated));
        }
        let at = |flaw| (position, flaw);
        let (event, stored) = scan::event(row, &self.streams).map_err(at)?;
        walk.link = Some(match &walk.link {
            Some(link) => link.follow(&event, &stored).map_err(at)?,
            None => Link { hash: stored, recorded_at: Some(event.recorded_at) },
        });
        walk.spans.take(event.stream_no, position, event.version).map_err(at)?;
        position += 1;
        walk.next = position;
        Ok(())
    }

    /// Takes the row before the first.
    fn open(&self, walk: &mut Walk, position: i64, row: &Row) -> Result<(), (i64, Flaw)> {
        match scan::link(row) {
            Ok((recorded_at, hash)) => {
                walk.link = Some(Link { hash, recorded_at: Some(recorded_at) });
            }
            Err(flaw) if self.is_opening => return Err((position, flaw)),
            // The segment before will say so.
            Err(_) => {}
        }
        walk.next = position + 1;
        Ok(())
    }
}

/// How far a segment was followed.
struct Walk {
    next: i64,
    link: Option<Link>,
    spans: Spans,
}
