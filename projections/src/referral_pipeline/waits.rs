//! How long those referred waited, from one step to another.

use jiff::Timestamp;

use super::Decision;
use crate::durations::{Durations, Spread};

/// The times of one referral, which its waits lie between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) incident: Option<Timestamp>,
    pub(super) received: Timestamp,
    pub(super) decided: Option<Timestamp>,
    pub(super) first_attempt: Option<Timestamp>,
    pub(super) first_reach: Option<Timestamp>,
}

/// How long those referred waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// From the latest incident known at referral to the referral.
    pub incident_to_referral: Wait,
    /// From the referral to its acceptance or decline.
    pub referral_to_decision: Wait,
    /// From the latest incident to the first attempt to reach the person.
    pub incident_to_first_attempt: Wait,
    /// From the latest incident to the first attempt that reached the person.
    pub incident_to_first_reach: Wait,
    /// From the referral to the first attempt to reach the person.
    pub referral_to_first_attempt: Wait,
    /// From the referral to the first attempt that reached the person.
    pub referral_to_first_reach: Wait,
}

/// One wait, over a number of referrals: every referral is in one of `known`, `not_yet` and
/// `beginning_unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wait {
    /// Referrals whose wait began and ended.
    pub known: u64,
    /// Referrals whose wait began and had not ended by the date asked about.
    pub not_yet: u64,
    /// Of them, those declined, whom nobody waits for any more.
    pub not_yet_declined: u64,
    /// Referrals of which nobody knows when the wait began: no incident was named.
    pub beginning_unknown: u64,
    /// How long the known waits were; `None` when there are none.
    pub days: Option<Spread>,
}

/// Waits, gathered referral by referral.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    incident_to_referral: Gathering,
    referral_to_decision: Gathering,
    incident_to_first_attempt: Gathering,
    incident_to_first_reach: Gathering,
    referral_to_first_attempt: Gathering,
    referral_to_first_reach: Gathering,
}

#[derive(Debug, Default)]
struct Gathering {
    durations: Durations,
    counts: Wait,
}

impl Gathered {
    pub(super) fn take(&mut self, times: &Times, decision: Decision) {
        let Times { incident, received, decided, first_attempt, first_reach } = *times;
        let received = Some(received);
        let is_declined = decision.decline_reason().is_some();
        for (wait, from, to) in [
            (&mut self.incident_to_referral, incident, received),
            (&mut self.referral_to_decision, received, decided),
            (&mut self.incident_to_first_attempt, incident, first_attempt),
            (&mut self.incident_to_first_reach, incident, first_reach),
            (&mut self.referral_to_first_attempt, received, first_attempt),
            (&mut self.referral_to_first_reach, received, first_reach),
        ] {
            wait.take(from, to, is_declined);
        }
    }

    pub(super) fn finish(self) -> Waits {
        Waits {
            incident_to_referral: self.incident_to_referral.finish(),
            referral_to_decision: self.referral_to_decision.finish(),
            incident_to_first_attempt: self.incident_to_first_attempt.finish(),
            incident_to_first_reach: self.incident_to_first_reach.finish(),
            referral_to_first_attempt: self.referral_to_first_attempt.finish(),
            referral_to_first_reach: self.referral_to_first_reach.finish(),
        }
    }
}

impl Gathering {
    fn take(&mut self, from: Option<Timestamp>, to: Option<Timestamp>, is_declined: bool) {
        match (from, to) {
            (None, _) => self.counts.beginning_unknown += 1,
            (Some(_), None) => {
                self.counts.not_yet += 1;
                self.counts.not_yet_declined += u64::from(is_declined);
            }
            (Some(from), Some(to)) => self.durations.take(from, to),
        }
    }

    fn finish(self) -> Wait {
        let known = self.durations.count();
        Wait { known, days: self.durations.spread(), ..self.counts }
    }
}
