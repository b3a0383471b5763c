//! `overdue-review/1`: an open case whose review was due before the date asked about.

use crate::case::CaseEvent;
use crate::ids::EventId;
use crate::rules::{Answer, CaseView, review_due};

/// The rule's name and version.
pub const RULE: &str = "overdue-review/1";

/// What the rule says of a case; nothing of a case not open, or without a schedule.
#[must_use]
pub fn answer(view: &CaseView<'_>) -> Answer {
    match review_due::review_due(&view.state, &view.programme) {
        None => Answer::not_applicable(),
        Some(due) if due < view.asked.as_of => Answer::holds(due, basis(view)),
        Some(_) => Answer::does_not_hold(basis(view)),
    }
}

/// What the due date is counted from: the review that set it, or else the latest assessment or review of the episode, or the fact
/// that the episode began with.
pub(super) fn basis(view: &CaseView<'_>) -> Vec<EventId> {
    let began = view.episode_began();
    let review = view.state.review.as_ref().filter(|review| review.next_due.is_some());
    if let Some(review) = review.filter(|r| began.is_none_or(|began| began.at <= r.at)) {
        return vec![review.event_id];
    }
    let looked_at = view.of(|entry| {
        matches!(entry.event, CaseEvent::RiskAssessed(_) | CaseEvent::ReviewCompleted(_))
            .then_some(())
    });
    let latest = looked_at
        .map(|(at, ())| at)
        .filter(|at| began.is_none_or(|began| began.at <= at.at))
        .max_by_key(|at| at.at);
    latest.or(began).into_iter().map(|at| at.event_id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{assessed, at, closed, event_id, open_case, with};
    use crate::code_lists::RiskLevel::Medium;
    use crate::rules::Value;
    use crate::rules::testing::answered;

    #[test]
    fn a_review_is_overdue_once_its_day_has_passed() {
        let case = with(open_case(), [(assessed(Medium), at(10))]);
        assert_eq!(answered(answer, case.clone(), at(100)).value, Value::Holds(false));
        let overdue = answered(answer, case.clone(), at(101));
        assert_eq!(overdue, Answer::holds(at(100).at, vec![event_id(4)]));
        let closed = with(case, [(closed(), at(50))]);
        assert_eq!(answered(answer, closed, at(200)).value, Value::NotApplicable);
    }

    #[test]
    fn a_case_never_looked_at_is_counted_from_its_referral() {
        assert_eq!(answered(answer, open_case(), at(200)).basis, vec![event_id(1)]);
    }
}
