//! `mrp-engagement/1`: none when the person was reached less often than the programme's definition
//! says for sporadic, engaged when they were reached as often as it says for that, sporadic in
//! between.
//!
//! The MRP report gives the three levels (table 4.1.1) and not the lines between them; those are the
//! programme's to draw.

use crate::case::CaseState;
use crate::code_lists::Engagement;
use crate::programme::Programme;
use crate::rules::{CaseView, police_engagement};

/// The rule's name and version.
pub const RULE: &str = "mrp-engagement/1";

/// How far the person has engaged.
///
/// `programme` is the definition that the case keeps.
#[must_use]
pub fn engagement(case: &CaseState, programme: &Programme) -> Engagement {
    let thresholds = &programme.rules.engagement;
    match case.contacts.reached {
        reached if reached >= thresholds.engaged_from => Engagement::Engaged,
        reached if reached >= thresholds.sporadic_from => Engagement::Sporadic,
        _ => Engagement::None,
    }
}

/// How far the person has engaged by the rule that the case's definition names, and that rule.
#[must_use]
pub fn by_programme(view: &CaseView<'_>) -> (Engagement, &'static str) {
    if view.programme.rules.engagement.rule.as_str() == police_engagement::RULE {
        (police_engagement::engagement(view), police_engagement::RULE)
    } else {
        (engagement(&view.state, &view.programme), RULE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, attempted, code, given, open_case, with};
    use crate::rules::state_of;
    use crate::rules::testing::mrp;
    use crate::two_clocks::Asked;

    fn reached(times: usize) -> CaseState {
        let mut history = open_case();
        history.extend(std::iter::repeat_n((attempted(), at(5)), times));
        state_of(history)
    }

    /// What is said of a person reached never, once, and so on.
    fn levels(programme: &Programme) -> [Engagement; 6] {
        std::array::from_fn(|times| engagement(&reached(times), programme))
    }

    #[test]
    fn the_lines_between_the_levels_are_the_programmes() {
        use Engagement::{Engaged, None, Sporadic};
        assert_eq!(levels(&mrp()), [None, Sporadic, Sporadic, Engaged, Engaged, Engaged]);
        let mut other = Programme::clone(&mrp());
        other.rules.engagement.sporadic_from = 2;
        other.rules.engagement.engaged_from = 5;
        assert_eq!(levels(&other), [None, None, Sporadic, Sporadic, Sporadic, Engaged]);
    }

    #[test]
    fn a_programme_may_count_as_the_police_do() {
        let case = given(with(open_case(), [(attempted(), at(5))]));
        let mut programme = Programme::clone(&mrp());
        let by = |programme: &Programme| {
            let known = std::sync::Arc::new(programme.clone());
            by_programme(&CaseView::at(case.history(), &Asked::LATEST, |_| Some(known)).unwrap())
        };
        assert_eq!(by(&programme), (Engagement::Sporadic, RULE));
        programme.rules.engagement.rule = code(police_engagement::RULE);
        assert_eq!(by(&programme), (Engagement::Engaged, police_engagement::RULE));
    }
}
