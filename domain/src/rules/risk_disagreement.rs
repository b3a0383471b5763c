//! `risk-disagreement/1`: who sees the risk of a case differently.
//!
//! Compared are the latest assessments of each assessor (a role in an organisation) within the present
//! or last episode. They **differ** when their levels are not all the same. **The person disagrees**
//! when they disagreed with any of them; an earlier disagreement that the same assessor's later
//! assessment did not repeat is counted with the assessor, and does not make one.
//!
//! The programme's rule for a case's level has no part in it: it chooses among those compared here.

use crate::case::CaseState;
use crate::case::assessors::{Assessor, AssessorView};
use crate::code_lists::{OwnView, RiskLevel};

/// The rule's name and version.
pub const RULE: &str = "risk-disagreement/1";

/// What is compared: the assessors of the present or last episode, by role and organisation.
#[must_use]
pub fn compared(case: &CaseState) -> Vec<(&Assessor, &AssessorView)> {
    let episode = case.episodes.last();
    episode.map(|episode| case.assessors.views_within(*episode)).into_iter().flatten().collect()
}

/// Whether the levels of those compared are not all the same.
pub fn levels_differ(levels: impl IntoIterator<Item = RiskLevel>) -> bool {
    let mut levels = levels.into_iter();
    levels.next().is_some_and(|first| levels.any(|level| level != first))
}

/// What the person says to those compared: that they disagree with any, or else agree with any, or
/// else were not asked; `None` where nobody wrote it down.
pub fn person_says(own_views: impl IntoIterator<Item = Option<OwnView>>) -> Option<OwnView> {
    own_views.into_iter().flatten().max_by_key(|own_view| match own_view {
        OwnView::Disagrees => 2,
        OwnView::Agrees => 1,
        OwnView::NotAsked => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseEvent;
    use crate::case::record_risk_assessment::RecordRiskAssessment;
    use crate::case::testing::{assess, at, closed, code, open_case, reopened, with};
    use crate::code_lists::RiskLevel::{High, Medium};
    use crate::rules::state_of;

    fn by(
        role: &str,
        organisation: &str,
        level: RiskLevel,
        own_view: Option<OwnView>,
    ) -> CaseEvent {
        let command = RecordRiskAssessment {
            assessor_role: code(role),
            source_organisation: Some(code(organisation)),
            own_view,
            ..assess(level)
        };
        CaseEvent::RiskAssessed(command.resolve().unwrap())
    }

    /// How many are compared, whether their levels differ, whether the person disagrees.
    fn seen(case: &CaseState) -> (usize, bool, bool) {
        let views: Vec<_> = compared(case).into_iter().map(|(_, view)| &view.latest).collect();
        let person = person_says(views.iter().map(|view| view.own_view));
        (
            views.len(),
            levels_differ(views.iter().map(|view| view.level)),
            person == Some(OwnView::Disagrees),
        )
    }

    #[test]
    fn an_assessor_is_compared_with_others_and_not_with_themselves() {
        let history = with(open_case(), [(by("idva", "a", High, None), at(5))]);
        assert_eq!(seen(&state_of(history.clone())), (1, false, false));
        let history = with(history, [(by("idva", "a", Medium, None), at(6))]);
        assert_eq!(seen(&state_of(history.clone())), (1, false, false));
        let agreed = with(history.clone(), [(by("officer", "police", Medium, None), at(7))]);
        assert_eq!(seen(&state_of(agreed)), (2, false, false));
        // The same role elsewhere is somebody else.
        let history = with(history, [(by("idva", "b", High, None), at(7))]);
        assert_eq!(seen(&state_of(history)), (2, true, false));
    }

    #[test]
    fn the_person_disagrees_until_the_same_assessor_assesses_anew() {
        let disagrees = Some(OwnView::Disagrees);
        let history = with(open_case(), [(by("idva", "a", High, disagrees), at(5))]);
        assert_eq!(seen(&state_of(history.clone())), (1, false, true));
        let of_another = with(history.clone(), [(by("officer", "police", High, None), at(6))]);
        assert_eq!(seen(&state_of(of_another)), (2, false, true));
        let agreed = (by("idva", "a", High, Some(OwnView::Agrees)), at(6));
        let case = state_of(with(history, [agreed]));
        assert_eq!(seen(&case), (1, false, false));
        let (_, view) = compared(&case)[0];
        assert_eq!((view.assessments, view.disagreed), (2, 1));
    }

    #[test]
    fn a_disagreement_outweighs_whatever_else_the_person_said() {
        use OwnView::{Agrees, Disagrees, NotAsked};
        for (own_views, says) in [
            (vec![], None),
            (vec![None, None], None),
            (vec![Some(NotAsked), None], Some(NotAsked)),
            (vec![Some(Agrees), Some(NotAsked)], Some(Agrees)),
            (vec![Some(Disagrees), Some(Agrees), None], Some(Disagrees)),
        ] {
            assert_eq!(person_says(own_views.clone()), says, "{own_views:?}");
        }
    }

    #[test]
    fn what_was_said_in_an_earlier_episode_is_compared_no_more() {
        let history = with(
            open_case(),
            [
                (by("officer", "police", High, None), at(5)),
                (closed(), at(20)),
                (reopened(), at(40)),
                (by("idva", "a", Medium, None), at(41)),
            ],
        );
        assert_eq!(seen(&state_of(history)), (1, false, false));
    }
}
