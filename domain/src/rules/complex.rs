//! `complex/1`: a case with complex needs. The referral met the criterion `complex_needs`, or two or
//! more of the four needs that Drive calls complex are open: drugs, alcohol, housing, mental health.

use std::collections::BTreeSet;

use crate::case::{CaseEvent, CaseState};
use crate::code_lists::Need;
use crate::rules::view::At;
use crate::rules::{Answer, CaseView};

/// The rule's name and version.
pub const RULE: &str = "complex/1";

/// The criterion of a referral that says so.
const CRITERION: &str = "complex_needs";

/// How many kinds of complex need make a case complex.
const KINDS_MIN: usize = 2;

/// Whether the case is complex.
#[must_use]
pub fn is_complex(case: &CaseState) -> bool {
    let criteria = case.referral.iter().flat_map(|referral| &referral.criteria);
    let kinds: BTreeSet<&str> = case.open_needs.iter().filter_map(|open| kind(open.need)).collect();
    kinds.len() >= KINDS_MIN || criteria.into_iter().any(|met| met.as_str() == CRITERION)
}

/// What the rule says of a case, and the referral or the open needs that it rests on.
#[must_use]
pub fn answer(view: &CaseView<'_>) -> Answer {
    let referral = view.of(|entry| {
        let CaseEvent::ReferralReceived(facts) = entry.event else { return None };
        facts.criteria.iter().any(|met| met.as_str() == CRITERION).then_some(())
    });
    if let Some((at, ())) = referral.last() {
        return Answer::holds(at.at, vec![at.event_id]);
    }
    let needs = open_complex_needs(view);
    let basis = needs.iter().map(|(at, _)| at.event_id).collect();
    let mut kinds = BTreeSet::new();
    let since = needs.iter().find(|(_, kind)| kinds.insert(*kind) && kinds.len() >= KINDS_MIN);
    match since {
        Some((at, _)) => Answer::holds(at.at, basis),
        None => Answer::does_not_hold(basis),
    }
}

/// The complex needs that are open, in the order in which they were identified.
fn open_complex_needs(view: &CaseView<'_>) -> Vec<(At, &'static str)> {
    let mut needs: Vec<_> = view
        .of(|entry| {
            if let CaseEvent::NeedIdentified(facts) = entry.event { kind(facts.need) } else { None }
        })
        .filter(|(at, _)| view.state.open_needs.iter().any(|open| open.event_id == at.event_id))
        .collect();
    needs.sort_by_key(|(at, _)| at.at);
    needs
}

/// Which of the four complex needs it is, if any.
fn kind(need: Need) -> Option<&'static str> {
    match need {
        Need::Drugs => Some("drugs"),
        Need::Alcohol => Some("alcohol"),
        Need::Housing => Some("housing"),
        Need::MentalHealth => Some("mental_health"),
        Need::PhysicalHealth
        | Need::HealthyRelationships
        | Need::Parenting
        | Need::DebtFinance
        | Need::Employment
        | Need::Education
        | Need::LegalProtectiveOrder
        | Need::Immigration
        | Need::ChildrenSupport
        | Need::HomeSecurity => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::identify_need::NeedIdentified;
    use crate::case::resolve_need::NeedResolved;
    use crate::case::testing::{at, code, event_id, open_case, with};
    use crate::code_lists::NeedOutcome;
    use crate::rules::state_of;
    use crate::rules::testing::answered;
    use crate::time::Occurred;

    /// Needs identified on one day after the other.
    fn needs<const N: usize>(day: i64, needs: [Need; N]) -> [(CaseEvent, Occurred); N] {
        let mut days = day..;
        needs.map(|need| {
            let identified = NeedIdentified { need, severity: None, source: None };
            (CaseEvent::NeedIdentified(identified), at(days.next().unwrap()))
        })
    }

    fn assert_says(case: &[(CaseEvent, Occurred)], expected: &Answer) {
        assert_eq!(answered(answer, case.to_vec(), at(90)), *expected);
        let holds = matches!(expected.value, crate::rules::Value::Holds(true));
        assert_eq!(is_complex(&state_of(case.to_vec())), holds);
    }

    #[test]
    fn two_kinds_of_complex_need_make_a_case_complex() {
        let case = with(open_case(), needs(10, [Need::Housing, Need::Parenting]));
        assert_says(&case, &Answer::does_not_hold(vec![event_id(4)]));
        let case = with(case, needs(20, [Need::Drugs, Need::Alcohol]));
        let basis = vec![event_id(4), event_id(6), event_id(7)];
        assert_says(&case, &Answer::holds(at(20).at, basis));
    }

    #[test]
    fn the_same_need_twice_is_one() {
        let case = with(open_case(), needs(10, [Need::Housing, Need::Housing]));
        assert_says(&case, &Answer::does_not_hold(vec![event_id(4), event_id(5)]));
    }

    #[test]
    fn a_need_that_is_resolved_makes_nothing_complex() {
        let case = with(open_case(), needs(10, [Need::Housing, Need::MentalHealth]));
        let resolved = NeedResolved { need: event_id(5), outcome: NeedOutcome::Met };
        let case = with(case, [(CaseEvent::NeedResolved(resolved), at(30))]);
        assert_says(&case, &Answer::does_not_hold(vec![event_id(4)]));
    }

    #[test]
    fn a_referral_for_complex_needs_makes_a_case_complex() {
        let mut case = open_case();
        let (CaseEvent::ReferralReceived(referral), _) = &mut case[0] else { panic!() };
        referral.criteria = vec![code("repeat"), code("complex_needs")];
        assert_says(&case, &Answer::holds(case[0].1.at, vec![event_id(1)]));
    }
}
