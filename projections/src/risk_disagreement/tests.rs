//! Who sees risk differently, each figure worked out by hand.

use serde_json::json;
use throughline_domain::code_lists::RiskLevel::{High, Medium};
use throughline_domain::two_clocks::Reading;

use super::*;
use crate::testing::{
    Fact, case, closed, corrected, day, event_id, fact, history, opened, reopened, retracted,
};

/// An assessment by a role of an organisation, with the person's own view when there is one.
fn by(assessor: &str, level: &str, own_view: Option<&str>, date: &str) -> Fact {
    let (role, organisation) = assessor.split_once('@').unwrap();
    let facts = json!({
        "instrument": "dash-safelives/2009", "level": level, "assessor_role": role,
        "source_organisation": organisation, "own_view": own_view,
    });
    fact("RiskAssessed", &facts, date)
}

fn opened_with<const N: usize>(assessments: [Fact; N]) -> Vec<Fact> {
    let mut facts = opened("mrp", "2014-01-01"); // 3 events
    facts.extend(assessments);
    facts
}

fn folded(facts: &[Fact], asked: &Asked) -> Option<Comparison> {
    fold(case(1), &history(facts.to_vec()), asked)
}

fn seen(comparison: &Comparison) -> Vec<(String, RiskLevel, EventId, u32)> {
    let view = |view: &View| {
        let organisation = view.assessor.organisation.as_ref().unwrap();
        let assessor = format!("{}@{organisation}", view.assessor.role);
        (assessor, view.level, view.event_id, view.assessments)
    };
    comparison.views.iter().map(view).collect()
}

const ALL: Question<'static> = Question { programme: None, role: None, area: None, status: None };

fn agreement(question: Question<'_>, cases: &[Vec<Fact>]) -> Agreement {
    let mut answer = Answer::new(question);
    for (n, facts) in (1..).zip(cases) {
        if let Some(comparison) = fold(case(n), &history(facts.clone()), &Asked::LATEST) {
            answer.take(&comparison);
        }
    }
    answer.finish().unwrap()
}

#[test]
fn the_latest_of_each_assessor_stand_side_by_side() {
    let facts = opened_with([
        by("officer@police", "high", None, "2014-01-02"),
        by("dva_worker@womens_aid", "high", None, "2014-01-05"),
        by("dva_worker@womens_aid", "medium", Some("disagrees"), "2014-02-05"),
    ]);
    let comparison = folded(&facts, &Asked::LATEST).unwrap();
    assert_eq!(
        seen(&comparison),
        [
            ("dva_worker@womens_aid".to_owned(), Medium, event_id(6), 2),
            ("officer@police".to_owned(), High, event_id(4), 1),
        ]
    );
    assert!(comparison.levels_differ() && comparison.person_disagrees());
    assert_eq!(comparison.since(), day("2014-02-05"));

    // In January they agreed.
    let then = Asked { as_of: day("2014-01-31"), ..Asked::LATEST };
    let comparison = folded(&facts, &then).unwrap();
    assert!(!comparison.is_disagreement() && comparison.views.len() == 2);
    let before = Asked { as_of: day("2014-01-01"), ..Asked::LATEST };
    assert_eq!(folded(&facts, &before), None);
}

#[test]
fn corrections_are_looked_through_unless_read_as_recorded() {
    let mut facts = opened_with([
        by("officer@police", "high", None, "2014-01-02"),
        by("idva@idvas", "medium", None, "2014-01-05"),
        by("idva@idvas", "high", None, "2014-01-09"),
    ]);
    facts.push(corrected(4, by("officer@police", "medium", None, "2014-01-02"), "2014-02-01"));
    facts.push(retracted(6, "2014-02-02"));
    let levels = |asked: &Asked| -> Vec<RiskLevel> {
        let comparison = folded(&facts, asked).unwrap();
        comparison.views.iter().map(|view| view.level).collect()
    };
    assert_eq!(levels(&Asked::LATEST), [Medium, Medium]);
    let known_then = Asked { known_at: day("2014-01-31"), ..Asked::LATEST };
    assert_eq!(levels(&known_then), [High, High]);
    let recorded = Asked { reading: Reading::Recorded, ..Asked::LATEST };
    assert_eq!(levels(&recorded), [High, High]);
}

#[test]
fn only_the_present_or_last_episode_is_compared() {
    let mut facts = opened_with([
        by("officer@police", "high", None, "2014-01-02"),
        by("idva@idvas", "medium", None, "2014-01-05"),
        closed("2014-03-01"),
    ]);
    assert!(folded(&facts, &Asked::LATEST).unwrap().levels_differ());
    facts.push(reopened("2014-05-01"));
    assert_eq!(folded(&facts, &Asked::LATEST), None);
    facts.push(by("idva@idvas", "high", None, "2014-05-02"));
    let comparison = folded(&facts, &Asked::LATEST).unwrap();
    assert_eq!(seen(&comparison), [("idva@idvas".to_owned(), High, event_id(8), 2)]);
}

/// Two that differ, one that agrees, one with one assessor and whose person disagrees, one with three
/// assessors, and one that nobody assessed.
fn cases() -> Vec<Vec<Fact>> {
    let idva = |level, own_view| by("idva@idvas", level, own_view, "2014-01-05");
    let officer = |level| by("officer@police", level, None, "2014-01-02");
    vec![
        opened_with([officer("high"), idva("medium", None)]),
        opened_with([officer("high"), idva("standard", Some("agrees"))]),
        opened_with([officer("medium"), idva("medium", Some("not_asked"))]),
        opened_with([idva("high", Some("disagrees"))]),
        opened_with([
            officer("medium"),
            idva("medium", Some("agrees")),
            by("officer@probation", "high", Some("not_asked"), "2014-01-07"),
        ]),
        opened("mrp", "2014-01-01"),
    ]
}

#[test]
fn agreement_is_counted_by_case_and_by_pair() {
    let figures = agreement(ALL, &cases());
    assert_eq!((figures.cases, figures.compared), (5, 4));
    assert_eq!((figures.agree, figures.differ, figures.disagreements), (1, 3, 4));
    let person = PersonSays { disagrees: 1, agrees: 2, not_asked: 1, not_recorded: 1 };
    assert_eq!(figures.person, person);

    let pairs: Vec<_> = figures
        .pairs
        .iter()
        .map(|pair| {
            let of = |assessor: &Assessor| assessor.organisation.as_ref().unwrap().to_string();
            (of(&pair.first), of(&pair.second), pair.matrix, pair.cases(), pair.agree())
        })
        .collect();
    let (idvas, police, probation) =
        ("idvas".to_owned(), "police".to_owned(), "probation".to_owned());
    assert_eq!(
        pairs,
        [
            // The Idva standard, medium, high; the police standard, medium, high.
            (idvas.clone(), police.clone(), [[0, 0, 1], [0, 2, 1], [0, 0, 0]], 4, 2),
            (idvas, probation.clone(), [[0, 0, 0], [0, 0, 1], [0, 0, 0]], 1, 0),
            (police, probation, [[0, 0, 0], [0, 0, 1], [0, 0, 0]], 1, 0),
        ]
    );
}

#[test]
fn only_the_cases_asked_about_count() {
    let of = |question| agreement(question, &cases()).cases;
    assert_eq!(of(Question { programme: Some("mrp"), ..ALL }), 5);
    assert_eq!(of(Question { programme: Some("drive"), ..ALL }), 0);
    assert_eq!(of(Question { area: Some("south"), ..ALL }), 5);
    assert_eq!(of(Question { area: Some("north"), ..ALL }), 0);
    assert_eq!(of(Question { role: Some(CaseRole::Perpetrator), ..ALL }), 0);
    assert_eq!(of(Question { status: Some(CaseStatus::Open), ..ALL }), 5);
    assert_eq!(of(Question { status: Some(CaseStatus::Closed), ..ALL }), 0);
}

#[test]
fn more_pairs_than_can_be_told_apart_are_refused() {
    let mut facts = opened("mrp", "2014-01-01");
    facts.extend((0..50).map(|n| by(&format!("idva@o{n}"), "high", None, "2014-01-02")));
    let comparison = folded(&facts, &Asked::LATEST).unwrap();
    let mut answer = Answer::new(ALL);
    answer.take(&comparison);
    assert!(matches!(answer.finish(), Err(crate::ReadError::TooWide { .. })));
}

#[test]
fn a_page_has_the_longest_standing_disagreements_first() {
    let cases = cases();
    let (mut after, mut listed) = (None, Vec::new());
    loop {
        let mut answer = PageAnswer::new(PageQuestion { question: ALL, after, limit: 2 });
        for (n, facts) in (1..).zip(&cases) {
            if let Some(comparison) = fold(case(n), &history(facts.clone()), &Asked::LATEST) {
                answer.take(comparison);
            }
        }
        let page = answer.finish();
        listed.extend(page.cases.iter().map(|comparison| comparison.case_id));
        after = page.cases.last().map(Comparison::page_key);
        if !page.more {
            break;
        }
    }
    assert_eq!(listed, [1, 2, 4, 5].map(case));
}

#[test]
fn shares_are_rounded_halves_up() {
    assert_eq!(permille(57, 111), Some(514));
    assert_eq!((permille(1, 16), permille(3, 16)), (Some(63), Some(188)));
    assert_eq!((permille(3, 3), permille(0, 3), permille(0, 0)), (Some(1000), Some(0), None));
}
