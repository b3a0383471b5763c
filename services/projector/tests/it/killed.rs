//! A projector that is killed at any moment goes on without a lost or doubled event.

use std::time::Duration;

use throughline_projections::Projection;
use throughline_projector::live;
use tokio::time::sleep;

use crate::process::Process;
use crate::world::{World, small_batches};

const KILLS: u32 = 15;

async fn progress(world: &World) -> i64 {
    let mut sum = 0;
    for projection in Projection::ALL {
        sum += live(&world.client, world.tenant.0, projection).await.unwrap().position.0;
    }
    sum
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_projector_neither_loses_nor_doubles_an_event() {
    let mut world = World::new(40).await;
    world.append(300).await;
    for _ in 0..KILLS {
        let before = progress(&world).await;
        let child = Process::start(&world);
        while progress(&world).await == before {
            world.append(1).await;
        }
        let moment = world.random().below(30_000);
        sleep(Duration::from_micros(moment)).await;
        world.append(2).await;
        child.kill();
        // Enough left to do for the next one.
        world.append(40).await;
    }
    let running = world.projector(small_batches());
    world.caught_up().await;
    running.stop().await;
    world.assert_every_event_applied_once().await;
    world.assert_rows_equal_a_fresh_fold().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_a_transaction_loses_nothing() {
    let mut world = World::new(41).await;
    world.append(100).await;
    let mut config = world.database.config();
    config.application_name("projector_under_test");
    let pool = throughline_log::pool(config, 8).unwrap();
    let mut settings = small_batches();
    settings.retry_delay_min = Duration::from_millis(2);
    let running = world.projector_on(pool, settings);

    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'projector_under_test'
           AND backend_xid IS NOT NULL";
    let mut cuts = 0;
    while cuts < KILLS {
        world.append(3).await;
        cuts += u32::try_from(world.client.query(cut, &[]).await.unwrap().len()).unwrap();
        assert!(world.head().0 < 50_000, "no connection could be cut in a transaction");
    }
    world.caught_up().await;
    running.stop().await;
    world.assert_every_event_applied_once().await;
    world.assert_rows_equal_a_fresh_fold().await;
}
