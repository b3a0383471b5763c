//! How risk went, each figure worked out by hand.

use throughline_domain::code_lists::RiskLevel::{High, Medium, Standard};
use throughline_domain::two_clocks::Reading;

use super::*;
use crate::durations::Days;
use crate::testing::{
    Fact, assessed, case, closed, corrected, day, event_id, history, opened, referred, reopened,
    retracted,
};

/// DOMAIN golden fact 1.
fn megan() -> Vec<Fact> {
    let mut facts = opened("mrp", "2014-03-01");
    facts.extend([
        assessed("medium", None, "2014-03-08"), // 4
        assessed("high", None, "2014-04-01"),
        assessed("medium", None, "2014-07-01"),
        assessed("high", None, "2014-12-01"),
        assessed("standard", None, "2015-01-01"), // 8
    ]);
    facts
}

fn at(as_of: &str) -> Asked {
    Asked { as_of: day(as_of), ..Asked::LATEST }
}

fn of_case(facts: &[Fact], asked: &Asked) -> CaseTrajectory {
    let as_of = asked.as_of.min(day("2015-07-31"));
    trajectory(&fold(case(1), &history(facts.to_vec()), asked), as_of)
}

/// Level, from, until, days.
type Seen<'a> = (RiskLevel, &'a str, Option<&'a str>, i64);

#[track_caller]
fn assert_spells(trajectory: &CaseTrajectory, expected: &[Seen<'_>]) {
    let seen: Vec<_> =
        trajectory.spells.iter().map(|s| (s.level, s.from, s.until, s.length)).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(level, from, until, days)| {
            (*level, day(from), until.map(day), Days::sum(i128::from(*days) * 86_400_000_000))
        })
        .collect();
    assert_eq!(seen, expected);
}

fn answer(question: Question<'_>, cases: &[Vec<Fact>], asked: &Asked) -> Trajectories {
    let mut answer = Answer::new(question);
    for (n, facts) in (1..).zip(cases) {
        let stretches = fold(case(n), &history(facts.clone()), asked);
        stretches.iter().rev().for_each(|stretch| answer.take(stretch));
    }
    answer.finish().unwrap()
}

fn question(as_of: &str) -> Question<'static> {
    Question { programme: None, role: None, area: None, as_of: day(as_of) }
}

#[test]
fn megans_journey_comes_back() {
    let trajectory = of_case(&megan(), &Asked::LATEST);
    assert_spells(
        &trajectory,
        &[
            (Medium, "2014-03-08", Some("2014-04-01"), 24),
            (High, "2014-04-01", Some("2014-07-01"), 91),
            (Medium, "2014-07-01", Some("2014-12-01"), 153),
            (High, "2014-12-01", Some("2015-01-01"), 31),
            (Standard, "2015-01-01", None, 211),
        ],
    );
    assert_eq!((trajectory.rises, trajectory.falls, trajectory.unchanged), (2, 2, 0));
    assert_eq!(trajectory.not_assessed.hundredths(), 700);
    assert_eq!(trajectory.spells[4].event_id, event_id(8));
    assert_eq!(of_case(&megan(), &at("2014-05-31")).spells.last().unwrap().level, High);
}

#[test]
fn a_level_that_is_confirmed_goes_on_with_its_spell() {
    let mut facts = opened("mrp", "2014-03-01");
    facts.extend([
        assessed("high", None, "2014-03-01"),
        assessed("high", None, "2014-04-01"),
        closed("2014-05-01"),
    ]);
    let trajectory = of_case(&facts, &Asked::LATEST);
    assert_spells(&trajectory, &[(High, "2014-03-01", Some("2014-05-01"), 61)]);
    assert_eq!((trajectory.unchanged, trajectory.spells[0].event_id), (1, event_id(4)));
}

#[test]
fn time_between_closure_and_reopening_does_not_count_and_the_level_is_taken_over() {
    let mut facts = opened("mrp", "2014-03-01");
    facts.extend([
        assessed("high", None, "2014-03-01"),
        closed("2014-04-01"),
        reopened("2014-06-01"),
        assessed("medium", None, "2014-06-11"),
    ]);
    let trajectory = of_case(&facts, &at("2014-06-21"));
    assert_spells(
        &trajectory,
        &[
            (High, "2014-03-01", Some("2014-04-01"), 31),
            (High, "2014-06-01", Some("2014-06-11"), 10),
            (Medium, "2014-06-11", None, 10),
        ],
    );
    assert_eq!(trajectory.spells[1].event_id, event_id(4));
    assert_eq!((trajectory.rises, trajectory.falls), (0, 1));
    assert!(of_case(&facts, &at("2014-05-01")).spells.iter().all(|spell| spell.until.is_some()));
}

#[test]
fn an_assessment_dated_outside_the_episode_moves_the_level_and_takes_no_time() {
    let facts = [
        assessed("medium", None, "2014-03-01"), // In March, as far as is known.
        referred("mrp", "2014-03-15"),
        closed("2014-06-10"),
        assessed("high", None, "2014-06-15"),
        reopened("2014-07-01"),
    ];
    let trajectory = of_case(&facts, &at("2014-07-11"));
    assert_spells(
        &trajectory,
        &[(Medium, "2014-03-15", Some("2014-06-10"), 87), (High, "2014-07-01", None, 10)],
    );
    assert_eq!((trajectory.rises, trajectory.falls), (1, 0));
    assert_eq!(trajectory.not_assessed.hundredths(), 0);
}

#[test]
fn corrections_are_looked_through_unless_read_as_recorded() {
    let mut facts = megan();
    facts.push(corrected(5, assessed("medium", None, "2014-04-01"), "2015-02-01"));
    facts.push(retracted(7, "2015-02-02"));
    let now = of_case(&facts, &Asked::LATEST);
    assert_spells(
        &now,
        &[(Medium, "2014-03-08", Some("2015-01-01"), 299), (Standard, "2015-01-01", None, 211)],
    );
    assert_eq!((now.rises, now.falls, now.unchanged), (0, 1, 2));
    let then = Asked { known_at: day("2015-01-31"), ..Asked::LATEST };
    assert_eq!(of_case(&facts, &then), of_case(&megan(), &Asked::LATEST));
    let recorded = Asked { reading: Reading::Recorded, ..Asked::LATEST };
    assert_eq!(of_case(&facts, &recorded), of_case(&megan(), &Asked::LATEST));
}

/// Megan; a case closed at high risk after twenty days; one not assessed; one of another programme.
fn cases() -> Vec<Vec<Fact>> {
    let mut closed_at_high = opened("mrp", "2014-03-01");
    closed_at_high.extend([assessed("high", None, "2014-03-11"), closed("2014-03-31")]);
    let mut drive = opened("drive", "2015-07-01");
    drive.push(assessed("high", None, "2015-07-01"));
    vec![megan(), closed_at_high, opened("mrp", "2015-07-21"), drive]
}

#[test]
fn many_cases_add_up() {
    let mrp = Question { programme: Some("mrp"), ..question("2015-07-31") };
    let figures = answer(mrp, &cases(), &Asked::LATEST);
    assert_eq!(figures.cases, 3);
    let seen = figures.levels.map(|l| (l.cases, l.spells, l.time.hundredths(), l.current));
    assert_eq!(seen, [(1, 1, 21_100, 1), (1, 2, 17_700, 0), (2, 3, 14_200, 0)]);
    let not_assessed = figures.not_assessed;
    assert_eq!((not_assessed.cases, not_assessed.current), (3, 1));
    assert_eq!(not_assessed.time.hundredths(), 2_700);
    assert_eq!(figures.matrix, [[0, 0, 0], [0, 0, 2], [1, 1, 0]]);
    assert_eq!((figures.rises(), figures.falls(), figures.unchanged()), (2, 2, 0));
    assert_eq!(figures.levels[0].current_length.unwrap().median.hundredths(), 21_100);

    let all = answer(question("2015-07-31"), &cases(), &Asked::LATEST);
    assert_eq!((all.cases, all.levels[2].current), (4, 1));
    let elsewhere = Question { area: Some("north"), ..question("2015-07-31") };
    assert_eq!(answer(elsewhere, &cases(), &Asked::LATEST).cases, 0);
    let role = Question { role: Some(CaseRole::Perpetrator), ..question("2015-07-31") };
    assert_eq!(answer(role, &cases(), &Asked::LATEST).cases, 0);
}

#[test]
fn rows_of_now_answer_for_any_earlier_date() {
    for as_of in ["2014-02-28", "2014-03-01", "2014-03-20", "2014-04-01", "2014-12-15"] {
        let question = question(as_of);
        let of_all = answer(question, &cases(), &Asked::LATEST);
        assert_eq!(of_all, answer(question, &cases(), &at(as_of)), "{as_of}");
    }
}

#[test]
fn a_case_not_referred_in_view_has_no_stretches() {
    assert!(fold(case(1), &history(megan()), &at("2014-02-28")).is_empty());
    assert!(
        fold(case(1), &history([assessed("high", None, "2014-03-01")]), &Asked::LATEST).is_empty()
    );
}
