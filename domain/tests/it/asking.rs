//! Questions about a history: dates on, just before and just after everything in it.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use throughline_domain::case::CaseEvent;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{Asked, Reading};

/// A question that fits any history: dates are chosen among those that it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    as_of: Date,
    known_at: Date,
}

#[derive(Debug, Clone, Copy)]
struct Date {
    nth: usize,
    micros_after: i64,
}

/// Up to `most` questions.
pub(crate) fn questions(most: usize) -> impl Strategy<Value = Vec<Question>> {
    let date =
        || (any::<usize>(), -1..=1_i64).prop_map(|(nth, micros_after)| Date { nth, micros_after });
    let question = (date(), date()).prop_map(|(as_of, known_at)| Question { as_of, known_at });
    prop::collection::vec(question, 1..=most)
}

impl Question {
    /// The question put to a history, in both readings.
    pub(crate) fn of(self, history: &[Recorded<CaseEvent>]) -> [Asked; 2] {
        let mut happened = vec![Timestamp::MIN, Timestamp::MAX];
        let mut recorded = happened.clone();
        for event in history {
            happened.push(event.occurred.at);
            recorded.push(event.recorded_at);
            if let CaseEvent::FactCorrected(correction) = &event.event {
                happened.push(correction.occurred.at);
            }
        }
        let asked = |reading| Asked {
            as_of: self.as_of.among(&happened),
            known_at: self.known_at.among(&recorded),
            reading,
        };
        [asked(Reading::Effective), asked(Reading::Recorded)]
    }
}

impl Date {
    fn among(self, times: &[Timestamp]) -> Timestamp {
        let time = times[self.nth % times.len()];
        time.checked_add(SignedDuration::from_micros(self.micros_after)).unwrap_or(time)
    }
}
