//! Workloads and trajectories: the tables answer as the folds do, and both as the read models that
//! show one case, or one moment, do.

use jiff::{SignedDuration, Timestamp};
use throughline_domain::case::CaseState;
use throughline_domain::code_lists::{CaseRole, RiskLevel};
use throughline_domain::programme::Programmes;
use throughline_domain::two_clocks::{Asked, Reading};
use throughline_projections::{caseload, engagement_timeline, risk_trajectory, workload};
use tokio_postgres::Client;

use crate::present_equals_past::{Histories, PLACE, a_log};
use crate::random::Random;

fn t(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Dates before, among and after the facts of a random history, which lie in 2014 and 2015.
fn dates() -> [Timestamp; 4] {
    ["2013-12-31T00:00:00Z", "2014-06-01T00:00:00Z", "2015-03-17T12:00:00Z", "2016-02-01T00:00:00Z"]
        .map(t)
}

fn spans() -> [workload::Span; 3] {
    let (from, to) = (Some(t("2014-02-10T00:00:00Z")), Some(t("2015-06-01T00:00:00Z")));
    [
        workload::Span { step: workload::Step::Week, from, to },
        workload::Span { step: workload::Step::Month, from, to: None },
        workload::Span { step: workload::Step::Week, from: None, to: None },
    ]
}

/// Compares the tables with the folds; returns how many cases and contacts were counted.
pub(crate) async fn assert_workloads(client: &Client, histories: &Histories) -> u64 {
    let mut counted = 0;
    for as_of in dates() {
        for span in spans() {
            let Ok(steps) = span.steps(as_of) else { continue };
            for (programme, worker, after) in [
                (None, None, None),
                (Some("mrp"), None, Some("w1")),
                (None, Some("w2"), None),
                (Some("drive"), Some("nobody"), None),
            ] {
                let question = workload::Question {
                    programme,
                    team: None,
                    worker,
                    steps: &steps,
                    after,
                    limit: 2,
                };
                let read = workload::read(client, PLACE, question).await.unwrap();
                assert_eq!(read, series(histories, question, &Asked::LATEST), "{question:?}");
                counted += read.totals.iter().map(|t| t.load.cases + t.load.reached).sum::<u64>();
            }
        }
    }
    counted
}

fn series(
    histories: &Histories,
    question: workload::Question<'_>,
    asked: &Asked,
) -> workload::Workload {
    let mut answer = workload::Answer::new(question);
    for (id, history) in histories.iter().rev() {
        answer.take(&workload::fold(*id, history, asked, &Programmes::shipped()));
    }
    answer.finish().unwrap()
}

/// Compares the table with the folds; returns how many spells were counted.
pub(crate) async fn assert_trajectories(client: &Client, histories: &Histories) -> u64 {
    let mut counted = 0;
    for as_of in dates() {
        for (programme, role, area) in [
            (None, None, None),
            (Some("mrp"), None, None),
            (None, Some(CaseRole::Perpetrator), Some("north")),
        ] {
            let question = risk_trajectory::Question { programme, role, area, as_of };
            let read = risk_trajectory::read(client, PLACE, question).await.unwrap();
            let mut answer = risk_trajectory::Answer::new(question);
            for (id, history) in histories.iter().rev() {
                for stretch in risk_trajectory::fold(*id, history, &Asked::LATEST) {
                    answer.take(&stretch);
                }
            }
            assert_eq!(read, answer.finish().unwrap(), "{question:?}");
            counted += read.levels.iter().map(|level| level.spells).sum::<u64>();
        }
    }
    counted
}

/// The dates of a question, at random among the facts and their recording.
fn asked(random: &mut Random) -> Asked {
    let days = i64::try_from(random.below(800)).unwrap();
    let minutes = i64::try_from(random.below(320)).unwrap();
    Asked {
        as_of: t("2014-01-01T00:00:00Z") + SignedDuration::from_hours(24 * days),
        known_at: t("2016-01-01T00:00:00Z") + SignedDuration::from_mins(minutes),
        reading: random.one_of(&[Reading::Effective, Reading::Recorded]),
    }
}

/// A step of a series is a caseload: the very same cases, dormant and at risk, as `caseload` has when
/// it is asked as of the step's moment, whatever is known and however it is read.
#[test]
fn each_step_of_a_workload_is_the_caseload_of_its_moment() {
    let mut cases = 0;
    for seed in 1..=12 {
        let mut random = Random::seeded(seed);
        let (histories, _) = a_log(&mut random);
        for _ in 0..6 {
            let asked = asked(&mut random);
            let from = Some(asked.as_of - SignedDuration::from_hours(24 * 200));
            let span = workload::Span { step: workload::Step::Week, from, to: None };
            let steps = span.steps(asked.as_of).unwrap();
            for worker in ["w1", "w2", "w3"] {
                let question = workload::Question {
                    programme: None,
                    team: None,
                    worker: Some(worker),
                    steps: &steps,
                    after: None,
                    limit: 10,
                };
                let series = series(&histories, question, &asked);
                for (at, total) in steps.moments().zip(&series.totals) {
                    let then = caseload_of(&histories, worker, &Asked { as_of: at, ..asked });
                    let load = total.load;
                    let counted = (load.cases, load.dormant, load.high_risk);
                    assert_eq!(
                        counted,
                        (then.open, then.dormant, then.high_risk),
                        "{at} {asked:?}"
                    );
                    cases += load.cases;
                }
            }
        }
    }
    assert!(cases > 1000, "the histories have caseloads: {cases}");
}

fn caseload_of(histories: &Histories, worker: &str, asked: &Asked) -> caseload::Totals {
    let rows = histories.iter().filter_map(|(id, history)| {
        caseload::row(*id, &CaseState::at(history, asked), &Programmes::shipped())
    });
    let question = caseload::Question {
        worker: Some(worker),
        as_of: asked.as_of,
        after: None,
        limit: usize::MAX,
    };
    caseload::answer(rows, question).totals
}

/// At any moment of an episode the trajectory is at the level that the timeline's periods have, and,
/// read through corrections, the case itself.
#[test]
fn a_trajectory_is_at_the_level_of_the_timeline_and_of_the_case() {
    let mut compared = 0;
    for seed in 1..=12 {
        let mut random = Random::seeded(seed);
        let (histories, _) = a_log(&mut random);
        for _ in 0..6 {
            let asked = asked(&mut random);
            for (id, history) in &histories {
                let stretches = risk_trajectory::fold(*id, history, &asked);
                if stretches.is_empty() {
                    continue;
                }
                let current = stretches.iter().find(|s| s.is_current_at(asked.as_of));
                let level = current.and_then(|stretch| stretch.level);
                let question = engagement_timeline::Question {
                    case_id: *id,
                    as_of: asked.as_of,
                    after: None,
                    limit: 1,
                };
                let timeline = engagement_timeline::answer(history, &asked, question).unwrap();
                let (in_episode, expected) = of_periods(&timeline.periods);
                assert_eq!(current.is_some(), in_episode, "{asked:?}");
                assert_eq!(level, expected.filter(|_| in_episode), "{asked:?}");
                if asked.reading == Reading::Effective && in_episode {
                    let state = CaseState::at(history, &asked);
                    assert_eq!(level, state.risk.map(|risk| risk.level), "{asked:?}");
                }
                compared += u64::from(level.is_some());
            }
        }
    }
    assert!(compared > 100, "the histories have levels: {compared}");
}

/// Whether an episode goes on, and the level that holds.
fn of_periods(periods: &[engagement_timeline::Period]) -> (bool, Option<RiskLevel>) {
    use engagement_timeline::PeriodValue;
    let open = || periods.iter().filter(|period| period.to.is_none());
    let in_episode = open().any(|period| matches!(period.value, PeriodValue::Episode(_)));
    let level = open().find_map(|period| match period.value {
        PeriodValue::RiskLevel(level) => Some(level),
        PeriodValue::Episode(_) | PeriodValue::Worker(_) | PeriodValue::ContactBreak { .. } => None,
    });
    (in_episode, level)
}
