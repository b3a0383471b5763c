//! What became of referrals, each figure worked out by hand.

use serde_json::json;
use throughline_domain::code_lists::{DeclineReason, ReferralSource};
use throughline_domain::two_clocks::{Asked, Reading};

use super::*;
use crate::durations::{Days, Spread};
use crate::testing::{
    Fact, attempted, case, closed, corrected, day, fact, history, opened, reopened, retracted,
};

const MRP: Question<'_> =
    Question { programme: "mrp", role: None, area: None, source: None, from: None, to: None };

/// A referral of 1 March 2014 whose latest incident was on 1 February.
fn referred(area: &str, source: &str) -> Fact {
    let facts = json!({
        "person_id": uuid::Uuid::from_u128(7), "programme": "mrp", "programme_version": 1,
        "role": "victim_survivor", "area": area, "source": source,
        "latest_incident_at": "2014-02-01T00:00:00Z",
    });
    fact("ReferralReceived", &facts, "2014-03-01")
}

fn accepted(date: &str) -> Fact {
    fact("ReferralAccepted", &json!({}), date)
}

fn declined(reason: &str, date: &str) -> Fact {
    fact("ReferralDeclined", &json!({"reason": reason}), date)
}

fn waitlisted(date: &str) -> Fact {
    fact("ReferralWaitlisted", &json!({}), date)
}

fn at(as_of: &str, known_at: &str) -> Asked {
    Asked { as_of: day(as_of), known_at: day(known_at), ..Asked::LATEST }
}

fn a_row(facts: &[Fact], asked: &Asked) -> ReferralRow {
    row(case(1), &history(facts.to_vec()), asked).unwrap()
}

fn pipeline(question: Question<'_>, cases: &[Vec<Fact>], asked: &Asked) -> Pipeline {
    let mut answer = Answer::new(question);
    for facts in cases.iter().rev() {
        if let Some(row) = row(case(1), &history(facts.clone()), asked) {
            answer.take(&row);
        }
    }
    answer.finish().unwrap()
}

#[test]
fn the_decision_is_the_last_in_view() {
    let life = [
        referred("south", "police"),
        waitlisted("2014-03-05"),
        declined("stale_list", "2014-04-01"),
    ];
    let decided = |as_of| {
        let row = a_row(&life, &at(as_of, "2015-01-01"));
        (row.decision, row.decided_at)
    };
    assert_eq!(decided("2014-03-04"), (Decision::Pending, None));
    assert_eq!(decided("2014-03-05"), (Decision::Waiting, None));
    let declined = Decision::Declined(DeclineReason::StaleList);
    assert_eq!(decided("2014-04-01"), (declined, Some(day("2014-04-01"))));
    assert_eq!(row(case(1), &history(life.to_vec()), &at("2014-02-28", "2015-01-01")), None);
}

#[test]
fn a_case_that_is_closed_and_reopened_is_one_referral_still_accepted() {
    let mut life = opened("mrp", "2014-03-01");
    life.extend([closed("2014-06-01"), reopened("2014-09-01"), attempted("reached", "2014-09-02")]);
    let row = a_row(&life, &Asked::LATEST);
    assert_eq!(row.decision, Decision::Accepted);
    assert_eq!(row.first_reached_at, Some(day("2014-09-02")), "in the second episode");
}

#[test]
fn the_first_attempt_is_the_earliest_however_late_it_is_told() {
    let life = [
        referred("south", "police"),
        accepted("2014-03-02"),
        attempted("reached", "2014-03-20"),
        attempted("no_answer", "2014-03-10"), // Recorded after the one before.
    ];
    for reading in [Reading::Effective, Reading::Recorded] {
        let row = a_row(&life, &Asked { reading, ..Asked::LATEST });
        assert_eq!(row.first_attempt_at, Some(day("2014-03-10")), "{reading:?}");
        assert_eq!(row.first_reached_at, Some(day("2014-03-20")), "{reading:?}");
    }
    let before = a_row(&life, &at("2015-01-01", "2014-03-20"));
    assert_eq!(before.first_attempt_at, Some(day("2014-03-20")), "as it was known then");
}

#[test]
fn amendments_change_the_row_from_when_they_are_known() {
    let life = [
        referred("south", "police"),
        accepted("2014-03-02"),
        attempted("reached", "2014-03-10"),
        corrected(3, attempted("no_answer", "2014-03-11"), "2014-04-01"),
        corrected(1, referred("north", "health"), "2014-04-02"),
        retracted(3, "2014-04-03"),
    ];
    let row_at = |known_at| a_row(&life, &at("2015-01-01", known_at));
    let first = row_at("2014-03-31");
    assert_eq!((first.area.as_str(), first.source), ("south", ReferralSource::Police));
    assert_eq!(first.first_reached_at, Some(day("2014-03-10")));
    let corrected = row_at("2014-04-02");
    assert_eq!((corrected.area.as_str(), corrected.source), ("north", ReferralSource::Health));
    let contacts = (corrected.first_attempt_at, corrected.first_reached_at);
    assert_eq!(contacts, (Some(day("2014-03-11")), None));
    assert_eq!(row_at("2014-04-03").first_attempt_at, None);
}

/// Source: MRP report, section 4.1: 111 referrals, city 40 (36.0%), north 34 (30.6%), south 37
/// (33.3%).
#[test]
fn the_published_referrals_by_area_are_given_back() {
    let published = [("city", 40, 360), ("north", 34, 306), ("south", 37, 333)];
    let mut cases = Vec::new();
    for (area, count, _) in published {
        cases.extend(std::iter::repeat_n(vec![referred(area, "police")], count));
    }
    let pipeline = pipeline(MRP, &cases, &Asked::LATEST);
    assert_eq!(pipeline.all.referrals, 111);
    let groups: Vec<_> = pipeline
        .by_area
        .iter()
        .map(|group| (group.key.as_str(), group.figures.referrals, group.permille))
        .collect();
    assert_eq!(groups, published.map(|(area, count, share)| (area, count as u64, share)));
}

/// Source: Stepping Out report: 400 referrals, 48% of them from the council, 22% from the women
/// themselves, 7% from the police.
#[test]
fn the_published_sources_are_given_back() {
    let published =
        [("council_or_childrens_social_care", 192), ("self", 88), ("police", 28), ("idva", 92)];
    let cases: Vec<_> = published
        .into_iter()
        .flat_map(|(source, n)| std::iter::repeat_n(vec![referred("south", source)], n))
        .collect();
    let groups = pipeline(MRP, &cases, &Asked::LATEST).by_source;
    let shares: Vec<_> = groups.iter().map(|g| (g.key.to_string(), g.permille)).collect();
    let expected =
        [("council_or_childrens_social_care", 480), ("self", 220), ("police", 70), ("idva", 230)];
    assert_eq!(shares, expected.map(|(source, share)| (source.to_owned(), share)));
}

fn days(spread: Option<Spread>) -> [i64; 5] {
    let Spread { mean, p25, median, p75, p90, .. } = spread.unwrap();
    [mean, p25, median, p75, p90].map(Days::hundredths)
}

/// Reached after 4, 10 and 19 days, tried in vain, not tried, declined: by hand.
#[test]
fn waits_are_measured_and_those_who_still_wait_are_counted() {
    let of = |more: &[Fact]| {
        let mut life = vec![referred("south", "police"), accepted("2014-03-02")];
        life.extend_from_slice(more);
        life
    };
    let cases = [
        of(&[attempted("reached", "2014-03-05")]),
        of(&[attempted("no_answer", "2014-03-03"), attempted("reached", "2014-03-11")]),
        of(&[attempted("reached", "2014-03-20")]),
        of(&[attempted("left_message", "2014-03-02")]),
        of(&[]),
        vec![referred("south", "police"), declined("no_capacity", "2014-03-31")],
        opened("mrp", "2014-03-01"), // No incident is named.
    ];
    let Waits {
        incident_to_referral,
        referral_to_decision,
        incident_to_first_attempt,
        incident_to_first_reach,
        referral_to_first_attempt,
        referral_to_first_reach,
    } = pipeline(MRP, &cases, &Asked::LATEST).all.waits;

    let counts =
        |wait: &Wait| [wait.known, wait.not_yet, wait.not_yet_declined, wait.beginning_unknown];
    assert_eq!(counts(&incident_to_referral), [6, 0, 0, 1]);
    assert_eq!(days(incident_to_referral.days), [2800; 5], "February 2014");
    assert_eq!(counts(&referral_to_decision), [7, 0, 0, 0]);
    // 0, 1 five times, 30: the mean is 35 / 7; the ninetieth percentile lies at place 5.4.
    assert_eq!(days(referral_to_decision.days), [500, 100, 100, 100, 1260]);
    assert_eq!(counts(&referral_to_first_attempt), [4, 3, 1, 0]);
    // 1, 2, 4, 19: the mean is 26 / 4; places 0.75, 1.5, 2.25 and 2.7.
    assert_eq!(days(referral_to_first_attempt.days), [650, 175, 300, 775, 1450]);
    assert_eq!(counts(&referral_to_first_reach), [3, 4, 1, 0]);
    // 4, 10, 19: the mean is 33 / 3; places 0.5, 1, 1.5 and 1.8.
    assert_eq!(days(referral_to_first_reach.days), [1100, 700, 1000, 1450, 1720]);
    assert_eq!(counts(&incident_to_first_attempt), [4, 2, 1, 1]);
    assert_eq!(days(incident_to_first_attempt.days), [3450, 2975, 3100, 3575, 4250]);
    assert_eq!(counts(&incident_to_first_reach), [3, 3, 1, 1]);
    assert_eq!(days(incident_to_first_reach.days), [3900, 3500, 3800, 4250, 4520]);
}

#[test]
fn a_wait_that_ends_before_it_begins_is_no_days_long() {
    // "In March", of a referral known to the moment.
    let life = [referred("south", "police"), attempted("reached", "2014-02-20")];
    let wait = pipeline(MRP, &[life.to_vec()], &Asked::LATEST).all.waits.referral_to_first_reach;
    assert_eq!((wait.known, days(wait.days)), (1, [0; 5]));
}

#[test]
fn decisions_are_counted_and_each_reason_to_decline_apart() {
    let cases = [
        vec![referred("south", "police"), declined("stale_list", "2014-04-01")],
        vec![referred("south", "police"), declined("out_of_area", "2014-04-01")],
        vec![referred("south", "police"), declined("out_of_area", "2014-04-02")],
        vec![referred("south", "police"), waitlisted("2014-04-01")],
        vec![referred("south", "police")],
        vec![referred("south", "police"), accepted("2014-04-01")],
    ];
    let pipeline = pipeline(MRP, &cases, &Asked::LATEST);
    let expected = Decisions { pending: 1, waiting: 1, accepted: 1, declined: 3 };
    assert_eq!((pipeline.all.referrals, pipeline.all.decisions), (6, expected));
    let groups: Vec<_> =
        pipeline.by_decision.iter().map(|g| (g.key, g.figures.referrals, g.permille)).collect();
    let expected = [
        (Decision::Pending, 1, 167),
        (Decision::Waiting, 1, 167),
        (Decision::Accepted, 1, 167),
        (Decision::Declined(DeclineReason::OutOfArea), 2, 333),
        (Decision::Declined(DeclineReason::StaleList), 1, 167),
    ];
    assert_eq!(groups, expected);
}

#[test]
fn a_question_is_about_its_window_and_filters_alone() {
    let cases = [
        vec![referred("south", "police")],
        vec![referred("north", "health")],
        opened("drive", "2014-03-01"),
        opened("mrp", "2014-03-02"),
    ];
    let count = |question| pipeline(question, &cases, &Asked::LATEST).all.referrals;
    let (first, second) = (day("2014-03-01"), day("2014-03-02"));
    assert_eq!(count(MRP), 3);
    assert_eq!(count(Question { from: Some(second), ..MRP }), 1);
    assert_eq!(count(Question { to: Some(second), ..MRP }), 2, "the end is not in the window");
    assert_eq!(count(Question { from: Some(first), to: Some(first), ..MRP }), 0);
    assert_eq!(count(Question { area: Some("south"), ..MRP }), 2);
    assert_eq!(count(Question { source: Some(ReferralSource::Health), ..MRP }), 1);
    assert_eq!(count(Question { role: Some(CaseRole::Perpetrator), ..MRP }), 0);
    assert_eq!(count(Question { programme: "drive", ..MRP }), 1);
    let none = pipeline(Question { programme: "safe-steps", ..MRP }, &cases, &Asked::LATEST);
    assert_eq!(none.all, Figures::default());
    assert!(none.by_source.is_empty() && none.by_area.is_empty() && none.by_decision.is_empty());
}

#[test]
fn more_than_can_be_counted_is_refused() {
    let one = a_row(&[referred("south", "police")], &Asked::LATEST);
    let mut answer = Answer::new(MRP);
    for _ in 0..REFERRALS_MAX {
        answer.take(&one);
    }
    answer.take(&ReferralRow { programme: "drive".parse().unwrap(), ..one.clone() });
    let mut one_more = Answer::new(MRP);
    for _ in 0..=REFERRALS_MAX {
        one_more.take(&one);
    }
    assert_eq!(answer.finish().unwrap().all.referrals, REFERRALS_MAX as u64);
    assert!(matches!(one_more.finish(), Err(crate::ReadError::TooMany { .. })));
}

/// A referral made under a version of a definition, and of its criteria.
fn under(programme_version: u16, version: Option<u16>) -> Fact {
    let (mut event, at) = referred("south", "police");
    if let CaseEvent::ReferralReceived(facts) = &mut event {
        (facts.programme_version, facts.criteria_version) = (programme_version, version);
    }
    (event, at)
}

#[test]
fn referrals_are_told_apart_by_the_criteria_that_they_were_made_under() {
    let cases = [
        vec![under(1, Some(1)), accepted("2014-04-01")],
        vec![under(1, Some(1)), declined("out_of_area", "2014-04-01")],
        vec![under(1, Some(2)), declined("criteria_not_met", "2014-11-01")],
        vec![under(1, Some(2)), declined("out_of_area", "2014-11-01")],
        vec![under(1, Some(2)), declined("criteria_not_met", "2014-11-02")],
        // Recorded before referrals said which; and the first criteria of the next definition.
        vec![under(1, None)],
        vec![under(2, Some(1)), waitlisted("2016-04-01")],
    ];
    let groups = pipeline(MRP, &cases, &Asked::LATEST).by_criteria;
    let seen: Vec<_> = groups
        .iter()
        .map(|CriteriaGroup { group, declined_for }| {
            let Criteria { programme_version, version } = group.key;
            let decisions = group.figures.decisions;
            let reasons: Vec<_> = declined_for.iter().map(|(why, n)| (why.as_str(), *n)).collect();
            ((programme_version, version), group.permille, decisions, reasons)
        })
        .collect();
    let none = Decisions::default();
    let expected = [
        ((1, None), 143, Decisions { pending: 1, ..none }, vec![]),
        (
            (1, Some(1)),
            286,
            Decisions { accepted: 1, declined: 1, ..none },
            vec![("out_of_area", 1)],
        ),
        (
            (1, Some(2)),
            429,
            Decisions { declined: 3, ..none },
            vec![("criteria_not_met", 2), ("out_of_area", 1)],
        ),
        ((2, Some(1)), 143, Decisions { waiting: 1, ..none }, vec![]),
    ];
    assert_eq!(seen, expected);
}
