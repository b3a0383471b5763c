//! Several projectors at once share the work of one tenant.

use std::time::Duration;

use throughline_domain::ids::Position;
use throughline_log::TenantState;
use throughline_projections::Projection;
use throughline_projector::wait_for;
use tokio::time::Instant;

use crate::world::{World, small_batches};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_projectors_never_apply_an_event_twice() {
    let mut world = World::new(20).await;
    let first = world.projector(small_batches());
    let second = world.projector(small_batches());
    for _ in 0..40 {
        world.append(10).await;
    }
    world.caught_up().await;
    first.stop().await;
    second.stop().await;
    world.assert_every_event_applied_once().await;
    world.assert_rows_equal_a_fresh_fold().await;
}

#[tokio::test]
async fn one_projector_follows_every_tenant() {
    let mut world = World::new(21).await;
    world.append(30).await;
    let second = world.log.create_tenant("t2", TenantState::Live).await.unwrap();
    let running = world.projector(small_batches());
    world.caught_up().await;
    let deadline = Instant::now() + Duration::from_secs(30);
    for projection in Projection::ALL {
        let tenant_no = second.tenant_no.0;
        let reached = wait_for(&world.pool, tenant_no, projection, Position(1), deadline).await;
        assert_eq!(reached.unwrap(), Position(1));
    }
    running.stop().await;
    world.assert_rows_equal_a_fresh_fold().await;
}
