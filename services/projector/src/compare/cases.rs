//! Which cases are compared, with their histories, a few hundred at a time.

use std::collections::VecDeque;
use std::pin::Pin;

use futures_util::{Stream, StreamExt as _};
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::recorded::Recorded;
use throughline_log::{
    EVERY_STREAM, EventLog, LogError, Replayed, StoredEvent, StreamId, StreamKind, TenantNo,
};
use uuid::Uuid;

use super::comparison::Sample;
use super::snapshot::Snapshot;
use crate::rebuild::BuildKey;

/// How many cases are compared at a time, and how many of their events and bytes of facts are held;
/// the case that brings them there is still held whole.
const CASES_AT_ONCE: usize = 200;
const EVENTS_AT_ONCE: usize = 5_000;
const BYTES_AT_ONCE: usize = 8 * 1024 * 1024;
/// The most parked cases that come to a sample.
const PARKED_MAX: i64 = 10_000;
/// How many streams are drawn for each case wanted: some are persons.
const STREAMS_DRAWN: i64 = 4;

/// A case with its history as far as it is asked for; `None` when that cannot be read.
pub(crate) struct Case {
    pub(crate) case_id: CaseId,
    pub(crate) history: Option<Vec<Recorded<CaseEvent>>>,
}

type Replay = Pin<Box<dyn Stream<Item = Result<Replayed<Recorded<CaseEvent>>, LogError>> + Send>>;

/// The cases to compare, as they are read.
pub(crate) enum Cases {
    /// All, by the number of their stream.
    All(Replay),
    /// Those that were drawn.
    Drawn { log: EventLog, tenant: TenantNo, upto: Position, left: VecDeque<Uuid> },
}

impl Cases {
    /// Those of a sample, up to a position. Of builds that are compared together, the cases that
    /// any has parked are all drawn.
    pub(crate) async fn choose(
        log: &EventLog,
        snapshot: &Snapshot<'_>,
        builds: &[BuildKey],
        sample: Sample,
        upto: Position,
    ) -> Result<Self, LogError> {
        let Some(&build) = builds.first() else {
            return Ok(Self::drawn(log, TenantNo(0), upto, VecDeque::new()));
        };
        let Sample::Of(wanted) = sample else {
            return Ok(Self::All(Box::pin(
                log.replay_cases(build.tenant, upto, EVERY_STREAM).fuse(),
            )));
        };
        let streams = snapshot.streams(build).await?;
        let wanted = i64::from(wanted);
        let numbers = draw(streams, wanted.saturating_mul(STREAMS_DRAWN));
        let mut cases = snapshot.cases_among(build, &numbers, wanted).await?;
        for build in builds {
            cases.extend(snapshot.some_parked(*build, PARKED_MAX).await?);
        }
        Ok(Self::drawn(log, build.tenant, upto, cases.into_iter().collect()))
    }

    fn drawn(log: &EventLog, tenant: TenantNo, upto: Position, left: VecDeque<Uuid>) -> Self {
        Self::Drawn { log: log.clone(), tenant, upto, left }
    }

    /// The next few; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Vec<Case>, LogError> {
        match self {
            Self::All(replay) => next_of_all(replay).await,
            Self::Drawn { log, tenant, upto, left } => {
                let mut cases = Vec::new();
                while cases.is_empty() && !left.is_empty() {
                    let few: Vec<StreamId> = left
                        .drain(..left.len().min(CASES_AT_ONCE))
                        .map(|id| StreamId { kind: StreamKind::Case, id })
                        .collect();
                    // A stream that began after the position does not come.
                    let read = log.read_streams(*tenant, &few, *upto, BYTES_AT_ONCE).await?;
                    left.extend(read.left.iter().map(|stream| stream.id));
                    for history in read.histories {
                        let events = history.events.iter().map(StoredEvent::to_case_event);
                        let case_id = CaseId(history.stream.id);
                        cases
                            .push(Case { case_id, history: events.collect::<Result<_, _>>().ok() });
                    }
                }
                Ok(cases)
            }
        }
    }
}

async fn next_of_all(replay: &mut Replay) -> Result<Vec<Case>, LogError> {
    let mut cases = Vec::new();
    let (mut held, mut held_bytes) = (0, 0);
    while let Some(case) = replay.next().await {
        let Replayed { stream, events, bytes } = case?;
        let history = events.ok();
        held += history.as_ref().map_or(0, Vec::len);
        held_bytes += bytes;
        cases.push(Case { case_id: CaseId(stream.id), history });
        if cases.len() >= CASES_AT_ONCE || held >= EVENTS_AT_ONCE || held_bytes >= BYTES_AT_ONCE {
            break;
        }
    }
    Ok(cases)
}

/// About as many different numbers from 1 to `last`, at random; all of them when that is as many.
fn draw(last: i64, wanted: i64) -> Vec<i64> {
    if last <= wanted {
        return (1..=last).collect();
    }
    let (last, wanted) = (last.unsigned_abs(), usize::try_from(wanted).unwrap_or(0));
    // Random ids are as good as any other source of chance, and at hand.
    let random = std::iter::repeat_with(|| Uuid::new_v4().as_u64_pair().1);
    random.take(wanted).map(|n| i64::try_from(n % last).unwrap_or(0) + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_drawn_from_all_and_from_no_others() {
        assert!(draw(0, 10).is_empty());
        assert_eq!(draw(3, 10), [1, 2, 3]);
        let drawn = draw(1_000, 500);
        assert_eq!(drawn.len(), 500);
        assert!(drawn.iter().all(|n| (1..=1_000).contains(n)));
        assert!(drawn.iter().any(|n| *n <= 500) && drawn.iter().any(|n| *n > 500));
    }
}
