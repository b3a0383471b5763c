//! Whether a referral fits the definition that it is made under: its area, the role, the criteria.
//! Who is not eligible is still received, and may be declined.

use crate::case::receive_referral::ReferralReceived;
use crate::programme::Programme;
use crate::time::Occurred;

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferralMisfit {
    /// The programme does not work there.
    #[error("the programme does not work in the area")]
    UnknownArea,
    /// The programme is not for them.
    #[error("the programme has no cases of the role")]
    RoleNotServed,
    /// There is no such criterion in the version that was in force.
    #[error("criterion {place} is not among those in force")]
    UnknownCriterion {
        /// The place in the referral's list, from 0.
        place: usize,
    },
}

/// Everything that does not fit the definition; empty: the referral fits.
#[must_use]
pub fn check_referral(
    definition: &Programme,
    referral: &ReferralReceived,
    received: Occurred,
) -> Vec<ReferralMisfit> {
    let mut misfits = Vec::new();
    if !definition.areas.contains(&referral.area) {
        misfits.push(ReferralMisfit::UnknownArea);
    }
    if !definition.roles.contains(&referral.role) {
        misfits.push(ReferralMisfit::RoleNotServed);
    }
    if let Some(criteria) = definition.criteria_at(received) {
        let unknown =
            referral.criteria.iter().enumerate().filter(|(_, code)| !criteria.knows(code));
        misfits.extend(unknown.map(|(place, _)| ReferralMisfit::UnknownCriterion { place }));
    }
    misfits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, code, referral};
    use crate::code_lists::CaseRole;
    use crate::programme::Programmes;

    #[test]
    fn a_referral_fits_its_programme_or_all_that_does_not_is_told() {
        let known = Programmes::shipped();
        let mrp = known.find("mrp", 1).unwrap();
        let mut facts = referral().0;
        assert_eq!(check_referral(mrp, &facts, at(1)), []);
        facts.area = code("mars");
        facts.role = CaseRole::Perpetrator;
        facts.criteria = vec![code("repeat_victimisation"), code("likes_cats")];
        let misfits = check_referral(mrp, &facts, at(1));
        let criterion = ReferralMisfit::UnknownCriterion { place: 1 };
        let expected = [ReferralMisfit::UnknownArea, ReferralMisfit::RoleNotServed, criterion];
        assert_eq!(misfits, expected);
    }
}
