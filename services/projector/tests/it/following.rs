//! The projector follows: rows and checkpoint move together, and again comes out the same.

use std::time::Duration;

use throughline_domain::ids::Position;
use throughline_projections::Projection;
use throughline_projector::{Settings, WaitError, status, wait_for};
use tokio::time::Instant;

use crate::world::{World, small_batches};

#[tokio::test]
async fn rows_equal_a_fresh_fold_and_a_rebuild_changes_nothing() {
    let mut world = World::new(1).await;
    world.append(200).await;
    let running = world.projector(small_batches());
    world.append(100).await;
    world.caught_up().await;
    running.stop().await;
    world.assert_rows_equal_a_fresh_fold().await;
    world.assert_every_event_applied_once().await;
    let followed = world.rows().await;

    // Applied a second time, onto the rows that are there.
    world.execute("UPDATE projection_checkpoint SET position = 0, epoch = epoch + 1").await;
    let running = world.projector(Settings::default());
    world.caught_up().await;
    running.stop().await;
    assert_eq!(world.rows().await, followed);
}

/// Rows of another version of the code are in tables of their own, and its checkpoint with them.
#[tokio::test]
async fn the_checkpoint_of_another_version_is_left_alone() {
    let mut world = World::new(2).await;
    world.append(10).await;
    world
        .execute(
            "INSERT INTO projection_checkpoint (tenant_no, projection, version, position)
             SELECT tenant_no, 'caseload', 99, 3 FROM tenant",
        )
        .await;
    let running = world.projector(small_batches());
    world.caught_up().await;
    running.stop().await;
    world.assert_rows_equal_a_fresh_fold().await;
    let newer = "SELECT position FROM projection_checkpoint WHERE version = 99";
    let position: i64 = world.client.query_one(newer, &[]).await.unwrap().get(0);
    assert_eq!(position, 3);
}

#[tokio::test]
async fn a_wait_ends_at_the_position_or_at_the_deadline() {
    let mut world = World::new(3).await;
    world.append(10).await;
    let running = world.projector(small_batches());
    world.caught_up().await;
    let later = Position(world.head().0 + 1);
    let deadline = Instant::now() + Duration::from_millis(20);
    let waited = wait_for(&world.pool, world.tenant.0, Projection::Caseload, later, deadline).await;
    assert!(matches!(waited, Err(WaitError::NotReached { reached }) if reached == world.head()));
    running.stop().await;
}

/// Polling is an hour away, so that only the wake-up can be what helps.
#[tokio::test]
async fn a_wake_up_need_not_wait_for_the_poll() {
    let mut world = World::new(4).await;
    let running =
        world.projector(Settings { poll_interval: Duration::from_hours(1), ..Settings::default() });
    for _ in 0..20 {
        world.append(3).await;
        running.projector.wake();
        world.caught_up().await;
    }
    running.stop().await;
    world.assert_rows_equal_a_fresh_fold().await;
}

#[tokio::test]
async fn the_status_tells_how_far_each_projection_is() {
    let mut world = World::new(5).await;
    world.append(20).await;
    let behind = status(&world.client, None).await.unwrap();
    assert_eq!(behind.len(), Projection::ALL.len());
    assert!(behind.iter().all(|s| s.lag_events == world.head().0 && s.updated_at.is_none()));

    let running = world.projector(Settings::default());
    world.caught_up().await;
    running.stop().await;
    let level = status(&world.client, Some(world.tenant)).await.unwrap();
    assert!(level.iter().all(|s| s.lag_events == 0 && s.position == world.head() && s.parked == 0));
}

#[tokio::test]
async fn metrics_tell_of_lag_and_work() {
    let mut world = World::new(6).await;
    world.append(20).await;
    let running = world.projector(Settings::default());
    let mut registry = prometheus_client::registry::Registry::default();
    running.projector.register_metrics(&mut registry);
    world.caught_up().await;
    running.stop().await;
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let applied = format!(
        "throughline_projection_applied_events_total{{projection=\"caseload\"}} {}",
        world.head()
    );
    assert!(text.contains(&applied), "{text}");
    assert!(text.contains("throughline_projection_lag_seconds"), "{text}");
}

/// However a batch is bounded, each is what fits and one event where nothing does.
#[tokio::test]
async fn batches_are_bounded_by_bytes_and_by_what_has_to_be_folded() {
    let mut world = World::new(7).await;
    world.append(60).await;
    let head = world.head().0;
    for (bounds, longest_of_all) in [
        (Settings { batch_bytes_max: 1, ..Settings::default() }, 1..=1),
        // The tenant's own event is not folded, and comes with the first of a case.
        (Settings { batch_folded_max: 1, ..Settings::default() }, 2..=2),
        (Settings { batch_bytes_max: 2_000, ..Settings::default() }, 3..=head - 1),
        (Settings { batch_folded_max: 20, ..Settings::default() }, 3..=21),
        (Settings::default(), head..=head),
    ] {
        world.execute("TRUNCATE checkpoint_move").await;
        world.execute("UPDATE projection_checkpoint SET position = 0, epoch = epoch + 1").await;
        let running = world.projector(bounds.clone());
        world.caught_up().await;
        running.stop().await;
        world.assert_rows_equal_a_fresh_fold().await;
        world.assert_every_event_applied_once().await;
        let sql = "SELECT max(now - was) FROM checkpoint_move WHERE projection = 'caseload'";
        let longest: i64 = world.client.query_one(sql, &[]).await.unwrap().get(0);
        assert!(longest_of_all.contains(&longest), "{longest} events with {bounds:?}");
    }
}

/// With hardly any memory to use, each case is read alone and none is remembered.
#[tokio::test]
async fn rows_come_out_the_same_with_little_memory() {
    let mut world = World::new(8).await;
    world.append(150).await;
    let little = Settings { histories_bytes_max: 1, cached_bytes_max: 1, ..Settings::default() };
    let running = world.projector(Settings { batch_events_max: 40, ..little });
    world.append(50).await;
    world.caught_up().await;
    running.stop().await;
    world.assert_rows_equal_a_fresh_fold().await;
    world.assert_every_event_applied_once().await;
}
