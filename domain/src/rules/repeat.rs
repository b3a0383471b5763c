//! Whether somebody is a repeat victim, by three definitions that agencies use side by side.
//!
//! None of them can see who did it: incidents carry no perpetrator, and a case is about one person.
//! Twelve months are calendar months (UTC), both ends included.

use crate::case::CaseEvent;
use crate::code_lists::{Agency, AgencyAction, Forum, IncidentKind};
use crate::rules::view::{At, months_after};
use crate::rules::{Answer, CaseView};

/// `marac-repeat/old`: a crime within twelve months of the last referral to Marac.
pub const MARAC_OLD: &str = "marac-repeat/old";
/// `marac-repeat/safelives`: any incident, whoever reported it, within twelve months of the last
/// Marac hearing; of the last referral to Marac where no hearing is recorded. A hearing is an
/// agency action `joint_meeting` of the agency `marac`.
pub const MARAC_SAFELIVES: &str = "marac-repeat/safelives";
/// `notts-repeat/1`: more than two incidents in the twelve months up to the date asked about; or as
/// many known at the referral, for twelve months from it.
pub const NOTTS: &str = "notts-repeat/1";

const MONTHS: u32 = 12;
const MORE_THAN: usize = 2;

/// What `marac-repeat/old` says.
#[must_use]
pub fn marac_old(view: &CaseView<'_>) -> Answer {
    let crimes = incidents(view).into_iter().filter(|(_, kind)| *kind == IncidentKind::Crime);
    since_the_last(last_marac_referral(view), crimes.map(|(at, _)| at))
}

/// What `marac-repeat/safelives` says.
#[must_use]
pub fn marac_safelives(view: &CaseView<'_>) -> Answer {
    let hearing = view
        .of(|entry| {
            if let CaseEvent::AgencyActionRecorded(facts) = entry.event {
                (facts.agency == Agency::Marac && facts.action == AgencyAction::JointMeeting)
                    .then_some(())
            } else {
                None
            }
        })
        .max_by_key(|(at, ())| at.at)
        .map(|(at, ())| at);
    let from = hearing.or_else(|| last_marac_referral(view));
    since_the_last(from, incidents(view).into_iter().map(|(at, _)| at))
}

/// What `notts-repeat/1` says.
#[must_use]
pub fn notts(view: &CaseView<'_>) -> Answer {
    let in_window = |at: &At| view.asked.as_of <= months_after(at.at, MONTHS);
    let recent: Vec<At> = incidents(view).into_iter().map(|(at, _)| at).filter(in_window).collect();
    if recent.len() > MORE_THAN {
        let basis = recent.iter().map(|at| at.event_id).collect();
        return Answer::holds(recent[MORE_THAN].at, basis);
    }
    let mut told = view.of(|entry| {
        if let CaseEvent::ReferralReceived(facts) = entry.event {
            facts.incidents_12_months
        } else {
            None
        }
    });
    let told = told.rfind(|(at, _)| in_window(at));
    match told {
        Some((at, incidents)) if usize::try_from(incidents).is_ok_and(|n| n > MORE_THAN) => {
            Answer::holds(at.at, vec![at.event_id])
        }
        _ => Answer::does_not_hold(recent.iter().map(|at| at.event_id).collect()),
    }
}

fn since_the_last(from: Option<At>, incidents: impl Iterator<Item = At>) -> Answer {
    let Some(from) = from else {
        return Answer::does_not_hold(Vec::new());
    };
    let last = months_after(from.at, MONTHS);
    let within: Vec<At> = incidents.filter(|at| from.at <= at.at && at.at <= last).collect();
    let basis = std::iter::once(from.event_id).chain(within.iter().map(|at| at.event_id)).collect();
    match within.first() {
        Some(first) => Answer::holds(first.at, basis),
        None => Answer::does_not_hold(basis),
    }
}

fn last_marac_referral(view: &CaseView<'_>) -> Option<At> {
    let to_marac = view.of(|entry| {
        if let CaseEvent::MultiAgencyReferralMade(facts) = entry.event {
            (facts.forum == Forum::Marac).then_some(())
        } else {
            None
        }
    });
    to_marac.max_by_key(|(at, ())| at.at).map(|(at, ())| at)
}

/// In the order in which they happened.
fn incidents(view: &CaseView<'_>) -> Vec<(At, IncidentKind)> {
    let mut incidents: Vec<_> = view
        .of(|entry| {
            if let CaseEvent::IncidentReported(facts) = entry.event {
                Some(facts.kind)
            } else {
                None
            }
        })
        .collect();
    incidents.sort_by_key(|(at, _)| at.at);
    incidents
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::record_agency_action::AgencyActionRecorded;
    use crate::case::refer_to_multi_agency_forum::MultiAgencyReferralMade;
    use crate::case::report_incident::IncidentReported;
    use crate::case::testing::{at, event_id, open_case, with};
    use crate::rules::testing::answered;
    use crate::rules::{Answer, Value};

    fn incident(kind: IncidentKind) -> CaseEvent {
        CaseEvent::IncidentReported(IncidentReported {
            kind,
            source: None,
            offence_group: None,
            police_outcome: None,
            reported_at: None,
        })
    }

    fn marac() -> CaseEvent {
        CaseEvent::MultiAgencyReferralMade(MultiAgencyReferralMade {
            forum: Forum::Marac,
            criterion: None,
            rule: None,
        })
    }

    fn hearing() -> CaseEvent {
        CaseEvent::AgencyActionRecorded(AgencyActionRecorded {
            agency: Agency::Marac,
            action: AgencyAction::JointMeeting,
            work: None,
            purpose: None,
            outcome: None,
        })
    }

    const INCIDENT: IncidentKind = IncidentKind::DomesticIncident;
    const CRIME: IncidentKind = IncidentKind::Crime;

    #[track_caller]
    fn assert_holds(answer: &Answer, since: i64, basis: &[u8]) {
        let basis = basis.iter().map(|n| event_id(*n)).collect();
        assert_eq!(answer, &Answer::holds(at(since).at, basis));
    }

    #[test]
    fn old_counts_crimes_within_a_year_of_the_last_referral_to_marac() {
        let case = with(open_case(), [(marac(), at(10)), (incident(INCIDENT), at(20))]);
        assert_eq!(answered(marac_old, case.clone(), at(90)).value, Value::Holds(false));
        let case = with(case, [(incident(CRIME), at(30))]);
        assert_holds(&answered(marac_old, case, at(90)), 30, &[4, 6]);
        let late = with(open_case(), [(marac(), at(10)), (incident(CRIME), at(376))]);
        assert_eq!(answered(marac_old, late, at(400)).value, Value::Holds(false));
    }

    #[test]
    fn safelives_counts_any_incident_within_a_year_of_the_last_hearing() {
        let case = with(open_case(), [(marac(), at(10)), (incident(INCIDENT), at(20))]);
        assert_holds(&answered(marac_safelives, case.clone(), at(90)), 20, &[4, 5]);
        let heard = with(case, [(hearing(), at(30))]);
        assert_eq!(answered(marac_safelives, heard.clone(), at(90)).value, Value::Holds(false));
        let again = with(heard, [(incident(INCIDENT), at(40))]);
        assert_holds(&answered(marac_safelives, again, at(90)), 40, &[6, 7]);
    }

    #[test]
    fn nottinghamshire_counts_more_than_two_in_a_year() {
        let twice = with(open_case(), [(incident(CRIME), at(400)), (incident(INCIDENT), at(410))]);
        assert_eq!(answered(notts, twice.clone(), at(420)).value, Value::Holds(false));
        let thrice = with(twice, [(incident(INCIDENT), at(415))]);
        assert_holds(&answered(notts, thrice.clone(), at(420)), 415, &[4, 5, 6]);
        assert_eq!(answered(notts, thrice, at(400 + 366)).value, Value::Holds(false));
    }

    #[test]
    fn what_was_known_at_the_referral_counts_for_a_year() {
        // The referral of day 1 told of three.
        assert_holds(&answered(notts, open_case(), at(300)), 1, &[1]);
        assert_eq!(answered(notts, open_case(), at(400)).value, Value::Holds(false));
    }
}
