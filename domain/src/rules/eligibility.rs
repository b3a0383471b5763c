//! `eligibility/1`: whether the referral says of the person what the programme's criteria ask for:
//! those in force when it was received. Who is not eligible may have been taken on all the same.

use crate::case::CaseEvent;
use crate::programme::Eligibility;
use crate::rules::{Answer, CaseView, Value};

pub use crate::programme::criteria::RULE;

/// What the rule says of a case; nothing where the referral names no criterion.
#[must_use]
pub fn answer(view: &CaseView<'_>) -> Answer {
    let Some(referral) = &view.state.referral else { return Answer::not_applicable() };
    let criteria = match referral.criteria_version {
        Some(version) => view.programme.criteria_version(version),
        // Recorded before referrals said which.
        None => view.programme.criteria_at(referral.received),
    };
    let Some(criteria) = criteria else { return Answer::not_applicable() };
    let received =
        view.of(|entry| matches!(entry.event, CaseEvent::ReferralReceived(_)).then_some(()));
    let basis = received.map(|(at, ())| at.event_id).collect();
    let holds = match criteria.judge(&referral.criteria) {
        Eligibility::NotSaid => return Answer::not_applicable(),
        Eligibility::Met => true,
        Eligibility::NotMet => false,
    };
    Answer { value: Value::Holds(holds), since: None, basis }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{at, code, event_id, referral};
    use crate::rules::testing::answered;
    use crate::time::Occurred;

    fn received(criteria: &[&str], on: &str) -> Vec<(CaseEvent, Occurred)> {
        let mut facts = referral().0;
        facts.criteria = criteria.iter().map(|text| code(text)).collect();
        vec![(CaseEvent::ReferralReceived(facts), Occurred::at(on.parse().unwrap()))]
    }

    fn judged(criteria: &[&str], on: &str) -> Value {
        answered(answer, received(criteria, on), at(900)).value
    }

    #[test]
    fn a_referral_is_judged_by_the_criteria_of_its_time() {
        let (before, after) = ("2014-03-01T00:00:00Z", "2014-11-01T00:00:00Z");
        assert_eq!(judged(&["repeat_victimisation"], before), Value::Holds(true));
        assert_eq!(judged(&["repeat_victimisation"], after), Value::Holds(false));
        assert_eq!(judged(&["repeat_victimisation", "alcohol_misuse"], after), Value::Holds(true));
        assert_eq!(judged(&["alcohol_misuse"], before), Value::Holds(false));
    }

    #[test]
    fn it_rests_on_the_referral_and_says_nothing_where_that_says_nothing() {
        let on = "2014-03-01T00:00:00Z";
        let answer = answered(answer, received(&["medium_risk"], on), at(900));
        assert_eq!(answer.basis, [event_id(1)]);
        assert_eq!(judged(&[], on), Value::NotApplicable);
    }

    #[test]
    fn the_version_that_a_referral_names_goes_before_its_date() {
        let mut history = received(&["repeat_victimisation"], "2014-11-01T00:00:00Z");
        if let CaseEvent::ReferralReceived(facts) = &mut history[0].0 {
            facts.criteria_version = Some(1);
        }
        assert_eq!(answered(answer, history, at(900)).value, Value::Holds(true));
    }
}
