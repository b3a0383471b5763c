//! The tables, written event by event, say what the pure folds say of the whole history.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use throughline_domain::case::{CaseEvent, CaseState};
use throughline_domain::code_lists::{Agency, CaseRole, ReferralSource};
use throughline_domain::ids::{CaseId, EventId, Position, Version};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;
use throughline_projections::{
    Place, Projection, Row, TouchedCase, agency_response, caseload, contact_override,
    engagement_timeline, outcome_snapshot, referral_pipeline,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::database::{rows, with_tables};
use crate::random::Random;
use crate::risk_disagreement::assert_disagreements;
use crate::workload_and_risk::{assert_trajectories, assert_workloads};

pub(crate) const PLACE: Place = Place { tenant_no: 1, build: 0 };
const CASES: usize = 12;
const EVENTS: i64 = 450;

pub(crate) type Histories = BTreeMap<CaseId, Vec<Recorded<CaseEvent>>>;

#[tokio::test]
async fn the_present_equals_the_past_asked_for_now() {
    let (_database, mut client) = with_tables().await;
    let (mut pairs, mut waits, mut answers, mut overdue, mut overrides) = (0, 0, 0, 0, 0);
    let (mut loads, mut spells) = (0, 0);
    let (mut pairs_of_assessors, mut disagreements) = (0, 0);
    for seed in 1..=8 {
        let mut random = Random::seeded(seed);
        let (histories, order) = a_log(&mut random);
        erase(&mut client).await;
        let mut after = 0;
        while after < EVENTS {
            let upto = (after + 1 + i64::try_from(random.below(60)).unwrap()).min(EVENTS);
            apply(&mut client, &histories, &order, after, upto).await;
            let once = rows(&client).await;
            apply(&mut client, &histories, &order, after, upto).await;
            assert_eq!(rows(&client).await, once, "seed {seed}: applied twice");
            after = upto;
        }
        let followed = rows(&client).await;
        assert_caseloads(&client, &histories).await;
        assert_timelines(&client, &histories).await;
        pairs += assert_outcomes(&client, &histories).await;
        waits += assert_referrals(&client, &histories).await;
        answers += assert_requests(&client, &histories).await;
        overdue += assert_overdue(&client, &histories).await;
        overrides += assert_overrides(&client, &histories).await;
        loads += assert_workloads(&client, &histories).await;
        spells += assert_trajectories(&client, &histories).await;
        let [compared, listed] = assert_disagreements(&client, &histories).await;
        (pairs_of_assessors, disagreements) =
            (pairs_of_assessors + compared, disagreements + listed);

        erase(&mut client).await;
        assert!(rows(&client).await.is_empty());
        apply(&mut client, &histories, &order, 0, EVENTS).await;
        assert_eq!(rows(&client).await, followed, "seed {seed}: rebuilt");

        erase(&mut client).await;
        copy(&mut client, &histories).await;
        assert_eq!(rows(&client).await, followed, "seed {seed}: copied");
        assert_eq!(cells(&client, &histories).await, folded(&histories), "seed {seed}: read back");
    }
    assert!(pairs > 50, "the histories measure something: {pairs} pairs");
    assert!(overrides > 20, "somebody was turned to all the same: {overrides}");
    assert!(waits > 50 && answers > 20 && overdue > 20, "{waits} {answers} {overdue}");
    assert!(pairs_of_assessors > 10 && disagreements > 20, "{pairs_of_assessors} {disagreements}");
    assert!(loads > 500 && spells > 100, "{loads} {spells}");
}

/// Histories of several cases, and the case of each position.
pub(crate) fn a_log(random: &mut Random) -> (Histories, Vec<CaseId>) {
    let ids: Vec<CaseId> = (0..CASES).map(|_| CaseId(random.uuid())).collect();
    let start: Timestamp = "2016-01-01T00:00:00Z".parse().unwrap();
    let mut facts: BTreeMap<CaseId, Vec<(EventId, CaseEvent)>> = BTreeMap::new();
    let (mut histories, mut order) = (Histories::new(), Vec::new());
    for position in 1..=EVENTS {
        let case_id = random.one_of(&ids);
        let facts = facts.entry(case_id).or_default();
        let event = random.event(facts);
        let event_id = EventId(random.uuid());
        if event.amends().is_none() {
            facts.push((event_id, event.clone()));
        }
        let history = histories.entry(case_id).or_default();
        history.push(Recorded {
            position: Position(position),
            version: Version(i32::try_from(history.len()).unwrap() + 1),
            recorded_at: start + SignedDuration::from_mins(position),
            event_id,
            occurred: random.occurred(),
            event,
        });
        order.push(case_id);
    }
    (histories, order)
}

async fn apply(
    client: &mut Client,
    histories: &Histories,
    order: &[CaseId],
    after: i64,
    upto: i64,
) {
    let span = usize::try_from(after).unwrap()..usize::try_from(upto).unwrap();
    let touched: BTreeSet<CaseId> = order[span].iter().copied().collect();
    let transaction = client.transaction().await.unwrap();
    for projection in Projection::ALL {
        let mut rows = Vec::new();
        for case_id in &touched {
            let history = &histories[case_id];
            let known = history.partition_point(|e| e.position.0 <= upto);
            let case = TouchedCase {
                case_id: *case_id,
                history: &history[..known],
                after: Position(after),
                programmes: &Programmes::shipped(),
            };
            rows.extend(projection.change(&case).unwrap());
        }
        projection.write(&transaction, PLACE, &rows).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// Writes whole histories as a rebuild does.
async fn copy(client: &mut Client, histories: &Histories) {
    let transaction = client.transaction().await.unwrap();
    for projection in Projection::ALL {
        for (table, number) in projection.tables().iter().zip(0..) {
            let rows: Vec<Row> = histories
                .iter()
                .flat_map(|(id, history)| {
                    projection
                        .rows(*id, history, &Programmes::shipped())
                        .unwrap()
                        .swap_remove(number)
                })
                .collect();
            let copied = table.copy(&transaction, PLACE, &rows).await.unwrap();
            assert_eq!(copied, rows.len() as u64);
        }
    }
    transaction.commit().await.unwrap();
}

/// Every row, as it is read for a comparison.
async fn cells(client: &Client, histories: &Histories) -> BTreeSet<(&'static str, Row)> {
    let cases: Vec<Uuid> = histories.keys().map(|id| id.0).collect();
    let mut all = BTreeSet::new();
    for table in Projection::ALL.iter().flat_map(|projection| projection.tables()) {
        let statement = table.select(PLACE, "AND case_id = ANY($2)");
        for row in client.query(&statement, &[&PLACE.tenant_no, &cases]).await.unwrap() {
            all.insert((table.name, table.read(&row).unwrap()));
        }
    }
    all
}

/// Every row, as it is folded.
fn folded(histories: &Histories) -> BTreeSet<(&'static str, Row)> {
    let mut all = BTreeSet::new();
    for projection in Projection::ALL {
        for (id, history) in histories {
            let rows = projection.rows(*id, history, &Programmes::shipped()).unwrap();
            for (table, rows) in projection.tables().iter().zip(rows) {
                all.extend(rows.into_iter().map(|row| (table.name, row)));
            }
        }
    }
    all
}

async fn erase(client: &mut Client) {
    let transaction = client.transaction().await.unwrap();
    for projection in Projection::ALL {
        projection.erase(&transaction, PLACE).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

fn now() -> Timestamp {
    "2016-02-01T00:00:00Z".parse().unwrap()
}

async fn assert_caseloads(client: &Client, histories: &Histories) {
    let row = |(id, history): (&CaseId, &Vec<_>)| {
        caseload::row(*id, &CaseState::at(history, &Asked::LATEST), &Programmes::shipped())
    };
    for worker in [None, Some("w1"), Some("w2"), Some("nobody")] {
        let mut after = None;
        loop {
            let question = caseload::Question { worker, as_of: now(), after, limit: 3 };
            let page = caseload::read(client, PLACE, question).await.unwrap();
            let expected = caseload::answer(histories.iter().filter_map(row), question);
            assert_eq!(page, expected);
            after = page.rows.last().map(|row| row.case_id);
            if !page.more {
                break;
            }
        }
    }
    for case in histories {
        let read = caseload::read_case(client, PLACE, *case.0).await.unwrap();
        assert_eq!(read, row(case));
        let elsewhere = caseload::read_case(client, Place::shared(2), *case.0).await.unwrap();
        assert_eq!(elsewhere, None);
    }
}

async fn assert_timelines(client: &Client, histories: &Histories) {
    for (case_id, history) in histories {
        let mut after = None;
        loop {
            let question =
                engagement_timeline::Question { case_id: *case_id, as_of: now(), after, limit: 7 };
            let page = engagement_timeline::read(client, PLACE, question).await.unwrap();
            let expected = engagement_timeline::answer(history, &Asked::LATEST, question).unwrap();
            assert_eq!(page, expected);
            after = page.entries.last().map(engagement_timeline::TimelineEntry::key);
            if !page.more {
                break;
            }
        }
    }
}

async fn assert_outcomes(client: &Client, histories: &Histories) -> u64 {
    let mut pairs = 0;
    for programme in ["mrp", "drive", "stepping-out"] {
        for measure in ["physical", "score", "risk_level", "unknown"] {
            for instrument in [None, Some("abuse-severity/1"), Some("dara/1")] {
                for role in [None, Some(CaseRole::Perpetrator)] {
                    let question = outcome_snapshot::Question {
                        programme,
                        measure,
                        from: "intake",
                        to: "exit",
                        instrument,
                        role,
                        area: role.map(|_| "north"),
                    };
                    let read = outcome_snapshot::read(client, PLACE, question).await.unwrap();
                    let mut answer = outcome_snapshot::Answer::new(question);
                    for history in histories.values() {
                        answer.take(history, &Asked::LATEST);
                    }
                    assert_eq!(read, answer.finish().unwrap());
                    pairs += read.pairs;
                }
            }
        }
    }
    pairs
}

/// Windows of which one has no beginning, one no end, and one neither.
fn windows() -> [(Option<Timestamp>, Option<Timestamp>); 4] {
    let [from, to] = ["2014-04-01T00:00:00Z", "2015-06-01T00:00:00Z"].map(|t| t.parse().unwrap());
    [(None, None), (Some(from), None), (None, Some(to)), (Some(from), Some(to))]
}

async fn assert_referrals(client: &Client, histories: &Histories) -> u64 {
    let mut waits = 0;
    for programme in ["mrp", "drive", "stepping-out"] {
        for (from, to) in windows() {
            for (role, area, source) in [
                (None, None, None),
                (Some(CaseRole::Perpetrator), None, None),
                (None, Some("north"), None),
                (None, None, Some(ReferralSource::Police)),
            ] {
                let question =
                    referral_pipeline::Question { programme, role, area, source, from, to };
                let read = referral_pipeline::read(client, PLACE, question).await.unwrap();
                let mut answer = referral_pipeline::Answer::new(question);
                for (id, history) in histories.iter().rev() {
                    if let Some(row) = referral_pipeline::row(*id, history, &Asked::LATEST) {
                        answer.take(&row);
                    }
                }
                assert_eq!(read, answer.finish().unwrap(), "{question:?}");
                waits += read.all.waits.incident_to_first_reach.known;
            }
        }
    }
    waits
}

async fn assert_requests(client: &Client, histories: &Histories) -> u64 {
    let mut answers = 0;
    for programme in [None, Some("mrp")] {
        for agency in [None, Some(Agency::Housing), Some(Agency::School)] {
            for (from, to) in windows() {
                let as_of = "2015-01-01T00:00:00Z".parse().unwrap();
                let question = agency_response::Question { programme, agency, from, to, as_of };
                let read = agency_response::read(client, PLACE, question).await.unwrap();
                let mut answer = agency_response::Answer::new(question);
                for (id, history) in histories.iter().rev() {
                    for row in agency_response::requests(*id, history, &Asked::LATEST) {
                        answer.take(&row);
                    }
                }
                assert_eq!(read, answer.finish().unwrap(), "{question:?}");
                answers += read.all.answered;
            }
        }
    }
    answers
}

async fn assert_overdue(client: &Client, histories: &Histories) -> usize {
    let mut overdue = 0;
    let all = [(None, None, None), (Some("mrp"), Some(Agency::Police), Some("w1"))];
    for (programme, agency, worker) in all {
        let mut after = None;
        loop {
            let as_of = "2015-10-01T00:00:00Z".parse().unwrap();
            let question = agency_response::OverdueQuestion {
                programme,
                agency,
                worker,
                as_of,
                after,
                limit: 3,
            };
            let page = agency_response::read_overdue(client, PLACE, question).await.unwrap();
            let mut answer = agency_response::OverdueAnswer::new(question);
            for (id, history) in histories {
                for row in agency_response::requests(*id, history, &Asked::LATEST) {
                    answer.take(row);
                }
            }
            assert_eq!(page, answer.finish());
            overdue += page.rows.len();
            after = page.rows.last().and_then(|row| row.overdue_key(as_of));
            if !page.more {
                break;
            }
        }
    }
    overdue
}

async fn assert_overrides(client: &Client, histories: &Histories) -> usize {
    let mut overrides = 0;
    for (from, to) in windows() {
        let mut after = None;
        loop {
            let question = contact_override::Question { from, to, after, limit: 3 };
            let page = contact_override::read(client, PLACE, question).await.unwrap();
            let mut answer = contact_override::Answer::new(question);
            for (id, history) in histories {
                for row in contact_override::overrides(*id, history, &Asked::LATEST) {
                    answer.take(row);
                }
            }
            assert_eq!(page, answer.finish());
            overrides += page.rows.len();
            after = page.rows.last().map(contact_override::OverrideRow::key);
            if !page.more {
                break;
            }
        }
    }
    overrides
}
