//! Folding the cases of a batch into what is to be written, before any transaction begins.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_log::{LogError, StoredEvent, StreamKind};
use throughline_projections::{CaseRows, TouchedCase};
use uuid::Uuid;

use crate::histories::History;
use crate::lease::Lease;
use crate::parking::{self, Poison, PoisonedEvent};
use crate::projector::Inner;

/// A case of a batch with its new events; none for a parked case that is tried again.
pub(crate) type Touched<'a> = (Uuid, Vec<&'a StoredEvent>);

/// What a batch comes to.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    /// The rows of the cases that could be folded.
    pub(crate) rows: Vec<CaseRows>,
    /// Of each of them its last event, which is to blame if the database refuses the rows.
    pub(crate) last_events: Vec<Option<PoisonedEvent>>,
    /// Those cases of the batch that were parked when it began.
    pub(crate) was_parked: HashSet<Uuid>,
    /// Those that cannot be read or folded, and why.
    pub(crate) poisoned: Vec<(Uuid, Poison)>,
}

/// The events of cases, case by case; those of persons and of the tenant have no rows.
pub(crate) fn by_case(events: &[StoredEvent]) -> Vec<Touched<'_>> {
    let mut places: HashMap<Uuid, usize> = HashMap::new();
    let mut cases: Vec<Touched<'_>> = Vec::new();
    for event in events {
        if event.stream.kind != StreamKind::Case {
            continue;
        }
        let place = *places.entry(event.stream.id).or_insert(cases.len());
        if place == cases.len() {
            cases.push((event.stream.id, Vec::new()));
        }
        cases[place].1.push(event);
    }
    cases
}

/// Folds the touched cases up to a position, some at a time.
///
/// What is parked is read before the transaction: only the lease's owner parks and takes up again,
/// and the fence will tell whether this still is the owner.
pub(crate) async fn fold(
    projector: &Inner,
    lease: &mut Lease,
    cases: &[Touched<'_>],
    upto: Position,
) -> Result<Folded, LogError> {
    let mut folded = Folded::default();
    if lease.may_have_parked {
        let ids: Vec<Uuid> = cases.iter().map(|(case, _)| *case).collect();
        let client = projector.pool.get().await?;
        folded.was_parked = parking::among(&client, lease.shard, &ids).await?;
        lease.may_have_parked =
            !folded.was_parked.is_empty() || parking::any(&client, lease.shard).await?;
    }
    // After the events, so that every version they name is there.
    let programmes = projector.log.programmes(lease.shard.tenant).await?;
    for slice in cases.chunks(projector.settings.cases_at_once.max(1)) {
        let tenant = lease.shard.tenant;
        let mut left: Vec<&Touched<'_>> = slice.iter().collect();
        while !left.is_empty() {
            let loaded = projector.histories.load(&projector.log, tenant, &left, upto).await?;
            for (case, _) in left.iter().filter(|(case, _)| !loaded.left.contains(case)) {
                let history = loaded.histories.get(case);
                match fold_case(lease, *case, history, &folded.was_parked, upto, &programmes) {
                    Ok(None) => {}
                    Ok(Some((rows, last))) => {
                        folded.rows.push(rows);
                        folded.last_events.push(last);
                    }
                    Err(poison) => folded.poisoned.push((*case, poison)),
                }
            }
            left.retain(|(case, _)| loaded.left.contains(case));
            // Folding is work without a pause: others on this thread have leases to renew.
            tokio::task::yield_now().await;
        }
    }
    Ok(folded)
}

fn fold_case(
    lease: &Lease,
    case: Uuid,
    history: Option<&Result<Arc<History>, Poison>>,
    was_parked: &HashSet<Uuid>,
    upto: Position,
    programmes: &Programmes,
) -> Result<Option<(CaseRows, Option<PoisonedEvent>)>, Poison> {
    let history = match history {
        Some(Ok(history)) => &history.events,
        Some(Err(poison)) => return Err(poison.clone()),
        None => return Err(Poison { error_class: "absent", event: None }),
    };
    let known = &history[..history.partition_point(|e| e.position <= upto)];
    let touched = TouchedCase {
        case_id: CaseId(case),
        history: known,
        // The rows of a parked case stopped at some point before; they are all written again.
        after: if was_parked.contains(&case) { Position(0) } else { lease.position },
        programmes,
    };
    let last = known.last().map(|last| PoisonedEvent {
        position: last.position,
        event_id: last.event_id,
        event_type: last.event.type_name().into(),
    });
    // Nothing in a fold panics that anybody knows of; if it did, its shard would stand still.
    match catch_unwind(AssertUnwindSafe(|| lease.shard.projection.change(&touched))) {
        Ok(Ok(rows)) => Ok(rows.map(|rows| (rows, last))),
        Ok(Err(_)) => Err(Poison { error_class: "unfoldable", event: last }),
        Err(_) => Err(Poison { error_class: "panicked", event: last }),
    }
}
