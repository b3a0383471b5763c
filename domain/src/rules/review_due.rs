//! `review-due/2`: an open case is to be reviewed when its latest review says, or else a fixed time
//! after its latest risk assessment or review, or after its episode began when there was none
//! since. Programmes without a schedule have no due date but what a review says.
//!
//! Version 1 knew no reviews; of a case without one it says the same.

use jiff::Timestamp;

use crate::case::{CaseState, CaseStatus};
use crate::programme::Programme;
use crate::time::add_days;

/// The rule's name and version.
pub const RULE: &str = "review-due/2";

/// When the next review is due; `None` for a case not open, or a programme without a schedule.
///
/// `programme` is the definition that the case keeps.
#[must_use]
pub fn review_due(case: &CaseState, programme: &Programme) -> Option<Timestamp> {
    if case.status != CaseStatus::Open {
        return None;
    }
    let began = case.episode_started_at()?;
    let assessed = case.risk.as_ref().map(|risk| risk.occurred.at);
    let review = case.review.as_ref().filter(|review| began <= review.at);
    let set = review.and_then(|review| review.next_due);
    let by_schedule = || {
        let looked_at = assessed.max(review.map(|review| review.at)).max(Some(began))?;
        Some(add_days(looked_at, programme.reviews.every_days?))
    };
    set.or_else(by_schedule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseEvent;
    use crate::case::complete_review::ReviewCompleted;
    use crate::case::testing::{assessed, at, closed, open_case, with};
    use crate::code_lists::RiskLevel::Medium;
    use crate::rules::state_of;
    use crate::rules::testing::mrp;

    fn days() -> i64 {
        i64::from(mrp().reviews.every_days.unwrap())
    }

    #[test]
    fn a_review_is_due_some_time_after_the_latest_assessment() {
        let case = state_of(with(open_case(), [(assessed(Medium), at(10))]));
        assert_eq!(review_due(&case, &mrp()), Some(at(10 + days()).at));
    }

    #[test]
    fn a_case_not_assessed_is_due_some_time_after_its_referral() {
        assert_eq!(review_due(&state_of(open_case()), &mrp()), Some(at(1 + days()).at));
    }

    #[test]
    fn a_review_puts_the_next_off_or_says_itself_when_it_is() {
        let reviewed =
            |next_due| CaseEvent::ReviewCompleted(ReviewCompleted { stage: None, next_due });
        let case = with(open_case(), [(assessed(Medium), at(10)), (reviewed(None), at(40))]);
        assert_eq!(review_due(&state_of(case), &mrp()), Some(at(40 + days()).at));
        let set = Some(at(60).at);
        let case = with(open_case(), [(reviewed(set), at(40)), (assessed(Medium), at(50))]);
        assert_eq!(review_due(&state_of(case), &mrp()), set);
    }

    #[test]
    fn a_closed_case_has_no_review_due() {
        let case = state_of(with(open_case(), [(closed(), at(9))]));
        assert_eq!(review_due(&case, &mrp()), None);
    }
}
