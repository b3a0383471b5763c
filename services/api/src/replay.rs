//! Questions about the past of a whole tenant: every case folded from the log, at the dates asked.

use std::collections::HashSet;

use futures_util::{StreamExt as _, pin_mut};
use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_log::EVERY_STREAM;
use throughline_projections::Projection;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::history;
use crate::problem::{self, Problem};
use crate::refusal;

/// Questions about the past of a whole tenant that may be answered at once.
pub const REPLAYS_AT_ONCE_MAX: usize = 2;

/// The most cases with events that cannot be read for which a question is still answered.
const UNREADABLE_MAX: usize = 1_000;

/// The cases that have an event this program cannot read.
#[derive(Debug, Default)]
pub struct UnreadableCases(Vec<(CaseId, Timestamp)>);

impl UnreadableCases {
    /// Those whose events could not all be read although they were known at a time: what is said of
    /// them is stale.
    #[must_use]
    pub fn known_at(&self, known_at: Timestamp) -> HashSet<CaseId> {
        let Self(cases) = self;
        cases
            .iter()
            .filter(|(_, recorded_at)| *recorded_at <= known_at)
            .map(|(id, _)| *id)
            .collect()
    }
}

/// Gives every case of the caller's tenant to `take`, with its events up to a position.
///
/// Of a case with an event that cannot be read, `take` gets those before it, as the read models have
/// them; the case is told of. So is one that names a definition which is not known, where the
/// projection's answers rest on that. The definitions that the tenant knows come along.
///
/// # Errors
/// [`problem::OVERLOADED`] when too many such questions are being answered.
pub async fn every_case(
    app: &App,
    caller: &Caller,
    projection: Projection,
    upto: Position,
    mut take: impl FnMut(CaseId, &[Recorded<CaseEvent>], &Programmes),
) -> Result<UnreadableCases, Problem> {
    let overloaded = || Problem::new(problem::OVERLOADED).retry_after(2);
    let waiting = app.replays.acquire();
    let _permit = tokio::time::timeout(app.settings.after_wait_max, waiting)
        .await
        .map_err(|_| overloaded())?
        .map_err(|_| overloaded())?;
    let tenant = caller.tenant.tenant_no;
    // The position came before, so every version that an event up to it names is there.
    let programmes = app.log.programmes(tenant).await?;
    let cases = app.log.replay_cases(tenant, upto, EVERY_STREAM);
    pin_mut!(cases);
    let mut unreadable = UnreadableCases::default();
    while let Some(case) = cases.next().await {
        let case = case?;
        let case_id = CaseId(case.stream.id);
        match case.events {
            Ok(events) => {
                let unknown =
                    programmes.first_unknown(&events).filter(|_| projection.rests_on_definitions());
                let known = events.partition_point(|event| {
                    unknown.is_none_or(|unknown| event.position < unknown.position)
                });
                take(case_id, &events[..known], &programmes);
                unreadable.0.extend(unknown.map(|event| (case_id, event.recorded_at)));
            }
            Err(error) if unreadable.0.len() >= UNREADABLE_MAX => {
                return Err(refusal::internal(&error));
            }
            Err(_) => {
                // One stream comes, however large it is.
                let stored = app.log.read_streams(tenant, &[case.stream], upto, 1).await?;
                for history in stored.histories {
                    let (events, first) = history::decode(&history.events);
                    take(case_id, &events, &programmes);
                    unreadable.0.extend(first.map(|event| (case_id, event.recorded_at)));
                }
            }
        }
    }
    Ok(unreadable)
}
