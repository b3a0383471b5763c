//! Folding every case, in as many parts at once as there are processors.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;

use anyhow::{Context, bail};
use futures_util::StreamExt;
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::ids::CaseId;
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;
use throughline_log::{EventLog, Head, Replayed, TenantNo};
use tokio::task::JoinSet;

use crate::replay::case_row::CaseRow;

/// The most parts at once: each holds a connection.
const PARTS_MAX: usize = 4;

/// What is asked of a tenant's log.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// The tenant.
    pub(crate) tenant: TenantNo,
    /// Where its log ends.
    pub(crate) head: Head,
    /// Only the cases of this programme.
    pub(crate) programme: Option<Code>,
    /// The two dates, and the reading.
    pub(crate) asked: Asked,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Folded {
    /// One row a case, by `case_id`.
    pub(super) rows: Vec<CaseRow>,
    /// How many events were read.
    pub(crate) events: u64,
}

impl Folded {
    /// How many cases are in view.
    pub(crate) fn cases(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }
}

/// Folds every case of the log; `read` counts the events on the way.
///
/// Memory: a row a case in view, and some thousand events.
///
/// # Errors
/// When the log cannot be read, or one of its events.
pub(crate) async fn fold(
    log: &EventLog,
    question: Question,
    read: Arc<AtomicU64>,
) -> anyhow::Result<Folded> {
    let Question { tenant, head, programme, asked } = question;
    let row = move |case_id, history: &[Recorded<CaseEvent>], programmes: &Programmes| {
        let wanted = |row: &CaseRow| programme.as_ref().is_none_or(|p| p == row.programme());
        CaseRow::at(case_id, history, &asked, programmes).filter(wanted)
    };
    let mut rows = every_case(log, tenant, &head, Arc::clone(&read), row).await?;
    rows.sort_unstable_by_key(|row| row.case_id);
    Ok(Folded { rows, events: read.load(Ordering::Relaxed) })
}

/// Gives every case of a log to `row`, with the definitions that the tenant knows, and collects what
/// it makes of them, in no order; `read` counts the events on the way.
///
/// # Errors
/// When the log cannot be read, or one of its events, or a case's definition is not known.
pub(crate) async fn every_case<R: Send + 'static>(
    log: &EventLog,
    tenant: TenantNo,
    head: &Head,
    read: Arc<AtomicU64>,
    row: impl Fn(CaseId, &[Recorded<CaseEvent>], &Programmes) -> Option<R> + Send + Sync + 'static,
) -> anyhow::Result<Vec<R>> {
    let parts = available_parallelism().map_or(1, NonZeroUsize::get).min(PARTS_MAX);
    let row = Arc::new(row);
    // The head was read before, so every version that an event up to it names is there.
    let programmes = log.programmes(tenant).await?;
    let mut folding = JoinSet::new();
    for streams in ranges(head.streams, parts) {
        let (log, position) = (log.clone(), head.position);
        let (read, row) = (Arc::clone(&read), Arc::clone(&row));
        let programmes = Arc::clone(&programmes);
        folding.spawn(async move {
            let mut cases = pin!(log.replay_cases(tenant, position, streams));
            let mut rows = Vec::new();
            while let Some(case) = cases.next().await {
                let Replayed { stream, events, .. } = case?;
                let events = events?;
                read.fetch_add(u64::try_from(events.len()).unwrap_or(0), Ordering::Relaxed);
                if programmes.first_unknown(&events).is_some() {
                    bail!("case {} was referred under a definition that is not known", stream.id);
                }
                rows.extend(row(CaseId(stream.id), &events, &programmes));
            }
            anyhow::Ok(rows)
        });
    }
    let mut rows = Vec::new();
    while let Some(part) = folding.join_next().await {
        rows.append(&mut part.context("a part of the replay ended early")??);
    }
    Ok(rows)
}

/// `1..=streams` in at most `parts` ranges of about one length.
fn ranges(streams: i64, parts: usize) -> Vec<RangeInclusive<i64>> {
    let parts = i64::try_from(parts).unwrap_or(1).max(1);
    let length = streams.div_euclid(parts) + 1;
    (0..parts)
        .map(|part| (part * length + 1)..=((part + 1) * length).min(streams))
        .filter(|range| !range.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_hold_every_stream_once() {
        for streams in 0..40 {
            for parts in 1..6 {
                let numbers: Vec<i64> = ranges(streams, parts).into_iter().flatten().collect();
                assert_eq!(numbers, (1..=streams).collect::<Vec<_>>(), "{streams} in {parts}");
                assert!(ranges(streams, parts).len() <= parts);
            }
        }
    }
}
