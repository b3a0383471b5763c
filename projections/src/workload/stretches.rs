//! The stretches and contacts of one case: its states one after another, as far as they differ in
//! something that is counted.

use jiff::Timestamp;
use throughline_domain::case::lifecycle::Transition;
use throughline_domain::case::{CaseEvent, CaseState, CaseStatus};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{ContactOutcome, RiskLevel};
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::rules::case_risk::case_risk;
use throughline_domain::rules::dormant;
use throughline_domain::two_clocks::{self, Asked, Entry};

use super::{CaseWorkload, Contact, Stretch};

/// A contact whose programme is not known before the whole case is.
struct Attempt {
    position: Position,
    occurred_at: Timestamp,
    worker: Option<Code>,
    team: Option<Code>,
    is_reached: bool,
}

/// What is counted of an open case, at one moment.
struct Held {
    programme: Code,
    worker: Code,
    team: Option<Code>,
    is_high_risk: bool,
    dormant_from: Option<Timestamp>,
}

pub(super) fn lay_out(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
    asked: &Asked,
    programmes: &Programmes,
) -> CaseWorkload {
    let mut facts: Vec<Entry<'_>> =
        two_clocks::facts(history, asked).filter(|fact| bears_on_workload(fact.event)).collect();
    facts.sort_by_key(|fact| (fact.occurred.at, fact.recorded.position));

    let mut states = States::new(asked);
    let mut stretches = Stretches::new(case_id);
    let mut attempts = Vec::new();
    let mut done = 0;
    for moment in facts.chunk_by(|a, b| a.occurred.at == b.occurred.at) {
        let (before, at) = (&facts[..done], moment[0].occurred.at);
        let state = states.take(before, moment);
        stretches.turn(at, Held::of(state, programmes));
        attempts.extend(moment.iter().filter_map(|fact| Attempt::of(fact, state)));
        done += moment.len();
    }
    let Some(referral) = states.state.referral else {
        return CaseWorkload::default();
    };
    let contacts = attempts.into_iter().map(|a| a.into_contact(case_id, &referral.programme));
    CaseWorkload { stretches: stretches.finish(), contacts: contacts.collect() }
}

pub(super) fn bears_on_workload(event: &CaseEvent) -> bool {
    Transition::of(event).is_some()
        || matches!(event, CaseEvent::ContactAttempted(_) | CaseEvent::RiskAssessed(_))
}

/// The state of the case at one moment after another.
struct States {
    asked: Asked,
    state: CaseState,
    /// The latest position taken.
    position: Position,
}

impl States {
    fn new(asked: &Asked) -> Self {
        Self { asked: *asked, state: CaseState::default(), position: Position(0) }
    }

    /// The state when the facts of one more moment have happened.
    ///
    /// A state at D takes the facts up to D in the order of the reading. Read as recorded, a late
    /// fact comes before some that are taken already: then the state is folded again. Contacts leave
    /// the same state in any order.
    fn take(&mut self, before: &[Entry<'_>], moment: &[Entry<'_>]) -> &CaseState {
        let is_late = |fact: &Entry<'_>| {
            fact.recorded.position < self.position
                && !matches!(fact.event, CaseEvent::ContactAttempted(_))
        };
        if self.asked.reading == two_clocks::Reading::Recorded && moment.iter().any(is_late) {
            let mut facts: Vec<&Entry<'_>> = before.iter().chain(moment).collect();
            facts.sort_by_key(|fact| fact.recorded.position);
            self.state = CaseState::default();
            for fact in facts {
                self.apply(fact);
            }
        } else {
            for fact in moment {
                self.apply(fact);
            }
        }
        &self.state
    }

    fn apply(&mut self, fact: &Entry<'_>) {
        self.state.apply(fact.recorded.event_id, fact.occurred, fact.event);
        self.position = self.position.max(fact.recorded.position);
    }
}

impl Held {
    /// `None` when the case is on nobody's caseload, or under a definition that is not known.
    fn of(state: &CaseState, programmes: &Programmes) -> Option<Self> {
        if state.status != CaseStatus::Open {
            return None;
        }
        let referral = state.referral.as_ref()?;
        let programme = programmes.of_referral(referral)?;
        let risk = case_risk(state, &programme);
        Some(Self {
            programme: referral.programme.clone(),
            worker: state.worker.clone()?,
            team: state.team.clone(),
            is_high_risk: risk.is_some_and(|risk| risk.level() == RiskLevel::High),
            dormant_from: dormant::dormant_from(state, &programme),
        })
    }
}

impl Attempt {
    fn of(fact: &Entry<'_>, state: &CaseState) -> Option<Self> {
        let CaseEvent::ContactAttempted(facts) = fact.event else {
            return None;
        };
        Some(Self {
            position: fact.recorded.position,
            occurred_at: fact.occurred.at,
            worker: state.worker.clone(),
            team: state.team.clone(),
            is_reached: facts.outcome == ContactOutcome::Reached,
        })
    }

    fn into_contact(self, case_id: CaseId, programme: &Code) -> Contact {
        let Self { position, occurred_at, worker, team, is_reached } = self;
        let programme = programme.clone();
        Contact { case_id, position, occurred_at, programme, worker, team, is_reached }
    }
}

/// Stretches as they are laid end to end.
struct Stretches {
    case_id: CaseId,
    done: Vec<Stretch>,
    current: Option<Stretch>,
}

impl Stretches {
    fn new(case_id: CaseId) -> Self {
        Self { case_id, done: Vec::new(), current: None }
    }

    /// From `at` on the case is `held`.
    fn turn(&mut self, at: Timestamp, held: Option<Held>) {
        if let (Some(current), Some(held)) = (&mut self.current, &held)
            && held.goes_on_from(current, at)
        {
            current.dormant_from = held.dormant_from;
            return;
        }
        self.end(at);
        self.current = held.map(|held| Stretch {
            case_id: self.case_id,
            from: at,
            until: None,
            programme: held.programme,
            worker: held.worker,
            team: held.team,
            is_high_risk: held.is_high_risk,
            dormant_from: held.dormant_from,
        });
    }

    fn end(&mut self, at: Timestamp) {
        if let Some(mut stretch) = self.current.take() {
            stretch.until = Some(at);
            // Never dormant in this stretch: when it would have been says nothing.
            stretch.dormant_from = stretch.dormant_from.filter(|from| *from < at);
            self.done.push(stretch);
        }
    }

    fn finish(mut self) -> Vec<Stretch> {
        self.done.extend(self.current);
        self.done
    }
}

impl Held {
    /// Whether one stretch can tell of both: nothing that is counted turns at `at`, as long as the
    /// case was not dormant before.
    fn goes_on_from(&self, stretch: &Stretch, at: Timestamp) -> bool {
        let not_yet = |from: Option<Timestamp>| from.is_none_or(|from| from >= at);
        self.programme == stretch.programme
            && self.worker == stretch.worker
            && self.team == stretch.team
            && self.is_high_risk == stretch.is_high_risk
            && (self.dormant_from == stretch.dormant_from
                || (not_yet(self.dormant_from) && not_yet(stretch.dormant_from)))
    }
}

#[cfg(test)]
mod tests {
    use throughline_domain::two_clocks::Reading;

    use super::*;
    use crate::testing::{
        Fact, allocated, assessed, attempted, case, closed, corrected, day, history, opened,
        referred, reopened, retracted,
    };

    fn lay(facts: impl IntoIterator<Item = Fact>, asked: &Asked) -> CaseWorkload {
        lay_out(case(1), &history(facts), asked, &Programmes::shipped())
    }

    fn now(facts: impl IntoIterator<Item = Fact>) -> CaseWorkload {
        lay(facts, &Asked::LATEST)
    }

    fn with(more: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
        opened("mrp", "2014-03-01").into_iter().chain(more).collect()
    }

    /// From, until, worker, high risk, dormant from.
    type Seen<'a> = (&'a str, Option<&'a str>, &'a str, bool, Option<&'a str>);

    #[track_caller]
    fn assert_stretches(laid_out: &CaseWorkload, expected: &[Seen<'_>]) {
        let seen: Vec<_> = laid_out
            .stretches
            .iter()
            .map(|s| (s.from, s.until, s.worker.as_str(), s.is_high_risk, s.dormant_from))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(from, until, worker, high, dormant)| {
                (day(from), until.map(day), *worker, *high, dormant.map(day))
            })
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_case_that_is_reached_in_time_is_one_stretch() {
        let laid_out = now(with([
            attempted("reached", "2014-04-01"),
            attempted("no_answer", "2014-05-01"),
            attempted("reached", "2014-06-01"),
        ]));
        assert_stretches(&laid_out, &[("2014-03-01", None, "w1", false, Some("2014-08-30"))]);
        assert_eq!(laid_out.contacts.len(), 3);
    }

    #[test]
    fn a_dormant_case_that_wakes_begins_a_stretch() {
        let laid_out = now(with([attempted("reached", "2014-07-01"), closed("2014-08-01")]));
        assert_stretches(
            &laid_out,
            &[
                ("2014-03-01", Some("2014-07-01"), "w1", false, Some("2014-05-30")),
                ("2014-07-01", Some("2014-08-01"), "w1", false, None),
            ],
        );
    }

    #[test]
    fn a_handover_a_level_a_closure_and_a_reopening_are_turns() {
        let laid_out = now(with([
            assessed("high", None, "2014-03-05"),
            allocated("w2", "2014-03-10"),
            closed("2014-03-20"),
            reopened("2014-04-20"),
        ]));
        assert_stretches(
            &laid_out,
            &[
                ("2014-03-01", Some("2014-03-05"), "w1", false, None),
                ("2014-03-05", Some("2014-03-10"), "w1", true, None),
                ("2014-03-10", Some("2014-03-20"), "w2", true, None),
                ("2014-04-20", None, "w2", true, Some("2014-07-19")),
            ],
        );
    }

    #[test]
    fn a_contact_is_that_of_whoever_had_the_case_or_had_it_last() {
        let laid_out = now([
            referred("mrp", "2014-03-01"),
            attempted("no_answer", "2014-03-02"),
            allocated("w1", "2014-03-03"),
            attempted("reached", "2014-03-04"),
            allocated("w2", "2014-03-05"),
            attempted("reached", "2014-03-05"),
            closed("2014-03-09"),
            attempted("reached", "2014-03-09"), // Noted after the closure, on the same day.
        ]);
        let workers: Vec<_> =
            laid_out.contacts.iter().map(|c| c.worker.as_ref().map(Code::as_str)).collect();
        assert_eq!(workers, [None, Some("w1"), Some("w2"), Some("w2")]);
        let reached = laid_out.contacts.iter().filter(|c| c.is_reached).count();
        assert_eq!(reached, 3);
    }

    #[test]
    fn what_was_known_and_what_was_recorded_are_told_apart() {
        let facts = || {
            with([
                assessed("high", None, "2014-03-05"), // The fourth.
                corrected(4, assessed("medium", None, "2014-03-06"), "2014-04-01"),
                allocated("w2", "2014-04-10"), // The sixth.
                retracted(6, "2014-04-20"),
            ])
        };
        assert_stretches(&now(facts()), &[("2014-03-01", None, "w1", false, Some("2014-05-30"))]);
        let known_then = Asked { known_at: day("2014-03-31"), ..Asked::LATEST };
        assert_stretches(
            &lay(facts(), &known_then),
            &[
                ("2014-03-01", Some("2014-03-05"), "w1", false, None),
                ("2014-03-05", None, "w1", true, Some("2014-05-30")),
            ],
        );
        let recorded = Asked { reading: Reading::Recorded, ..Asked::LATEST };
        assert_stretches(
            &lay(facts(), &recorded),
            &[
                ("2014-03-01", Some("2014-03-05"), "w1", false, None),
                ("2014-03-05", Some("2014-04-10"), "w1", true, None),
                ("2014-04-10", None, "w2", true, Some("2014-05-30")),
            ],
        );
    }

    #[test]
    fn read_as_recorded_a_late_assessment_overtakes_what_happened_after_it() {
        let mut facts =
            with([assessed("medium", None, "2014-03-20"), assessed("high", None, "2014-03-10")]);
        let recorded = Asked { reading: Reading::Recorded, ..Asked::LATEST };
        assert_stretches(
            &lay(facts.clone(), &recorded),
            &[
                ("2014-03-01", Some("2014-03-10"), "w1", false, None),
                ("2014-03-10", None, "w1", true, Some("2014-05-30")),
            ],
        );
        facts.push(closed("2014-04-01"));
        assert_stretches(
            &now(facts),
            &[
                ("2014-03-01", Some("2014-03-10"), "w1", false, None),
                ("2014-03-10", Some("2014-03-20"), "w1", true, None),
                ("2014-03-20", Some("2014-04-01"), "w1", false, None),
            ],
        );
    }

    #[test]
    fn a_case_not_referred_in_view_adds_nothing() {
        let before = Asked { as_of: day("2014-02-01"), ..Asked::LATEST };
        assert_eq!(lay(with([]), &before), CaseWorkload::default());
        assert_eq!(now([attempted("reached", "2014-03-01")]), CaseWorkload::default());
    }
}
