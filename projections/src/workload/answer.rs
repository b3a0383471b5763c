//! A series of workloads out of stretches and contacts, which may come in any order: the answer for
//! any dates, and the counting for the present.

use std::collections::BTreeMap;

use jiff::Timestamp;
use throughline_domain::code::Code;

use super::{CaseWorkload, Contact, Steps, Stretch};
use crate::ReadError;

/// The most workers that a question may be about: with [`super::STEPS_MAX`] steps, some tens of
/// megabytes while it is counted.
pub const WORKERS_MAX: usize = 5_000;

/// Whose workload is asked for, over which steps, and which page of the workers.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Cases of one programme only.
    pub programme: Option<&'a str>,
    /// What was done while a worker was in one team only.
    pub team: Option<&'a str>,
    /// One worker only.
    pub worker: Option<&'a str>,
    /// The steps of the series.
    pub steps: &'a Steps,
    /// The last worker of the page before.
    pub after: Option<&'a str>,
    /// The most workers of a page.
    pub limit: usize,
}

/// One page of workers, with the totals of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// By worker: those who had a case at the end of some step, or made a contact in one.
    pub workers: Vec<WorkerLoad>,
    /// Of all workers, not the page: one for each step.
    pub totals: Vec<Total>,
    /// Whether another page follows.
    pub more: bool,
}

/// One worker's series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerLoad {
    /// The worker.
    pub worker: Code,
    /// One for each step.
    pub loads: Vec<Load>,
}

/// What one step comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Cases on the caseload at the step's end.
    pub cases: u64,
    /// Of them, dormant.
    pub dormant: u64,
    /// Of them, at high risk.
    pub high_risk: u64,
    /// Attempts to reach a person made in the step.
    pub attempts: u64,
    /// Of them, those that reached the person.
    pub reached: u64,
}

/// What one step comes to for all workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// Workers with a case at the step's end.
    pub workers: u64,
    /// What they have and did together.
    pub load: Load,
    /// Attempts made while nobody had the case yet.
    pub attempts_of_nobody: u64,
    /// Of them, those that reached the person.
    pub reached_of_nobody: u64,
}

/// Gathers a series row by row, keeping counts only.
#[derive(Debug)]
pub struct Answer<'a> {
    question: Question<'a>,
    moments: Vec<Timestamp>,
    workers: BTreeMap<Code, Vec<Load>>,
    /// Attempts and successes of nobody, step by step.
    of_nobody: Vec<(u64, u64)>,
    too_many: bool,
}

impl<'a> Answer<'a> {
    /// Begins with no rows.
    #[must_use]
    pub fn new(question: Question<'a>) -> Self {
        Self {
            question,
            moments: question.steps.moments().collect(),
            workers: BTreeMap::new(),
            of_nobody: vec![(0, 0); question.steps.len()],
            too_many: false,
        }
    }

    /// Takes one case of the tenant.
    pub fn take(&mut self, case: &CaseWorkload) {
        case.stretches.iter().for_each(|stretch| self.take_stretch(stretch));
        case.contacts.iter().for_each(|contact| self.take_contact(contact));
    }

    /// Takes one stretch, asked about or not.
    pub fn take_stretch(&mut self, stretch: &Stretch) {
        if !self.is_about(&stretch.programme, Some(&stretch.worker), stretch.team.as_ref()) {
            return;
        }
        let begun = self.moments.partition_point(|at| *at < stretch.from);
        let ended = stretch
            .until
            .map_or(self.moments.len(), |until| self.moments.partition_point(|at| *at < until));
        if begun >= ended {
            return;
        }
        let dormant = stretch
            .dormant_from
            .map_or(ended, |from| self.moments.partition_point(|at| *at < from));
        let Some(loads) = self.loads(&stretch.worker) else {
            return;
        };
        for (place, load) in loads.iter_mut().enumerate().take(ended).skip(begun) {
            load.cases += 1;
            load.dormant += u64::from(place >= dormant);
            load.high_risk += u64::from(stretch.is_high_risk);
        }
    }

    /// Takes one contact, asked about or not.
    pub fn take_contact(&mut self, contact: &Contact) {
        let Some(place) = self.question.steps.place(contact.occurred_at) else {
            return;
        };
        if !self.is_about(&contact.programme, contact.worker.as_ref(), contact.team.as_ref()) {
            return;
        }
        let reached = u64::from(contact.is_reached);
        let Some(worker) = &contact.worker else {
            let (attempts, successes) = &mut self.of_nobody[place];
            *attempts += 1;
            *successes += reached;
            return;
        };
        if let Some(loads) = self.loads(worker) {
            loads[place].attempts += 1;
            loads[place].reached += reached;
        }
    }

    /// The page, and the totals.
    ///
    /// # Errors
    /// [`ReadError::TooWide`] beyond [`WORKERS_MAX`].
    pub fn finish(self) -> Result<Workload, ReadError> {
        if self.too_many {
            return Err(ReadError::TooWide { parameter: "worker", counted_max: WORKERS_MAX });
        }
        let totals = self.totals();
        let Question { after, limit, .. } = self.question;
        let mut page = self
            .workers
            .into_iter()
            .skip_while(|(worker, _)| after.is_some_and(|after| worker.as_str() <= after));
        let workers = page.by_ref().take(limit);
        Ok(Workload {
            workers: workers.map(|(worker, loads)| WorkerLoad { worker, loads }).collect(),
            totals,
            more: page.next().is_some(),
        })
    }

    fn is_about(&self, programme: &Code, worker: Option<&Code>, team: Option<&Code>) -> bool {
        let is = |asked: Option<&str>, code: Option<&Code>| {
            asked.is_none_or(|asked| code.is_some_and(|code| code.as_str() == asked))
        };
        is(self.question.programme, Some(programme))
            && is(self.question.worker, worker)
            && is(self.question.team, team)
    }

    /// A worker's series; `None` when there are too many workers.
    fn loads(&mut self, worker: &Code) -> Option<&mut Vec<Load>> {
        if !self.workers.contains_key(worker) {
            if self.workers.len() == WORKERS_MAX {
                self.too_many = true;
                return None;
            }
            self.workers.insert(worker.clone(), vec![Load::default(); self.moments.len()]);
        }
        self.workers.get_mut(worker)
    }

    fn totals(&self) -> Vec<Total> {
        let mut totals = vec![Total::default(); self.moments.len()];
        for (total, of_nobody) in totals.iter_mut().zip(&self.of_nobody) {
            (total.attempts_of_nobody, total.reached_of_nobody) = *of_nobody;
        }
        for loads in self.workers.values() {
            for (total, load) in totals.iter_mut().zip(loads) {
                total.workers += u64::from(load.cases > 0);
                total.load.add(*load);
            }
        }
        totals
    }
}

impl Load {
    fn add(&mut self, other: Self) {
        let Self { cases, dormant, high_risk, attempts, reached } = other;
        self.cases += cases;
        self.dormant += dormant;
        self.high_risk += high_risk;
        self.attempts += attempts;
        self.reached += reached;
    }

    /// Cases that are not dormant.
    #[must_use]
    pub fn active(self) -> u64 {
        self.cases - self.dormant
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use throughline_domain::programme::Programmes;
    use throughline_domain::two_clocks::Asked;

    use super::*;
    use crate::testing::{
        Fact, allocated, assessed, attempted, case, closed, day, fact, history, opened, reopened, t,
    };
    use crate::workload::{Span, Step, fold};

    /// Months of 2014, from March to the first of July.
    fn steps() -> Steps {
        let span = Span { step: Step::Month, from: Some(day("2014-03-01")), to: None };
        span.steps(t("2014-07-01T12:00:00Z")).unwrap()
    }

    fn ask(steps: &Steps) -> Question<'_> {
        Question { programme: None, team: None, worker: None, steps, after: None, limit: 10 }
    }

    fn answer(question: Question<'_>, cases: &[Vec<Fact>]) -> Workload {
        let mut answer = Answer::new(question);
        for (n, facts) in (1..).zip(cases) {
            answer.take(&fold(
                case(n),
                &history(facts.clone()),
                &Asked::LATEST,
                &Programmes::shipped(),
            ));
        }
        answer.finish().unwrap()
    }

    fn an_opened(more: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
        opened("mrp", "2014-03-01").into_iter().chain(more).collect()
    }

    /// Three cases: one handed over, one closed and reopened, one of another programme and team.
    fn cases() -> Vec<Vec<Fact>> {
        let other = fact("CaseAllocated", &json!({"worker": "w3", "team": "t3"}), "2014-05-01");
        vec![
            an_opened([assessed("high", None, "2014-04-02"), allocated("w2", "2014-05-01")]),
            an_opened([
                attempted("reached", "2014-03-31"),
                attempted("no_answer", "2014-04-01"),
                closed("2014-04-30"),
                reopened("2014-06-30"),
            ]),
            opened("drive", "2014-03-01").into_iter().chain([other]).collect(),
        ]
    }

    fn series(workload: &Workload, worker: &str) -> Vec<[u64; 5]> {
        let of = workload.workers.iter().find(|w| w.worker.as_str() == worker).unwrap();
        let load = |l: &Load| [l.cases, l.dormant, l.high_risk, l.attempts, l.reached];
        of.loads.iter().map(load).collect()
    }

    #[test]
    fn each_step_counts_the_caseload_at_its_end_and_the_contacts_in_it() {
        let steps = steps();
        let workload = answer(ask(&steps), &cases());
        assert_eq!(
            series(&workload, "w1"),
            // Drive's cases fall dormant sixty days after the referral, on the 30th of April.
            [[3, 0, 0, 1, 1], [2, 1, 1, 1, 0], [0; 5], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]],
        );
        // Never reached: dormant ninety days after the referral, on the 30th of May.
        assert_eq!(series(&workload, "w2")[1..4], [[0; 5], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]);
        let workers: Vec<u64> = workload.totals.iter().map(|total| total.workers).collect();
        assert_eq!(workers, [1, 1, 2, 3, 3]);
        let cases: Vec<u64> = workload.totals.iter().map(|total| total.load.cases).collect();
        assert_eq!(cases, [3, 2, 2, 3, 3]);
    }

    #[test]
    fn a_question_can_be_about_one_programme_one_team_or_one_worker() {
        let steps = steps();
        let cases_of = |question| -> Vec<u64> {
            answer(question, &cases()).totals.iter().map(|total| total.load.cases).collect()
        };
        assert_eq!(cases_of(Question { programme: Some("drive"), ..ask(&steps) }), [1; 5]);
        assert_eq!(cases_of(Question { team: Some("t3"), ..ask(&steps) }), [0, 0, 1, 1, 1]);
        assert_eq!(cases_of(Question { worker: Some("w2"), ..ask(&steps) }), [0, 0, 1, 1, 1]);
        assert_eq!(cases_of(Question { worker: Some("w9"), ..ask(&steps) }), [0; 5]);
    }

    #[test]
    fn a_contact_before_anybody_had_the_case_is_nobodys() {
        let steps = steps();
        let mut facts = vec![crate::testing::referred("mrp", "2014-03-01")];
        facts.push(attempted("reached", "2014-03-02"));
        let workload = answer(ask(&steps), &[facts.clone()]);
        assert!(workload.workers.is_empty());
        let total = workload.totals[0];
        assert_eq!((total.attempts_of_nobody, total.reached_of_nobody), (1, 1));
        let of_w1 = answer(Question { worker: Some("w1"), ..ask(&steps) }, &[facts]);
        assert_eq!(of_w1.totals[0], Total::default());
    }

    #[test]
    fn pages_of_workers_carry_the_totals_of_all() {
        let steps = steps();
        let whole = answer(ask(&steps), &cases());
        let page = |after, limit| answer(Question { after, limit, ..ask(&steps) }, &cases());
        let (first, second) = (page(None, 2), page(Some("w2"), 2));
        assert!(first.more && !second.more);
        assert_eq!((&first.totals, &second.totals), (&whole.totals, &whole.totals));
        assert_eq!([first.workers, second.workers].concat(), whole.workers);
    }

    #[test]
    fn more_workers_than_are_counted_are_refused() {
        let steps = steps();
        let mut answer = Answer::new(ask(&steps));
        let one = fold(case(1), &history(an_opened([])), &Asked::LATEST, &Programmes::shipped());
        for n in 0..=WORKERS_MAX {
            let worker: Code = format!("w{n}").parse().unwrap();
            answer.take_stretch(&Stretch { worker, ..one.stretches[0].clone() });
        }
        assert!(matches!(answer.finish(), Err(ReadError::TooWide { .. })));
    }
}
