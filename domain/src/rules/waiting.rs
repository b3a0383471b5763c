//! How long a person waited, in whole days: `waiting-to-attempt/1` from the referral to the first
//! attempt to reach them, `waiting-to-reach/1` to the first that did; up to the date asked about,
//! while they still wait.

use crate::case::CaseEvent;
use crate::rules::view::At;
use crate::rules::{Answer, CaseView, Value};
use crate::time::days_between;

/// The wait for a first attempt.
pub const TO_ATTEMPT: &str = "waiting-to-attempt/1";
/// The wait until first reached.
pub const TO_REACH: &str = "waiting-to-reach/1";

/// What `waiting-to-attempt/1` says.
#[must_use]
pub fn to_attempt(view: &CaseView<'_>) -> Answer {
    until(view, view.attempts().first().map(|(at, _)| *at))
}

/// What `waiting-to-reach/1` says.
#[must_use]
pub fn to_reach(view: &CaseView<'_>) -> Answer {
    until(view, view.attempts().iter().find(|(_, is_reached)| *is_reached).map(|(at, _)| *at))
}

fn until(view: &CaseView<'_>, ended: Option<At>) -> Answer {
    let received =
        view.of(|e| matches!(e.event, CaseEvent::ReferralReceived(_)).then_some(())).next();
    let Some((received, ())) = received else {
        return Answer::not_applicable();
    };
    let end = ended.map_or(view.asked.as_of, |ended| ended.at);
    let basis = std::iter::once(received).chain(ended).map(|at| at.event_id).collect();
    // Dates known to the day or month alone can stand in the wrong order: no time was waited.
    Answer { value: Value::Days(days_between(received.at, end).max(0)), since: None, basis }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, attempt, event_id, open_case, with};
    use crate::code_lists::ContactOutcome;
    use crate::rules::testing::answered;

    #[test]
    fn a_wait_ends_with_the_first_attempt_and_the_first_reach() {
        let mut missed = attempt();
        missed.0.outcome = ContactOutcome::NoAnswer;
        let missed = CaseEvent::ContactAttempted(missed.0);
        let reached = CaseEvent::ContactAttempted(attempt().0);
        let case = with(open_case(), [(missed, at(5)), (reached, at(9))]);
        let attempted = answered(to_attempt, case.clone(), at(50));
        assert_eq!(
            (attempted.value, attempted.basis),
            (Value::Days(4), vec![event_id(1), event_id(4)])
        );
        let reached = answered(to_reach, case.clone(), at(50));
        assert_eq!(
            (reached.value, reached.basis),
            (Value::Days(8), vec![event_id(1), event_id(5)])
        );
        let waiting = answered(to_reach, case, at(8));
        assert_eq!((waiting.value, waiting.basis), (Value::Days(7), vec![event_id(1)]));
    }
}
