//! Deciding answers every command on every history, at any time there is.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use throughline_domain::case::aggregate::{self, CaseCommand, Moment};
use throughline_domain::case::{Case, CaseEvent};

use crate::events::{self, event_id};
use crate::soup::happened;
use crate::{casework, seeded, soup};

fn any_time() -> impl Strategy<Value = Timestamp> {
    let all = Timestamp::MIN.as_microsecond()..=Timestamp::MAX.as_microsecond();
    prop_oneof![
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
        (0..60_i64).prop_map(events::hour),
        all.prop_map(|micros| Timestamp::from_microsecond(micros).unwrap()),
    ]
}

proptest! {
    #![proptest_config(seeded::config(1024))]

    #[test]
    fn deciding_never_panics(
        history in soup::histories(12),
        kinds in (soup::kinds(), soup::kinds()),
        (pick, precision, about) in (any::<u8>(), any::<u8>(), 0..16_usize),
        (at, now) in (any_time(), any_time()),
    ) {
        let case = Case::from(happened(&history));
        let occurred = events::occurred(at, precision);
        let event = if kinds.0 == "FactCorrected" {
            let original = history.get(about).map_or(kinds.1, |e| e.event.type_name());
            let to = events::event(original, pick, event_id(about));
            events::corrected(event_id(about), to, occurred)
        } else {
            events::event(kinds.0, pick, event_id(about))
        };
        let moment = Moment { event_id: event_id(999), occurred, now };
        let intent = casework::intent(event.clone());
        if let Ok(decided) = aggregate::decide(&case, CaseCommand { moment, intent }) {
            prop_assert_eq!(decided, event);
        }
    }
}

/// The properties are worth what their histories hold: this fails when the generator no longer
/// makes what they are about.
#[test]
fn casework_holds_every_kind_of_event_and_every_kind_of_lateness() {
    let mut runner = TestRunner::new(seeded::config(1));
    let (mut kinds, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..400 {
        let history = casework::histories(40).new_tree(&mut runner).unwrap().current();
        let is_step = |id| {
            let original = history.iter().find(|e| e.event_id == id);
            original.is_some_and(|e| matches!(e.event, CaseEvent::CaseClosed(_)))
        };
        for pair in history.windows(2) {
            seen.extend((pair[1].occurred.at < pair[0].occurred.at).then_some("late"));
            seen.extend((pair[1].occurred.at == pair[0].occurred.at).then_some("tied"));
        }
        let mut amended = BTreeSet::new();
        for event in &history {
            kinds.insert(event.event.type_name());
            seen.insert(event.occurred.precision.as_str());
            if let Some(original) = event.event.amends() {
                seen.extend((!amended.insert(original)).then_some("amended again"));
                seen.extend(is_step(original).then_some("a closure amended"));
            }
        }
        seen.extend((history.len() > 20).then_some("long"));
    }
    let every: BTreeSet<&str> = CaseEvent::TYPES.iter().map(|(name, _)| *name).collect();
    assert_eq!(kinds, every);
    let wanted =
        ["a closure amended", "amended again", "day", "instant", "late", "long", "month", "tied"];
    assert_eq!(seen, BTreeSet::from(wanted));
}
