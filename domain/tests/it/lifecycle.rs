//! No sequence of accepted commands, corrections and retractions of steps among them, leads to a
//! life that a case cannot have: neither as it is known now, nor at any two dates.

use proptest::prelude::*;
use throughline_domain::case::lifecycle::{Transition, is_legal};
use throughline_domain::case::{CaseEvent, CaseStatus};
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{self, Asked, Reading};

use crate::asking::questions;
use crate::casework::{self, Casework};
use crate::seeded;

use Transition::{Accept, Allocate, Close, Decline, HandOver, Receive, Reopen, Waitlist};

const STEPS: [Transition; 8] =
    [Receive, Waitlist, Accept, Decline, Allocate, HandOver, Close, Reopen];

/// Which step may come straight after which: the design's arrows, said in another way.
fn is_a_life(steps: &[Transition]) -> bool {
    let begins = steps.first().is_none_or(|first| *first == Receive);
    begins
        && steps.windows(2).all(|pair| match pair[1] {
            Receive => false,
            Waitlist => pair[0] == Receive,
            Accept | Decline => matches!(pair[0], Receive | Waitlist),
            Allocate | Close => matches!(pair[0], Accept | Allocate | HandOver | Reopen),
            HandOver => matches!(pair[0], Allocate | HandOver | Reopen),
            Reopen => pair[0] == Close,
        })
}

fn steps(history: &[Recorded<CaseEvent>], asked: &Asked) -> Vec<Transition> {
    two_clocks::facts(history, asked).filter_map(|fact| Transition::of(fact.event)).collect()
}

proptest! {
    #![proptest_config(seeded::config(512))]

    #[test]
    fn no_command_sequence_reaches_an_illegal_life(acts in casework::acts(60)) {
        let mut work = Casework::begin();
        for act in &acts {
            if work.perform(act).is_ok() {
                let steps = steps(&work.history, &Asked::LATEST);
                prop_assert_eq!(steps.first(), Some(&Receive));
                prop_assert!(is_legal(steps.iter().copied()) && is_a_life(&steps), "{:?}", steps);
                let status = work.case.status().map(CaseStatus::as_str);
                prop_assert_eq!(status, steps.last().map(|step| step.leads_to().as_str()));
            }
        }
    }

    #[test]
    fn a_case_has_a_legal_life_at_any_two_dates(
        history in casework::histories(40),
        questions in questions(40),
    ) {
        for asked in questions.iter().flat_map(|question| question.of(&history)) {
            if asked.reading == Reading::Effective {
                let steps = steps(&history, &asked);
                prop_assert!(is_a_life(&steps), "{:?} at {:?}", steps, asked);
            }
        }
    }

    #[test]
    fn what_is_legal_is_what_the_arrows_allow(
        steps in prop::collection::vec(prop::sample::select(&STEPS), 0..6),
    ) {
        prop_assert_eq!(is_legal(steps.iter().copied()), is_a_life(&steps));
    }
}
