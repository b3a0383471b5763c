//! `overdue-review/1`: an open case whose review was due before the date asked about.

use crate::case::CaseEvent;
use crate::ids::EventId;
use crate::rules::review_due::By;
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

/// What the due date is counted from. The review that set it; or else the latest assessment or review
/// of the episode, or the fact that the episode began with. A stage's date is counted from that
/// fact, and rests as well on the latest look, which did not do the stage.
pub(super) fn basis(view: &CaseView<'_>) -> Vec<EventId> {
    let by = review_due::next(&view.state, &view.programme).map(|due| due.by);
    if let Some(By::Review(event_id)) = by {
        return vec![event_id];
    }
    let began = view.episode_began();
    let looked_at = view.of(|entry| {
        matches!(entry.event, CaseEvent::RiskAssessed(_) | CaseEvent::ReviewCompleted(_))
            .then_some(())
    });
    let latest = looked_at
        .map(|(at, ())| at)
        .filter(|at| began.is_none_or(|began| began.at <= at.at))
        .max_by_key(|at| at.at);
    let basis = match by {
        Some(By::Stage) => [began, latest],
        Some(By::Days | By::Review(_)) | None => [latest.or(began), None],
    };
    basis.into_iter().flatten().map(|at| at.event_id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{assessed, at, closed, code, event_id, open_case, with};
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

    #[test]
    fn a_stage_of_drive_rests_on_the_beginning_and_on_the_look_that_came_before_its_day() {
        let mut history = with(open_case(), [(assessed(Medium), at(10))]);
        if let crate::case::CaseEvent::ReferralReceived(facts) = &mut history[0].0 {
            facts.programme = code("drive");
        }
        let basis = vec![event_id(1), event_id(4)];
        // Three months after 2 January, on day 91; the days alone would say day 101.
        let not_yet = answered(answer, history.clone(), at(91));
        assert_eq!(not_yet, Answer::does_not_hold(basis.clone()));
        assert_eq!(answered(answer, history, at(92)), Answer::holds(at(91).at, basis));
    }
}
