//! A case that cannot be read or written is set aside; the others go on.

use std::time::Duration;

use serde_json::json;
use throughline_domain::case::CaseEvent;
use throughline_domain::programme::{Programme, Programmes};
use throughline_projections::Projection;
use throughline_projector::{Settings, parked, retry_parked};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::world::{World, small_batches};

#[tokio::test]
async fn an_unreadable_case_is_parked_and_the_others_go_on() {
    let mut world = World::new(10).await;
    world.append(60).await;
    world.append_unreadable_to(0).await;
    let poisoned_at = world.head();
    world.append(120).await;
    let running = world.projector(small_batches());
    world.caught_up().await;
    running.stop().await;

    // The histories that the world compares with are those that can be read.
    world.assert_rows_equal_a_fresh_fold().await;
    let found = parked(&world.client, world.tenant.0, Some(world.case(0))).await.unwrap();
    assert_eq!(found.len(), Projection::ALL.len());
    assert!(found.iter().all(|p| p.error_class == "unknown_type" && p.position == poisoned_at));
    let all = parked(&world.client, world.tenant.0, None).await.unwrap();
    assert_eq!(all, found);
}

#[tokio::test]
async fn a_case_whose_rows_are_refused_is_parked_and_taken_up_again() {
    let mut world = World::new(11).await;
    world.append(30).await;
    refuse_rows_of(&world, 3).await;
    world.append(60).await;
    let running = world.projector(small_batches());
    world.caught_up().await;
    running.stop().await;
    let found = parked(&world.client, world.tenant.0, None).await.unwrap();
    let named: Vec<_> =
        found.iter().map(|p| (p.projection, p.case_id, p.error_class.as_str())).collect();
    assert_eq!(named, [(Projection::EngagementTimeline, world.case(3), "refused")]);

    // Another projector, which the database does not refuse: nothing new need happen to the case.
    world.execute("DROP TRIGGER refuse ON engagement_timeline").await;
    world.append_to(4, world_event()).await;
    let running = world.projector(small_batches());
    while !parked(&world.client, world.tenant.0, None).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    world.caught_up().await;
    running.stop().await;
    world.assert_rows_equal_a_fresh_fold().await;
    world.assert_every_event_applied_once().await;
}

fn world_event() -> throughline_domain::case::CaseEvent {
    let facts = serde_json::json!({"channel": "phone", "outcome": "reached"});
    throughline_domain::case::CaseEvent::from_stored("ContactAttempted", 1, &facts.to_string())
        .unwrap()
}

/// The trigger that refuses the rows of one case.
async fn refuse_rows_of(world: &World, case: usize) {
    let refusal = format!(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.case_id = '{}' THEN RAISE EXCEPTION 'refused'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON engagement_timeline
             FOR EACH ROW EXECUTE FUNCTION refuse();",
        world.case(case)
    );
    world.execute(&refusal).await;
}

async fn tries(world: &World) -> Option<i32> {
    let found = parked(&world.client, world.tenant.0, None).await.unwrap();
    found.first().map(|parked| parked.tries)
}

/// It would be tried again in an hour.
#[tokio::test]
async fn a_parked_case_is_tried_when_somebody_asks() {
    let mut world = World::new(12).await;
    refuse_rows_of(&world, 3).await;
    world.append(60).await;
    let hour = Duration::from_hours(1);
    let settings =
        Settings { parked_retry_delay_min: hour, parked_retry_delay_max: hour, ..small_batches() };
    let running = world.projector(settings);
    world.caught_up().await;
    let before = parked(&world.client, world.tenant.0, None).await.unwrap();
    assert_eq!(before.len(), 1);
    assert_eq!(before[0].error_class, "refused");
    assert!(before[0].event_id.is_some() && before[0].event_type.is_some());
    assert!(before[0].retry_at.duration_since(before[0].tried_at).as_secs() > 3_000);

    let retry = async |world: &World, projection| {
        let asked = retry_parked(&world.client, world.tenant, projection, Some(world.case(3)));
        asked.await.unwrap()
    };
    assert_eq!(retry(&world, Some(Projection::Caseload)).await, 0, "that one is not parked");
    assert_eq!(retry(&world, None).await, 1);
    let once = before[0].tries;
    while tries(&world).await == Some(once) {
        sleep(Duration::from_millis(5)).await;
    }
    let since = parked(&world.client, world.tenant.0, None).await.unwrap()[0].since;
    assert_eq!(since, before[0].since, "in vain: it is parked since when it was");

    world.execute("DROP TRIGGER refuse ON engagement_timeline").await;
    assert_eq!(retry(&world, Some(Projection::EngagementTimeline)).await, 1);
    while tries(&world).await.is_some() {
        sleep(Duration::from_millis(5)).await;
    }
    running.stop().await;
    world.assert_rows_equal_a_fresh_fold().await;
    world.assert_every_event_applied_once().await;
}

#[tokio::test]
async fn a_parked_case_is_tried_again_by_itself() {
    let mut world = World::new(13).await;
    refuse_rows_of(&world, 3).await;
    world.append(60).await;
    let settings = Settings { parked_retry_delay_min: Duration::from_millis(1), ..small_batches() };
    let running = world.projector(settings);
    world.caught_up().await;
    while tries(&world).await.unwrap() < 4 {
        sleep(Duration::from_millis(5)).await;
    }
    world.execute("DROP TRIGGER refuse ON engagement_timeline").await;
    while tries(&world).await.is_some() {
        sleep(Duration::from_millis(5)).await;
    }
    running.stop().await;
    world.assert_rows_equal_a_fresh_fold().await;
}

/// The first definition of `own`, which nobody ships.
fn own() -> Programme {
    let mrp = Programmes::shipped().find("mrp", 1).unwrap().as_ref().clone();
    Programme { id: "own".parse().unwrap(), ..mrp }
}

#[tokio::test]
async fn a_case_under_a_definition_that_is_not_known_is_parked_until_it_is() {
    let mut world = World::new(15).await;
    world.append(50).await;
    let referral = json!({
        "person_id": Uuid::from_u128(7), "programme": "own", "programme_version": 1,
        "role": "victim_survivor", "area": "city", "source": "police",
    });
    let referral = CaseEvent::from_stored("ReferralReceived", 1, &referral.to_string()).unwrap();
    world.append_to(0, referral).await;
    world.append(50).await;
    let settings = Settings { parked_retry_delay_min: Duration::from_millis(1), ..small_batches() };
    let running = world.projector(settings);
    world.caught_up().await;
    let found = parked(&world.client, world.tenant.0, None).await.unwrap();
    let mut of: Vec<(Projection, &str)> =
        found.iter().map(|parked| (parked.projection, parked.error_class.as_str())).collect();
    of.sort_unstable();
    // Nobody else's answers rest on the definition.
    let class = "unfoldable";
    assert_eq!(of, [(Projection::Caseload, class), (Projection::Workload, class)]);
    assert!(found.iter().all(|parked| parked.case_id == world.case(0)));

    world.define(own()).await;
    world.append(1).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while !parked(&world.client, world.tenant.0, None).await.unwrap().is_empty() {
        assert!(Instant::now() < deadline, "still parked");
        sleep(Duration::from_millis(20)).await;
    }
    world.caught_up().await;
    world.assert_rows_equal_a_fresh_fold().await;
    running.stop().await;
}
