//! How agencies respond, each figure worked out by hand.

use serde_json::json;
use throughline_domain::two_clocks::{Asked, Reading};

use super::*;
use crate::durations::{Days, Spread};
use crate::testing::{
    Fact, allocated, case, closed, corrected, day, event_id, fact, history, opened, referred,
    retracted,
};

fn requested(agency: &str, due: Option<&str>, date: &str) -> Fact {
    let mut facts = json!({"agency": agency});
    if let Some(due) = due {
        facts["due_at"] = json!(day(due));
    }
    fact("InformationRequested", &facts, date)
}

/// A step that follows the n-th event of the history.
fn step(event_type: &str, n: u128, date: &str) -> Fact {
    fact(event_type, &json!({"request": event_id(n)}), date)
}

fn answered(n: u128, date: &str) -> Fact {
    step("InformationReceived", n, date)
}

fn chased(n: u128, date: &str) -> Fact {
    step("InformationChased", n, date)
}

fn escalated(n: u128, date: &str) -> Fact {
    step("InformationEscalated", n, date)
}

fn refused(n: u128, date: &str) -> Fact {
    step("InformationRefused", n, date)
}

/// A case of three events, opened on 1 March 2014, and what follows.
fn a_case(more: &[Fact]) -> Vec<Fact> {
    let mut facts = opened("drive", "2014-03-01");
    facts.extend_from_slice(more);
    facts
}

fn rows_at(facts: &[Fact], asked: &Asked) -> Vec<RequestRow> {
    requests(case(1), &history(facts.to_vec()), asked)
}

fn at(as_of: &str, known_at: &str) -> Asked {
    Asked { as_of: day(as_of), known_at: day(known_at), ..Asked::LATEST }
}

fn question(as_of: &str) -> Question<'static> {
    Question { programme: None, agency: None, from: None, to: None, as_of: day(as_of) }
}

fn responses(question: Question<'_>, rows: &[RequestRow]) -> Responses {
    let mut answer = Answer::new(question);
    rows.iter().rev().for_each(|row| answer.take(row));
    answer.finish().unwrap()
}

#[test]
fn a_request_is_followed_until_its_end() {
    let facts = a_case(&[
        requested("police", Some("2014-03-15"), "2014-03-05"), // 4
        chased(4, "2014-03-16"),
        chased(4, "2014-03-18"),
        escalated(4, "2014-03-20"),
        answered(4, "2014-03-25"),
    ]);
    let seen = |as_of| {
        let row = rows_at(&facts, &at(as_of, "2015-01-01")).pop().unwrap();
        (row.outcome, row.chases, row.escalations, row.is_overdue_at(day(as_of)))
    };
    assert!(rows_at(&facts, &at("2014-03-04", "2015-01-01")).is_empty());
    assert_eq!(seen("2014-03-15"), (Outcome::Open, 0, 0, false), "due, and not over");
    assert_eq!(seen("2014-03-16"), (Outcome::Open, 1, 0, true));
    assert_eq!(seen("2014-03-20"), (Outcome::Open, 2, 1, true));
    assert_eq!(seen("2014-03-25"), (Outcome::Answered, 2, 1, false));
    let row = rows_at(&facts, &Asked::LATEST).pop().unwrap();
    assert_eq!(row.last_chased_at, Some(day("2014-03-18")));
    assert_eq!(row.worker.as_ref().map(Code::as_str), Some("w1"));
}

#[test]
fn a_request_stays_open_when_its_case_closes_and_goes_with_its_case() {
    let facts = a_case(&[
        requested("police", Some("2014-03-15"), "2014-03-05"),
        allocated("w2", "2014-03-20"),
        closed("2014-04-01"),
    ]);
    let row = rows_at(&facts, &Asked::LATEST).pop().unwrap();
    assert!(row.is_overdue_at(day("2014-06-01")));
    assert_eq!(row.worker.as_ref().map(Code::as_str), Some("w2"));
    let without_referral = vec![requested("police", None, "2014-03-05")];
    assert_eq!(rows_at(&without_referral, &Asked::LATEST), []);
}

#[test]
fn the_first_end_counts_and_a_step_follows_its_own_request() {
    let facts = a_case(&[
        requested("police", None, "2014-03-05"),  // 4
        requested("housing", None, "2014-03-06"), // 5
        refused(5, "2014-03-08"),
        answered(5, "2014-03-09"),
        chased(4, "2014-03-10"),
        chased(99, "2014-03-10"), // Of no request here.
    ]);
    let [police, housing] = rows_at(&facts, &Asked::LATEST).try_into().unwrap();
    assert_eq!((police.agency, police.outcome, police.chases), (Agency::Police, Outcome::Open, 1));
    assert_eq!((housing.outcome, housing.chases), (Outcome::Refused, 0));
    assert_eq!(housing.ended_at, Some(day("2014-03-08")));
}

#[test]
fn amendments_and_late_facts_change_the_rows_from_when_they_are_known() {
    let facts = a_case(&[
        requested("police", Some("2014-03-15"), "2014-03-05"), // 4
        answered(4, "2014-04-01"),                             // 5
        corrected(4, requested("housing", Some("2014-04-15"), "2014-03-06"), "2014-04-10"),
        retracted(5, "2014-04-11"),
    ]);
    let seen = |asked: &Asked| {
        let row = rows_at(&facts, asked).pop().unwrap();
        (row.agency, row.outcome, row.requested_at, row.due_at)
    };
    let (fifth, due) = (day("2014-03-05"), Some(day("2014-03-15")));
    let first = (Agency::Police, Outcome::Answered, fifth, due);
    assert_eq!(seen(&at("2015-01-01", "2014-04-09")), first);
    let corrected =
        (Agency::Housing, Outcome::Answered, day("2014-03-06"), Some(day("2014-04-15")));
    assert_eq!(seen(&at("2015-01-01", "2014-04-10")), corrected);
    let (_, outcome, ..) = seen(&Asked::LATEST);
    assert_eq!(outcome, Outcome::Open);
    assert_eq!(seen(&Asked { reading: Reading::Recorded, ..Asked::LATEST }), first);
}

/// Four requests to the police, two of them answered, and one to housing.
fn some_rows() -> Vec<RequestRow> {
    rows_at(
        &a_case(&[
            requested("police", Some("2014-03-10"), "2014-03-05"), // 4
            requested("police", Some("2014-03-20"), "2014-03-06"), // 5
            requested("police", Some("2014-03-20"), "2014-03-07"), // 6
            requested("police", None, "2014-03-08"),               // 7
            requested("housing", Some("2014-03-09"), "2014-03-09"), // 8
            answered(4, "2014-03-15"),
            answered(5, "2014-03-10"),
            chased(6, "2014-03-21"),
            chased(6, "2014-03-22"),
            chased(7, "2014-03-22"),
            escalated(6, "2014-03-23"),
            refused(8, "2014-03-12"),
        ]),
        &Asked::LATEST,
    )
}

#[test]
fn each_agency_is_counted_and_all_together() {
    let responses = responses(question("2014-04-01"), &some_rows());
    let [police, housing] = responses.by_agency.as_slice() else { panic!("two agencies") };
    assert_eq!((police.agency, housing.agency), (Agency::Police, Agency::Housing));
    let expected = Figures {
        requests: 4,
        chases: 3,
        requests_chased: 2,
        escalations: 1,
        answered: 2,
        answered_late: 1,
        refused: 0,
        open: 2,
        overdue: 1,
        days_to_answer: police.figures.days_to_answer,
    };
    assert_eq!(police.figures, expected);
    // After 10 days and after 4: quartiles at 5.5, 7 and 8.5; the ninetieth percentile at 9.4.
    let Spread { mean, min, p25, median, p75, p90, max } = expected.days_to_answer.unwrap();
    let days = [mean, min, p25, median, p75, p90, max].map(Days::hundredths);
    assert_eq!(days, [700, 400, 550, 700, 850, 940, 1000]);
    let refused = Figures { requests: 1, refused: 1, ..Figures::default() };
    assert_eq!(housing.figures, refused);
    assert_eq!(responses.all, Figures { requests: 5, refused: 1, ..expected });
}

#[test]
fn overdue_depends_on_the_date_asked_about() {
    let overdue = |as_of| responses(question(as_of), &some_rows()).all.overdue;
    assert_eq!((overdue("2014-03-20"), overdue("2014-03-21")), (0, 1));
}

#[test]
fn a_question_is_about_its_window_and_filters_alone() {
    let all = question("2014-04-01");
    let count = |question| responses(question, &some_rows()).all.requests;
    assert_eq!(count(all), 5);
    assert_eq!(count(Question { from: Some(day("2014-03-07")), ..all }), 3);
    assert_eq!(count(Question { to: Some(day("2014-03-07")), ..all }), 2);
    assert_eq!(count(Question { agency: Some(Agency::Housing), ..all }), 1);
    assert_eq!(count(Question { programme: Some("drive"), ..all }), 5);
    assert_eq!(count(Question { programme: Some("mrp"), ..all }), 0);
}

#[test]
fn a_page_of_overdue_requests_begins_with_the_longest_overdue() {
    let mut all = Vec::new();
    for (n, due) in [(3, "2014-03-15"), (1, "2014-03-20"), (2, "2014-03-15"), (4, "2014-04-01")] {
        let facts = a_case(&[requested("police", Some(due), "2014-03-05")]);
        all.extend(requests(case(n), &history(facts), &Asked::LATEST));
    }
    all.extend(some_rows().into_iter().filter(|row| row.outcome != Outcome::Open));
    let ask = |question: OverdueQuestion<'_>| {
        let mut answer = OverdueAnswer::new(question);
        for row in &all {
            answer.take(row.clone());
        }
        let page = answer.finish();
        (page.rows.iter().map(|row| row.case_id).collect::<Vec<_>>(), page)
    };
    let first = OverdueQuestion {
        programme: None,
        agency: None,
        worker: None,
        as_of: day("2014-04-01"),
        after: None,
        limit: 2,
    };
    let (ids, page) = ask(first);
    assert_eq!((ids, page.more), (vec![case(2), case(3)], true));
    let after = page.rows.last().unwrap().overdue_key(first.as_of);
    let (ids, page) = ask(OverdueQuestion { after, ..first });
    assert_eq!((ids, page.more), (vec![case(1)], false));
    assert_eq!(ask(OverdueQuestion { worker: Some("w1"), limit: 9, ..first }).0.len(), 3);
    assert_eq!(ask(OverdueQuestion { worker: Some("w2"), ..first }).0, []);
    assert_eq!(ask(OverdueQuestion { agency: Some(Agency::Housing), ..first }).0, []);
    assert_eq!(ask(OverdueQuestion { programme: Some("mrp"), ..first }).0, []);
}

#[test]
fn a_referral_that_is_not_in_view_has_no_requests() {
    let facts = vec![referred("drive", "2014-03-10"), requested("police", None, "2014-03-05")];
    assert_eq!(rows_at(&facts, &at("2014-03-07", "2015-01-01")), []);
    assert_eq!(rows_at(&facts, &Asked::LATEST).len(), 1);
}
