//! The key of one release, and what is drawn with it: pseudonyms, and the shift of a case's dates.

use aws_lc_rs::hmac;
use throughline_domain::ids::CaseId;

/// How many days, at most, dates are shifted by, earlier or later.
const SHIFT_DAYS_MAX: i64 = 182;

/// A key that is made for one release and then forgotten. Whoever has it can tell which case has which
/// pseudonym; nobody else can, and two releases cannot be linked.
pub struct ReleaseKey(hmac::Key);

impl ReleaseKey {
    /// Takes 32 bytes that nobody can guess.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The case's pseudonym: 32 hexadecimal digits.
    #[must_use]
    pub fn pseudonym(&self, case: CaseId) -> String {
        format!("{:032x}", self.drawn(b"pseudonym", case))
    }

    /// By how many days the dates of a case are shifted; never zero.
    #[must_use]
    pub fn shift_days(&self, case: CaseId) -> i64 {
        let choices = SHIFT_DAYS_MAX * 2;
        let drawn = self.drawn(b"shift", case) % u128::from(choices.unsigned_abs());
        let days = i64::try_from(drawn).unwrap_or_default() - SHIFT_DAYS_MAX;
        // From -182 to 181; moved up by one from zero on.
        if days < 0 { days } else { days + 1 }
    }

    fn drawn(&self, purpose: &[u8], case: CaseId) -> u128 {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose);
        // Not part of any purpose, so that no two of them and a case give one text.
        context.update(&[0]);
        context.update(case.0.as_bytes());
        let tag = context.sign();
        tag.as_ref().iter().take(16).fold(0, |number, byte| (number << 8) | u128::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::case;

    #[test]
    fn pseudonyms_are_of_one_release_and_say_nothing_of_another() {
        let (one, other) = (ReleaseKey::new(&[1; 32]), ReleaseKey::new(&[2; 32]));
        assert_eq!(one.pseudonym(case(1)), one.pseudonym(case(1)));
        let all: BTreeSet<String> =
            (0..100).flat_map(|n| [one.pseudonym(case(n)), other.pseudonym(case(n))]).collect();
        assert_eq!(all.len(), 200);
        assert!(all.iter().all(|pseudonym| pseudonym.len() == 32));
    }

    #[test]
    fn shifts_are_whole_days_either_way_and_never_none() {
        let key = ReleaseKey::new(&[3; 32]);
        let shifts: BTreeSet<i64> = (0..20_000).map(|n| key.shift_days(case(n))).collect();
        let expected: BTreeSet<i64> = (-182..=182).filter(|days| *days != 0).collect();
        assert_eq!(shifts, expected);
    }
}
