//! `review-due/2`: an open case is to be reviewed when its latest review says; or else at the earlier
//! of two dates: a fixed time after its latest risk assessment or review, or after its episode
//! began when there was none since; and the date of the first stage that is not done. Programmes
//! without a schedule have no due date but what a review says.
//!
//! **A stage's date** is so many calendar months (UTC) after the episode began. **It is done** when,
//! in this episode, it was reviewed by its name, early or late, or a later stage was: who is
//! reviewed at six months is not owed the review at three. It is done as well when the case was
//! looked at as a whole on its day or later: assessed, or reviewed without a stage, or for one that
//! the schedule gives no date. A review of another stage by name is no such look: the review at three
//! months, held at seven, leaves the one at six owing.
//!
//! "Latest" is in the order of the reading, as for everything else that is folded: read as recorded, an
//! assessment of last year that was written down today is what the case was last looked at by.
//!
//! A stage at no months is the intake: due at once, done by the first assessment. Dates known to the
//! day or month count as late as they can have been.
//!
//! Version 1 knew no reviews; of a case without one, in a programme without stages, it says the same.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::case::{CaseState, CaseStatus};
use crate::code::Code;
use crate::ids::EventId;
use crate::programme::Programme;
use crate::rules::view::months_after;
use crate::time::{Occurred, add_days};

/// The rule's name and version.
pub const RULE: &str = "review-due/2";

/// When a review is due, and what says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) at: Timestamp,
    pub(super) by: By,
}

/// What says when a review is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The latest review, this one.
    Review(EventId),
    /// A stage's date.
    Stage,
    /// The days since the case was looked at.
    Days,
}

/// When the next review is due; `None` for a case not open, or a programme without a schedule.
///
/// `programme` is the definition that the case keeps.
#[must_use]
pub fn review_due(case: &CaseState, programme: &Programme) -> Option<Timestamp> {
    next(case, programme).map(|due| due.at)
}

pub(super) fn next(case: &CaseState, programme: &Programme) -> Option<Due> {
    if case.status != CaseStatus::Open {
        return None;
    }
    let began = case.episode_started_at()?;
    let review = case.review.as_ref().filter(|review| is_since(began, review.occurred));
    let set = review.and_then(|r| Some(Due { at: r.next_due?, by: By::Review(r.event_id) }));
    if set.is_some() {
        return set;
    }
    let assessed = case.risk.as_ref().map(|risk| risk.occurred.at);
    let looked_at = assessed.max(review.map(|review| review.occurred.at)).max(Some(began))?;
    let by_days = programme.reviews.every_days.map(|days| add_days(looked_at, days));
    let by_days = by_days.map(|at| Due { at, by: By::Days });
    let by_stage = next_stage(case, programme, began).map(|at| Due { at, by: By::Stage });
    by_stage.into_iter().chain(by_days).min_by_key(|due| due.at)
}

/// The date of the first stage that is not done.
fn next_stage(case: &CaseState, programme: &Programme, began: Timestamp) -> Option<Timestamp> {
    let stages = &programme.reviews.at_stages;
    let place = |stage: &Code| stages.iter().position(|due| due.stage == *stage);
    let reviewed = case.stage_reviews.iter().filter(|(_, at)| is_since(began, **at));
    let (mut done, mut looks) = (0, Vec::from_iter(case.looked_at));
    for (stage, at) in reviewed {
        match place(stage) {
            Some(place) => done = done.max(place + 1),
            None => looks.push(*at),
        }
    }
    let last_day = looks.into_iter().filter(|at| is_since(began, *at)).map(last_day).max();
    let mut dates = stages.iter().map(|due| months_after(began, due.after_months)).skip(done);
    dates.find(|date| last_day.is_none_or(|last_day| last_day < day(*date)))
}

/// Whether something can have happened since the episode began.
fn is_since(began: Timestamp, occurred: Occurred) -> bool {
    began <= occurred.bounds().1
}

/// The last day on which something can have happened.
fn last_day(occurred: Occurred) -> Date {
    day(occurred.bounds().1)
}

fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseEvent;
    use crate::case::complete_review::ReviewCompleted;
    use crate::case::testing::{assessed, at, closed, code, open_case, reopened, with};
    use crate::code_lists::RiskLevel::Medium;
    use crate::programme::Programmes;
    use crate::rules::state_of;
    use crate::rules::testing::mrp;
    use crate::time::Precision;

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

    /// The days of Drive's stages after the episode of the test's cases began, on 2 January 2014.
    const INTAKE: i64 = 1;
    const THREE: i64 = 91;
    const SIX: i64 = 182;
    const NINE: i64 = 274;
    const EXIT: i64 = 305;

    /// The day on which a review of a case of Drive is due.
    #[track_caller]
    fn drive<const N: usize>(facts: [(CaseEvent, Occurred); N]) -> Option<i64> {
        let known = Programmes::shipped();
        let drive = known.find("drive", 1).unwrap();
        let due = review_due(&state_of(with(open_case(), facts)), drive)?;
        Some(due.duration_since(at(0).at).as_hours() / 24)
    }

    fn review(stage: Option<&str>, on: i64) -> (CaseEvent, Occurred) {
        let facts = ReviewCompleted { stage: stage.map(code), next_due: None };
        (CaseEvent::ReviewCompleted(facts), at(on))
    }

    fn assessment(on: i64) -> (CaseEvent, Occurred) {
        (assessed(Medium), at(on))
    }

    #[test]
    fn the_stages_of_drive_come_due_one_after_another() {
        assert_eq!(drive([]), Some(INTAKE));
        assert_eq!(drive([assessment(4)]), Some(THREE));
        let three = review(Some("3_months"), THREE);
        // 91 days after that review, which is the day of the next stage.
        assert_eq!(drive([assessment(4), three.clone()]), Some(SIX));
        let six = review(Some("6_months"), SIX);
        assert_eq!(drive([assessment(4), three.clone(), six.clone()]), Some(SIX + 91));
        let nine = review(Some("9_months"), NINE);
        assert_eq!(drive([three.clone(), six.clone(), nine.clone()]), Some(EXIT));
        let exit = review(Some("exit"), EXIT);
        assert_eq!(drive([three, six, nine, exit]), Some(EXIT + 91));
    }

    #[test]
    fn a_stage_may_be_reviewed_early_and_stands_for_those_before_it() {
        let early = review(Some("3_months"), 80);
        // Not again on day 91; and 91 days after day 80 comes before the next stage.
        assert_eq!(drive([early]), Some(80 + 91));
        assert_eq!(drive([review(Some("6_months"), 160)]), Some(160 + 91));
    }

    #[test]
    fn a_stage_held_late_leaves_the_next_owing() {
        assert_eq!(drive([review(Some("3_months"), 200)]), Some(SIX));
        // What was done before stays done, whatever is held later.
        assert_eq!(drive([review(None, 200), review(Some("3_months"), 210)]), Some(NINE));
    }

    #[test]
    fn looking_at_the_whole_case_does_every_stage_whose_day_has_come() {
        for look in [review(None, SIX), review(Some("midway"), SIX), assessment(SIX)] {
            assert_eq!(drive([look]), Some(SIX + 91));
        }
        // The day before is not the day.
        assert_eq!(drive([assessment(SIX - 1)]), Some(SIX));
        let (event, occurred) = assessment(SIX);
        let to_the_day = Occurred { at: occurred.bounds().0, precision: Precision::Day };
        let to_the_month = Occurred { precision: Precision::Month, ..to_the_day };
        for occurred in [to_the_day, to_the_month] {
            let due = drive([(event.clone(), occurred)]);
            assert_eq!(due, Some(SIX + 91), "{occurred:?}");
        }
    }

    #[test]
    fn an_episode_has_its_own_stages() {
        let before = [review(Some("9_months"), 50), (closed(), at(60)), (reopened(), at(400))];
        assert_eq!(drive(before.clone()), Some(400));
        let [nine, closed, reopened] = before;
        assert_eq!(drive([nine, closed, reopened, assessment(401)]), Some(400 + 89));
    }

    #[test]
    fn what_a_review_sets_by_hand_goes_before_the_stages() {
        let set = ReviewCompleted { stage: None, next_due: Some(at(150).at) };
        assert_eq!(drive([(CaseEvent::ReviewCompleted(set), at(40))]), Some(150));
    }
}
