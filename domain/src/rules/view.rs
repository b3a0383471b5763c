//! A case as a rule sees it: its facts in force at two dates, what they come to, and the
//! programme's numbers.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::case::record_risk_assessment::RiskAssessed;
use crate::case::state::Referral;
use crate::case::{CaseEvent, CaseState, CaseStatus};
use crate::code_lists::{ContactDirection, ContactOutcome};
use crate::ids::EventId;
use crate::programme::Programme;
use crate::recorded::Recorded;
use crate::rules::Settings;
use crate::two_clocks::{self, Asked, Entry};

/// A case at two dates, under one programme's numbers.
#[derive(Debug)]
pub struct CaseView<'a> {
    /// The facts in force, in the order of the reading.
    pub facts: Vec<Entry<'a>>,
    /// What they come to.
    pub state: CaseState,
    /// The dates asked about.
    pub asked: Asked,
    /// The definition that the case was referred under.
    pub programme: Arc<Programme>,
    /// Its numbers.
    pub settings: Settings,
}

/// A fact of interest to a rule, with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub(super) at: Timestamp,
    pub(super) event_id: EventId,
}

impl<'a> CaseView<'a> {
    /// A case at two dates; `None` where no referral is in view, or `programme` gives no definition
    /// for it.
    ///
    /// `history` is in the order of recording.
    #[must_use]
    pub fn at(
        history: &'a [Recorded<CaseEvent>],
        asked: &Asked,
        programme: impl FnOnce(&Referral) -> Option<Arc<Programme>>,
    ) -> Option<Self> {
        let facts: Vec<Entry<'a>> = two_clocks::facts(history, asked).collect();
        let mut state = CaseState::default();
        for fact in &facts {
            state.apply(fact.recorded.event_id, fact.occurred, fact.event);
        }
        let programme = programme(state.referral.as_ref()?)?;
        let settings = Settings::of(&programme);
        Some(Self { facts, state, asked: *asked, programme, settings })
    }

    /// Whether somebody works with the person.
    pub(super) fn is_open(&self) -> bool {
        self.state.status == CaseStatus::Open
    }

    /// The fact that the present episode began with.
    pub(super) fn episode_began(&self) -> Option<At> {
        let begins = |event: &CaseEvent| {
            matches!(event, CaseEvent::ReferralReceived(_) | CaseEvent::CaseReopened(_))
        };
        self.of(|entry| begins(entry.event).then_some(())).last().map(|(at, ())| at)
    }

    /// Facts that `pick` takes something from, with their times.
    pub(super) fn of<T>(
        &self,
        pick: impl Fn(&Entry<'a>) -> Option<T>,
    ) -> impl DoubleEndedIterator<Item = (At, T)> {
        self.facts.iter().filter_map(move |entry| {
            let at = At { at: entry.occurred.at, event_id: entry.recorded.event_id };
            pick(entry).map(|found| (at, found))
        })
    }

    /// The risk assessments, in the order in which they were made.
    pub(super) fn assessments(&self) -> Vec<(At, &'a RiskAssessed)> {
        let mut assessments: Vec<_> =
            self.of(|entry| {
                if let CaseEvent::RiskAssessed(facts) = entry.event { Some(facts) } else { None }
            })
            .collect();
        assessments.sort_by_key(|(at, _)| at.at);
        assessments
    }

    /// The service's attempts to reach the person, and whether they did, in their order.
    pub(super) fn attempts(&self) -> Vec<(At, bool)> {
        let mut attempts: Vec<_> = self
            .of(|entry| {
                if let CaseEvent::ContactAttempted(facts) = entry.event {
                    let is_reached = facts.outcome == ContactOutcome::Reached;
                    let is_ours = facts.direction != Some(ContactDirection::Incoming);
                    // A person who turned to the service was reached, whoever began.
                    (is_ours || is_reached).then_some(is_reached)
                } else {
                    None
                }
            })
            .collect();
        attempts.sort_by_key(|(at, _)| at.at);
        attempts
    }
}

/// `months` calendar months after a moment (UTC), or the end of time: a definition may name more than
/// the calendar has.
pub(super) fn months_after(at: Timestamp, months: u32) -> Timestamp {
    let zoned = at.to_zoned(TimeZone::UTC);
    let later = Span::new().try_months(months).and_then(|months| zoned.checked_add(months));
    later.map_or(Timestamp::MAX, |later| later.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let t = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(months_after(t("2014-08-31T10:00:00Z"), 6), t("2015-02-28T10:00:00Z"));
        assert_eq!(months_after(Timestamp::MAX, 1), Timestamp::MAX);
        assert_eq!(months_after(t("2014-08-31T10:00:00Z"), u32::MAX), Timestamp::MAX);
    }
}
