//! What passes between linked cases, over histories as work makes them.

use std::sync::Arc;

use proptest::prelude::*;
use throughline_domain::case_link::passing::{Cause, SOURCES, came_into_work, passing};
use throughline_domain::programme::definition::SharedKind;
use throughline_domain::programme::{Programme, Programmes};

use crate::casework::histories;

fn drive() -> Arc<Programme> {
    Arc::clone(Programmes::shipped().newest("drive").unwrap())
}

proptest! {
    /// The follower looks at events of some types alone: no other ever makes a difference.
    #[test]
    fn nothing_passes_because_of_an_event_of_another_type(history in histories(40)) {
        for (n, event) in history.iter().enumerate() {
            let known = &history[..=n];
            let told = passing(Cause::Changed, known, event.recorded_at, &drive(), |_| true);
            if !told.is_empty() || came_into_work(known) {
                prop_assert!(SOURCES.contains(&event.event.type_name()), "{event:?}");
            }
        }
    }

    /// Whoever is told from the beginning, and then of every difference, knows what whoever is told
    /// the present state knows.
    #[test]
    fn the_differences_come_to_the_present_state(history in histories(40)) {
        let Some(last) = history.last() else { return Ok(()) };
        let mut level = None;
        for (n, event) in history.iter().enumerate() {
            let only_risk = |kind| kind == SharedKind::RiskChange;
            let known = &history[..=n];
            let told = passing(Cause::Changed, known, event.recorded_at, &drive(), only_risk);
            for (_, told) in told {
                let told = serde_json::to_value(told).unwrap();
                prop_assert_eq!(told.get("previous_level").cloned(), level);
                level = told.get("level").cloned();
            }
        }
        let present = passing(Cause::Began, &history, last.recorded_at, &drive(), |kind| {
            kind == SharedKind::RiskChange
        });
        let present = present.into_iter().next().map(|(_, told)| serde_json::to_value(told).unwrap());
        prop_assert_eq!(present.and_then(|told| told.get("level").cloned()), level);
    }
}
