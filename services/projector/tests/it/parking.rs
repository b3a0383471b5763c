//! A case that cannot be read or written is set aside; the others go on.

use throughline_projections::Projection;
use throughline_projector::parked;

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
    let refusal = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.case_id = '{}' THEN RAISE EXCEPTION 'refused'; END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON engagement_timeline
             FOR EACH ROW EXECUTE FUNCTION refuse();",
        world.case(3)
    );
    world.execute(&refusal).await;
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
