//! Spans of time, laid out from facts: what held from when until when.

use jiff::{SignedDuration, Timestamp};
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{ContactOutcome, RiskLevel};
use throughline_domain::time::days_between;

/// The rule for breaks in contact, and its version: within an episode, longer than
/// [`CONTACT_BREAK_DAYS`] from its beginning, or from one contact that reached the person, to the
/// next, to the end of the episode, or to the date asked about.
pub const CONTACT_BREAK_RULE: &str = "contact-break/1";
/// Days without reaching the person beyond which there is a break. The reports tell of breaks and
/// set no number; two months is ours, which is why the rule carries a version.
pub const CONTACT_BREAK_DAYS: i64 = 60;

/// Something that held for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Since when.
    pub from: Timestamp,
    /// Until when; `None` when it still holds.
    pub to: Option<Timestamp>,
    /// What.
    pub value: PeriodValue,
}

/// What held.
#[derive(Debug, Clone, PartialEq)]
pub enum PeriodValue {
    /// The episode of this number, from 1.
    Episode(u32),
    /// A level of risk: from its assessment to the next.
    RiskLevel(RiskLevel),
    /// A worker had the case.
    Worker(Code),
    /// The person was not reached.
    ContactBreak {
        /// For how many whole days: up to its end, or the date asked about.
        days: i64,
    },
}

impl PeriodValue {
    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Episode(_) => "episode",
            Self::RiskLevel(_) => "risk_level",
            Self::Worker(_) => "worker",
            Self::ContactBreak { .. } => "contact_break",
        }
    }
}

impl Period {
    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.value.kind()
    }
}

/// Lays periods out. Facts come in the order in which they happened, retracted ones left out.
#[derive(Debug, Default)]
pub struct Periods {
    done: Vec<Period>,
    episodes: u32,
    episode: Option<(Timestamp, u32)>,
    risk: Option<(Timestamp, RiskLevel)>,
    worker: Option<(Timestamp, Code)>,
    last_worker: Option<Code>,
    /// Since when the person has not been reached, within an episode.
    unreached_since: Option<Timestamp>,
}

impl Periods {
    /// Takes one more fact.
    pub fn take(&mut self, at: Timestamp, event: &CaseEvent) {
        match event {
            CaseEvent::ReferralReceived(_) | CaseEvent::CaseReopened(_) => self.begin_episode(at),
            CaseEvent::ReferralDeclined(_) | CaseEvent::CaseClosed(_) => self.end_episode(at),
            CaseEvent::CaseAllocated(facts) => self.give_to(at, &facts.worker),
            CaseEvent::CaseHandedOver(facts) => self.give_to(at, &facts.worker),
            CaseEvent::RiskAssessed(facts) => {
                self.end_risk(at);
                self.risk = Some((at, facts.level));
            }
            CaseEvent::ContactAttempted(facts) if facts.outcome == ContactOutcome::Reached => {
                if self.unreached_since.is_some() {
                    self.end_break(at, Some(at));
                    self.unreached_since = Some(at);
                }
            }
            CaseEvent::ContactAttempted(_)
            | CaseEvent::ReferralAccepted(_)
            | CaseEvent::ReferralWaitlisted(_)
            | CaseEvent::AgencyActionRecorded(_)
            | CaseEvent::MeasureRecorded(_)
            | CaseEvent::NeedIdentified(_)
            | CaseEvent::SupportProvided(_)
            | CaseEvent::IncidentReported(_)
            | CaseEvent::MultiAgencyReferralMade(_)
            | CaseEvent::ProtectiveOrderRecorded(_)
            | CaseEvent::ChildProtectionStatusChanged(_)
            | CaseEvent::InformationRequested(_)
            | CaseEvent::InformationChased(_)
            | CaseEvent::InformationEscalated(_)
            | CaseEvent::InformationReceived(_)
            | CaseEvent::InformationRefused(_)
            | CaseEvent::CaseTransferred(_)
            | CaseEvent::ArmAllocated(_)
            | CaseEvent::LinkedInformationReceived(_)
            | CaseEvent::SafeContactPlanSet(_)
            | CaseEvent::ContactHeld(_)
            | CaseEvent::ContactHoldLifted(_)
            | CaseEvent::NeedResolved(_)
            | CaseEvent::PlacementChanged(_)
            | CaseEvent::ReviewCompleted(_)
            | CaseEvent::ClosureProposed(_)
            | CaseEvent::ClosureRefused(_)
            | CaseEvent::FactCorrected(_)
            | CaseEvent::FactRetracted(_) => {}
        }
    }

    /// The periods as they stand at `as_of`, by beginning, then in the order of their kinds.
    #[must_use]
    pub fn finish(mut self, as_of: Timestamp) -> Vec<Period> {
        self.end_break(as_of, None);
        let Self { mut done, episode, risk, worker, .. } = self;
        let open = |from, value| Period { from, to: None, value };
        done.extend(episode.map(|(from, n)| open(from, PeriodValue::Episode(n))));
        done.extend(risk.map(|(from, level)| open(from, PeriodValue::RiskLevel(level))));
        done.extend(worker.map(|(from, worker)| open(from, PeriodValue::Worker(worker))));
        // Stable: of one kind, the order of the facts stays.
        done.sort_by_key(|period| (period.from, period.kind_order()));
        done
    }

    fn give_to(&mut self, at: Timestamp, worker: &Code) {
        self.end_worker(at);
        self.worker = Some((at, worker.clone()));
        self.last_worker = Some(worker.clone());
    }

    fn begin_episode(&mut self, at: Timestamp) {
        self.end_episode(at);
        self.episodes += 1;
        self.episode = Some((at, self.episodes));
        self.unreached_since = Some(at);
        // A reopened case is with the worker who had it last, until somebody else takes it.
        self.worker = self.last_worker.clone().map(|worker| (at, worker));
    }

    fn end_episode(&mut self, at: Timestamp) {
        self.end_break(at, Some(at));
        self.unreached_since = None;
        self.end_worker(at);
        if let Some((from, number)) = self.episode.take() {
            self.end(from, at, PeriodValue::Episode(number));
        }
    }

    fn end_worker(&mut self, at: Timestamp) {
        if let Some((from, worker)) = self.worker.take() {
            self.end(from, at, PeriodValue::Worker(worker));
        }
    }

    fn end_risk(&mut self, at: Timestamp) {
        if let Some((from, level)) = self.risk.take() {
            self.end(from, at, PeriodValue::RiskLevel(level));
        }
    }

    fn end_break(&mut self, measured_to: Timestamp, to: Option<Timestamp>) {
        let Some(from) = self.unreached_since else {
            return;
        };
        if measured_to.duration_since(from) > SignedDuration::from_hours(24 * CONTACT_BREAK_DAYS) {
            let days = days_between(from, measured_to);
            self.done.push(Period { from, to, value: PeriodValue::ContactBreak { days } });
        }
    }

    fn end(&mut self, from: Timestamp, to: Timestamp, value: PeriodValue) {
        self.done.push(Period { from, to: Some(to), value });
    }
}

impl Period {
    fn kind_order(&self) -> u8 {
        match self.value {
            PeriodValue::Episode(_) => 0,
            PeriodValue::Worker(_) => 1,
            PeriodValue::RiskLevel(_) => 2,
            PeriodValue::ContactBreak { .. } => 3,
        }
    }
}

/// The types of the facts that [`Periods`] are laid out from.
pub(super) const TYPES: [&str; 8] = [
    "ReferralReceived",
    "ReferralDeclined",
    "CaseAllocated",
    "CaseHandedOver",
    "CaseClosed",
    "CaseReopened",
    "RiskAssessed",
    "ContactAttempted",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fact, allocated, assessed, attempted, closed, day, opened, reopened};

    fn periods(facts: &[Fact], as_of: &str) -> Vec<Period> {
        let mut periods = Periods::default();
        for (event, at) in facts {
            periods.take(*at, event);
        }
        periods.finish(day(as_of))
    }

    /// The periods of one kind: from, to, and what.
    #[track_caller]
    fn assert_periods(
        facts: Vec<Fact>,
        more: impl IntoIterator<Item = Fact>,
        kind: &str,
        expected: &[(&str, Option<&str>, PeriodValue)],
    ) {
        let facts: Vec<Fact> = facts.into_iter().chain(more).collect();
        let expected: Vec<Period> = expected
            .iter()
            .map(|(from, to, value)| Period {
                from: day(from),
                to: to.map(day),
                value: value.clone(),
            })
            .collect();
        let mut laid_out = periods(&facts, "2015-07-31");
        laid_out.retain(|period| period.kind() == kind);
        assert_eq!(laid_out, expected);
    }

    #[test]
    fn a_level_of_risk_holds_until_the_next_assessment() {
        use RiskLevel::{High, Medium};
        assert_periods(
            opened("mrp", "2014-03-01"),
            [assessed("medium", None, "2014-03-01"), assessed("high", None, "2014-04-01")],
            "risk_level",
            &[
                ("2014-03-01", Some("2014-04-01"), PeriodValue::RiskLevel(Medium)),
                ("2014-04-01", None, PeriodValue::RiskLevel(High)),
            ],
        );
    }

    #[test]
    fn episodes_are_numbered_and_a_reopened_case_is_with_its_last_worker() {
        let facts = [closed("2014-06-01"), reopened("2015-01-01"), allocated("w2", "2015-02-01")];
        let worker = |code: &str| PeriodValue::Worker(code.parse().unwrap());
        assert_periods(
            opened("mrp", "2014-03-01"),
            facts.clone(),
            "episode",
            &[
                ("2014-03-01", Some("2014-06-01"), PeriodValue::Episode(1)),
                ("2015-01-01", None, PeriodValue::Episode(2)),
            ],
        );
        assert_periods(
            opened("mrp", "2014-03-01"),
            facts,
            "worker",
            &[
                ("2014-03-01", Some("2014-06-01"), worker("w1")),
                ("2015-01-01", Some("2015-02-01"), worker("w1")),
                ("2015-02-01", None, worker("w2")),
            ],
        );
    }

    #[test]
    fn a_break_in_contact_is_longer_than_sixty_days() {
        let facts = [
            attempted("reached", "2015-01-01"),
            attempted("no_answer", "2015-02-10"),
            attempted("reached", "2015-03-02"), // Sixty days on.
            attempted("reached", "2015-05-02"), // Sixty-one days on.
        ];
        assert_periods(
            opened("mrp", "2014-12-01"),
            facts,
            "contact_break",
            &[
                ("2015-03-02", Some("2015-05-02"), PeriodValue::ContactBreak { days: 61 }),
                ("2015-05-02", None, PeriodValue::ContactBreak { days: 90 }),
            ],
        );
    }

    #[test]
    fn a_break_ends_with_its_episode() {
        assert_periods(
            opened("mrp", "2014-01-01"),
            [closed("2014-06-01"), attempted("reached", "2014-07-01")],
            "contact_break",
            &[("2014-01-01", Some("2014-06-01"), PeriodValue::ContactBreak { days: 151 })],
        );
    }
}
