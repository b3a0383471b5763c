//! The demonstration: histories made of published journeys and tables, and what to try on them.
//!
//! It is made as lines of history and loaded as any other file would be. Ids are derived from fixed
//! names, so that the addresses in the documentation work for everybody.

mod drive_cohort;
mod guide;
mod journeys;
mod lines;

use throughline_domain::ids::CaseId;
use uuid::{Uuid, uuid};

use self::lines::Lines;

pub(crate) use self::guide::Guide;

/// The tenant that most of the demonstration lives in.
pub(crate) const TENANT: &str = "demo";

/// The tenant of the pair of cases that was composed: apart, so that it is not counted among the cases
/// that a report published figures of.
pub(crate) const PAIR_TENANT: &str = "demo-drive";

/// The history of one tenant.
pub(crate) struct Demonstration {
    /// The tenant.
    pub(crate) tenant: &'static str,
    /// A case that it has, and no other tenant will.
    pub(crate) known_case: CaseId,
    /// Its history, as `log load` would read it.
    pub(crate) history: String,
}

/// What the ids of the demonstration are derived in.
const NAMESPACE: Uuid = uuid!("6f1c1b52-5d0e-5a4b-9a55-2d3c9d1e7f10");

/// The histories of the demonstration's tenants.
///
/// # Errors
/// When the data compiled in cannot be read, which a test excludes.
pub(crate) fn all() -> anyhow::Result<[Demonstration; 2]> {
    let known_case = |name| CaseId(journeys::case_id(name));
    Ok([
        Demonstration { tenant: TENANT, known_case: known_case("megan"), history: history()? },
        Demonstration {
            tenant: PAIR_TENANT,
            known_case: known_case("drive-idva"),
            history: pair_history()?,
        },
    ])
}

/// The history of the women and the cohort that reports tell of.
///
/// # Errors
/// As [`all`].
pub(crate) fn history() -> anyhow::Result<String> {
    let mut lines = Lines::default();
    for journey in journeys::of(journeys::WOMEN)? {
        journey.tell(&mut lines)?;
    }
    drive_cohort::tell(&mut lines)?;
    lines.into_text()
}

fn pair_history() -> anyhow::Result<String> {
    let mut lines = Lines::default();
    for journey in journeys::of(journeys::PAIR)? {
        journey.tell(&mut lines)?;
    }
    lines.into_text()
}

/// The id that a name stands for.
fn id(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures_util::StreamExt as _;
    use throughline_domain::case::CaseEvent;
    use throughline_domain::ids::Position;
    use throughline_domain::recorded::Recorded;
    use throughline_log::{MasterKey, StreamKind};

    use super::*;
    use crate::history;

    /// Every case of the demonstration, decided without a database.
    pub(super) async fn decided() -> BTreeMap<Uuid, Vec<Recorded<CaseEvent>>> {
        let mut cases = BTreeMap::new();
        for demonstration in all().unwrap() {
            cases.extend(decided_of(&demonstration.history).await);
        }
        cases
    }

    pub(super) async fn decided_of(text: &str) -> BTreeMap<Uuid, Vec<Recorded<CaseEvent>>> {
        let key = MasterKey::random().unwrap();
        let events = history::decide_alone(&key, TENANT, text.as_bytes());
        let mut events = std::pin::pin!(events);
        let mut cases: BTreeMap<Uuid, Vec<Recorded<CaseEvent>>> = BTreeMap::new();
        let mut position = 0;
        while let Some(loaded) = events.next().await {
            let loaded = loaded.unwrap();
            position += 1;
            if loaded.stream.kind != StreamKind::Case {
                continue;
            }
            let case = cases.entry(loaded.stream.id).or_default();
            let event = loaded.event;
            case.push(Recorded {
                position: Position(position),
                version: throughline_domain::ids::Version(i32::try_from(case.len()).unwrap() + 1),
                recorded_at: loaded.recorded_at,
                event_id: event.event_id,
                occurred: event.occurred,
                event: CaseEvent::from_stored(event.event_type, event.schema_version, &event.data)
                    .unwrap(),
            });
        }
        cases
    }

    #[tokio::test]
    async fn the_history_is_decided_without_a_refusal() {
        let cases = decided().await;
        assert_eq!(cases.len(), 5 + 48);
    }

    #[test]
    fn the_history_is_the_same_each_time() {
        for (one, other) in all().unwrap().into_iter().zip(all().unwrap()) {
            assert_eq!(one.history, other.history);
        }
    }
}
