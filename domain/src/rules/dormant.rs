//! `dormant/1`: an open case whose person has not been reached for longer than the programme's
//! setting, counted from the last contact that reached them in this episode, or from its beginning.

use jiff::Timestamp;

use crate::case::{CaseState, CaseStatus};
use crate::programme::Programme;
use crate::time::add_days;

/// The rule's name and version.
pub const RULE: &str = "dormant/1";

/// When an open case falls dormant unless its person is reached; `None` for a case not open.
///
/// `programme` is the definition that the case keeps.
#[must_use]
pub fn dormant_from(case: &CaseState, programme: &Programme) -> Option<Timestamp> {
    if case.status != CaseStatus::Open {
        return None;
    }
    let since = case.contacts.last_reached_at.max(case.episode_started_at())?;
    Some(add_days(since, programme.dormant_after_days))
}

/// Whether the case is dormant at `as_of`.
#[must_use]
pub fn is_dormant(case: &CaseState, programme: &Programme, as_of: Timestamp) -> bool {
    dormant_from(case, programme).is_some_and(|from| as_of >= from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, attempted, closed, open_case, with};
    use crate::rules::state_of;
    use crate::rules::testing::mrp;

    #[test]
    fn an_open_case_falls_dormant_when_its_person_is_not_reached() {
        let case = state_of(with(open_case(), [(attempted(), at(10))]));
        let days = i64::from(mrp().dormant_after_days);
        assert!(!is_dormant(&case, &mrp(), at(10 + days - 1).at));
        assert!(is_dormant(&case, &mrp(), at(10 + days).at));
    }

    #[test]
    fn a_case_never_reached_counts_from_its_referral() {
        let days = i64::from(mrp().dormant_after_days);
        assert_eq!(dormant_from(&state_of(open_case()), &mrp()), Some(at(1 + days).at));
    }

    #[test]
    fn a_closed_case_is_not_dormant() {
        let case = state_of(with(open_case(), [(closed(), at(10))]));
        assert!(!is_dormant(&case, &mrp(), at(5000).at));
    }
}
