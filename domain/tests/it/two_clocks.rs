//! The two-clock fold against the naive one, and the promise that the past stays as it was told.

use proptest::prelude::*;
use throughline_domain::case::{CaseEvent, CaseState};
use throughline_domain::ids::{Position, Version};
use throughline_domain::recorded::Recorded;
use throughline_domain::time::Occurred;
use throughline_domain::two_clocks::{self, Asked, Reading};

use crate::asking::{Question, questions};
use crate::events::{event, event_id, hour};
use crate::{casework, naive, seeded, soup};

fn assert_equals_naive(
    history: &[Recorded<CaseEvent>],
    questions: &[Question],
) -> Result<(), TestCaseError> {
    for asked in questions.iter().flat_map(|question| question.of(history)) {
        let state = CaseState::at(history, &asked);
        prop_assert_eq!(naive::of(&state), naive::answer(history, &asked), "{:?}", asked);
    }
    Ok(())
}

/// What was answered when the log ended after any event is answered again when it has gone on.
fn assert_never_changes(
    history: &[Recorded<CaseEvent>],
    questions: &[Question],
) -> Result<(), TestCaseError> {
    for asked in questions.iter().flat_map(|question| question.of(history)) {
        let known = history.iter().filter(|event| event.recorded_at <= asked.known_at).count();
        let entries_then = two_clocks::entries(&history[..known], &asked);
        let state_then = CaseState::at(&history[..known], &asked);
        for later in known..=history.len() {
            let history = &history[..later];
            prop_assert_eq!(&two_clocks::entries(history, &asked), &entries_then);
            prop_assert_eq!(&CaseState::at(history, &asked), &state_then);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(seeded::config(384))]

    #[test]
    fn a_state_at_two_dates_equals_the_naive_fold_of_casework(
        history in casework::histories(40),
        questions in questions(40),
    ) {
        assert_equals_naive(&history, &questions)?;
    }

    #[test]
    fn a_state_at_two_dates_equals_the_naive_fold_of_anything(
        history in soup::histories(25),
        questions in questions(40),
    ) {
        assert_equals_naive(&history, &questions)?;
    }
}

proptest! {
    #![proptest_config(seeded::config(256))]

    #[test]
    fn what_was_answered_is_answered_again_whatever_is_recorded_later(
        (history, tail) in casework::histories(25).prop_flat_map(|h| soup::tails(h, 10)),
        questions in questions(20),
    ) {
        let history = [history, tail].concat();
        assert_never_changes(&history, &questions)?;
    }

    #[test]
    fn every_known_fact_is_on_the_timeline_once_and_in_order(
        history in soup::histories(25),
        questions in questions(20),
    ) {
        for asked in questions.iter().flat_map(|question| question.of(&history)) {
            let asked = Asked { as_of: jiff::Timestamp::MAX, ..asked };
            let entries = two_clocks::entries(&history, &asked);
            let mut shown: Vec<_> = entries.iter().map(|e| e.recorded.version).collect();
            let order: Vec<_> = entries.iter().map(|e| (e.occurred.at, e.recorded.position)).collect();
            let is_effective = asked.reading == Reading::Effective;
            prop_assert!(!is_effective || order.is_sorted());
            prop_assert!(is_effective || shown.is_sorted());
            shown.sort();
            let known: Vec<_> = history
                .iter()
                .filter(|e| e.recorded_at <= asked.known_at)
                .filter(|e| !is_effective || e.event.amends().is_none())
                .map(|e| e.version)
                .collect();
            prop_assert_eq!(shown, known);
        }
    }
}

fn recorded(events: Vec<(CaseEvent, i64)>) -> Vec<Recorded<CaseEvent>> {
    let events = events.into_iter().zip(0..);
    let recorded = events.map(|((event, happened_hour), n)| Recorded {
        position: Position(i64::from(n) + 1),
        version: Version(n + 1),
        recorded_at: hour(1000 + i64::from(n)),
        event_id: event_id(usize::try_from(n).unwrap()),
        occurred: Occurred::at(hour(happened_hour)),
        event,
    });
    recorded.collect()
}

/// An answer dated to the day lies at its midnight, before a request made that morning. Folded in
/// order the request opened after its answer, and stayed open for ever.
#[test]
fn an_answer_dated_before_its_request_closes_it() {
    let request = event_id(1);
    for answer in ["InformationReceived", "InformationRefused"] {
        let history = recorded(vec![
            (event("ReferralReceived", 1, request), 0),
            (event("InformationRequested", 1, request), 34),
            (event(answer, 1, request), 24),
        ]);
        assert_eq!(CaseState::at(&history, &Asked::LATEST).open_requests, vec![]);
    }
}

/// A call log that arrived late took the latest contact back to an earlier day, when the case was
/// read in the order of recording.
#[test]
fn the_latest_contact_is_the_latest_in_either_reading() {
    let history = recorded(vec![
        (event("ReferralReceived", 1, event_id(0)), 0),
        (event("ContactAttempted", 2, event_id(0)), 50),
        (event("ContactAttempted", 2, event_id(0)), 20),
    ]);
    for reading in [Reading::Effective, Reading::Recorded] {
        let asked = Asked { reading, ..Asked::LATEST };
        let contacts = CaseState::at(&history, &asked).contacts;
        assert_eq!(contacts.last_attempt_at, Some(hour(50)));
        assert_eq!(contacts.last_reached_at, Some(hour(50)));
    }
}
