//! `mrp-engagement/1`: none when the person was never reached, sporadic when they were reached once
//! or twice, engaged from the third time on.
//!
//! The MRP report gives the three levels (table 4.1.1) and not the line between the last two; the
//! line here is ours, which is why the rule carries a version.

use crate::case::CaseState;
use crate::code_lists::Engagement;

/// The rule's name and version.
pub const RULE: &str = "mrp-engagement/1";
/// Contacts that reached the person from which they are engaged.
pub const ENGAGED_FROM: u32 = 3;

/// How far the person has engaged.
#[must_use]
pub fn engagement(case: &CaseState) -> Engagement {
    match case.contacts.reached {
        0 => Engagement::None,
        reached if reached < ENGAGED_FROM => Engagement::Sporadic,
        _ => Engagement::Engaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, attempted, open_case, with};
    use crate::rules::state_of;

    #[test]
    fn a_person_never_reached_has_not_engaged() {
        assert_eq!(engagement(&state_of(open_case())), Engagement::None);
    }

    #[test]
    fn a_person_reached_twice_has_engaged_sporadically() {
        let twice = with(open_case(), [(attempted(), at(5)), (attempted(), at(6))]);
        assert_eq!(engagement(&state_of(twice)), Engagement::Sporadic);
    }

    #[test]
    fn a_person_reached_a_third_time_has_engaged() {
        let reached = (attempted(), at(5));
        let thrice = with(open_case(), [reached.clone(), reached.clone(), reached]);
        assert_eq!(engagement(&state_of(thrice)), Engagement::Engaged);
    }
}
