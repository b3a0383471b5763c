//! Who is eligible: criteria change while a programme runs, and each referral is judged by those
//! that were in force when it was received.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::code::Code;

/// The rule's name and version: what [`CriteriaVersion::judge`] says.
pub const RULE: &str = "eligibility/1";

/// One version of a programme's criteria.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriteriaVersion {
    /// From 1.
    pub version: u16,
    /// The first day on which it is in force.
    pub in_force_from: Date,
    /// The first day on which it no longer is; none for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force_until: Option<Date>,
    /// What a referral can say of a person.
    pub codes: Vec<Criterion>,
    /// Criteria that must all be met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<Code>,
    /// Criteria of which some must be met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<Code>,
    /// How many of `any_of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u16>,
}

/// One criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// The code that referrals name.
    pub code: Code,
    /// What it means.
    pub description: String,
}

/// What the criteria say of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eligibility {
    /// The person is one of those that the programme is for.
    Met,
    /// The person is not, as far as the referral says.
    NotMet,
    /// The referral says of no criterion whether it is met.
    NotSaid,
}

impl CriteriaVersion {
    /// Whether a referral that says these criteria are met is eligible.
    #[must_use]
    pub fn judge(&self, said: &[Code]) -> Eligibility {
        if said.is_empty() {
            return Eligibility::NotSaid;
        }
        let count = |codes: &[Code]| codes.iter().filter(|code| said.contains(code)).count();
        let of_any = usize::from(self.needed_of_any());
        if count(&self.all_of) == self.all_of.len() && count(&self.any_of) >= of_any {
            Eligibility::Met
        } else {
            Eligibility::NotMet
        }
    }

    /// Whether a referral may name this criterion.
    #[must_use]
    pub fn knows(&self, code: &Code) -> bool {
        self.codes.iter().any(|criterion| criterion.code == *code)
    }

    fn needed_of_any(&self) -> u16 {
        if self.any_of.is_empty() { 0 } else { self.at_least.unwrap_or(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    fn criteria(all_of: &[&str], any_of: &[&str], at_least: Option<u16>) -> CriteriaVersion {
        let codes = |codes: &[&str]| codes.iter().map(|text| code(text)).collect();
        CriteriaVersion {
            version: 1,
            in_force_from: jiff::civil::date(2014, 1, 1),
            in_force_until: None,
            codes: Vec::new(),
            all_of: codes(all_of),
            any_of: codes(any_of),
            at_least,
        }
    }

    #[test]
    fn all_of_some_criteria_and_enough_of_others_have_to_be_met() {
        let rule = criteria(&["repeat"], &["drugs", "alcohol", "debt"], Some(2));
        let judge =
            |said: &[&str]| rule.judge(&said.iter().map(|text| code(text)).collect::<Vec<_>>());
        assert_eq!(judge(&["repeat", "drugs", "debt"]), Eligibility::Met);
        assert_eq!(judge(&["repeat", "drugs"]), Eligibility::NotMet);
        assert_eq!(judge(&["drugs", "alcohol", "debt"]), Eligibility::NotMet);
        assert_eq!(judge(&[]), Eligibility::NotSaid);
    }

    #[test]
    fn one_of_any_is_enough_unless_more_are_asked_for() {
        let rule = criteria(&[], &["drugs", "alcohol"], None);
        assert_eq!(rule.judge(&[code("alcohol")]), Eligibility::Met);
        assert_eq!(rule.judge(&[code("repeat")]), Eligibility::NotMet);
    }

    #[test]
    fn naming_a_criterion_twice_does_not_count_twice() {
        let rule = criteria(&[], &["drugs", "alcohol"], Some(2));
        assert_eq!(rule.judge(&[code("drugs"), code("drugs")]), Eligibility::NotMet);
    }
}
