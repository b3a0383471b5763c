//! `review-due/1`: an open case is to be reviewed a fixed time after its latest risk assessment, or
//! after its episode began when there was none since. Programmes without a schedule have no due date.

use jiff::Timestamp;

use crate::case::{CaseState, CaseStatus};
use crate::programme;
use crate::time::add_days;

/// The rule's name and version.
pub const RULE: &str = "review-due/1";

/// When the next review is due; `None` for a case not open, or a programme without a schedule.
#[must_use]
pub fn review_due(case: &CaseState) -> Option<Timestamp> {
    if case.status != CaseStatus::Open {
        return None;
    }
    let programme = programme::find(case.referral.as_ref()?.programme.as_str())?;
    let assessed = case.risk.as_ref().map(|risk| risk.occurred.at);
    Some(add_days(assessed.max(case.episode_started_at())?, programme.review_every_days?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{assessed, at, closed, open_case, with};
    use crate::code_lists::RiskLevel::Medium;
    use crate::rules::state_of;

    fn days() -> i64 {
        i64::from(programme::find("mrp").unwrap().review_every_days.unwrap())
    }

    #[test]
    fn a_review_is_due_some_time_after_the_latest_assessment() {
        let case = state_of(with(open_case(), [(assessed(Medium), at(10))]));
        assert_eq!(review_due(&case), Some(at(10 + days()).at));
    }

    #[test]
    fn a_case_not_assessed_is_due_some_time_after_its_referral() {
        assert_eq!(review_due(&state_of(open_case())), Some(at(1 + days()).at));
    }

    #[test]
    fn a_closed_case_has_no_review_due() {
        assert_eq!(review_due(&state_of(with(open_case(), [(closed(), at(9))]))), None);
    }
}
