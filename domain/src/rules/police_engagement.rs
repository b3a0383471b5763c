//! `police-engagement/1`: engaged when a start date was given, none otherwise.
//!
//! The police counted a woman as engaged once the service had given a start date, whatever contact
//! there was (MRP report, section 4.1.1): here, once the case was with a worker. Set beside
//! `mrp-engagement/1`, it shows case by case why two agencies agreed on 57 women of 111.

use crate::case::CaseEvent;
use crate::code_lists::{CodeList as _, Engagement};
use crate::rules::view::At;
use crate::rules::{Answer, CaseView, Value};

/// The rule's name and version.
pub const RULE: &str = "police-engagement/1";

/// How far the person has engaged.
#[must_use]
pub fn engagement(view: &CaseView<'_>) -> Engagement {
    started(view).map_or(Engagement::None, |_| Engagement::Engaged)
}

/// What the rule says of a case.
#[must_use]
pub fn answer(view: &CaseView<'_>) -> Answer {
    let started = started(view);
    Answer {
        value: Value::Code(engagement(view).as_str()),
        since: started.map(|start| start.at),
        basis: started.into_iter().map(|start| start.event_id).collect(),
    }
}

fn started(view: &CaseView<'_>) -> Option<At> {
    let starts = view.of(|e| matches!(e.event, CaseEvent::CaseAllocated(_)).then_some(()));
    starts.map(|(start, ())| start).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{accepted, at, event_id, open_case, received};
    use crate::rules::testing::answered;

    #[test]
    fn a_case_with_a_worker_has_a_start_date_whether_or_not_anybody_was_reached() {
        let engaged = answered(answer, open_case(), at(50));
        assert_eq!(engaged.value, Value::Code("engaged"));
        assert_eq!((engaged.since, engaged.basis), (Some(at(3).at), vec![event_id(3)]));
    }

    #[test]
    fn a_case_without_one_has_not() {
        let accepted = vec![(received(), at(1)), (accepted(), at(2))];
        assert_eq!(answered(answer, accepted, at(50)).value, Value::Code("none"));
    }
}
