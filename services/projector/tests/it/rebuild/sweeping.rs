//! Builds that nobody needs go, whoever left them, and nobody else waits for that.

use std::time::Duration;

use throughline_projections::Projection;
use throughline_projector::{
    RebuildSettings, Rebuilder, builds, delete_dropped, drop_build, rollback,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::support::{build_tables, followed, live_build, rebuild, request, rows, small};
use crate::world::World;

const CASELOAD: Projection = Projection::Caseload;
const TIMELINE: Projection = Projection::EngagementTimeline;

/// A rebuilder that runs, and looks for builds that nobody needs all the time.
struct Sweeping {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Sweeping {
    fn start(world: &World, drop_lock_max: Duration) -> Self {
        let sweep_interval = Duration::from_millis(5);
        let settings = RebuildSettings { sweep_interval, drop_lock_max, ..small() };
        let rebuilder = Rebuilder::new(world.log.clone(), world.pool.clone(), settings);
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { rebuilder.run(stop).await }
        });
        Self { stop, running }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

/// Returns once a statement gives a row.
async fn until(world: &World, sql: &str) {
    let looking = async {
        while world.client.query(sql, &[]).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looking).await.expect(sql);
}

async fn until_gone(world: &World, table: &str) {
    until(world, &format!("SELECT WHERE to_regclass('{table}') IS NULL")).await;
}

/// Makes a build that nobody needs, as a rebuild leaves one that is killed before its clean-up.
async fn leave(world: &World, projection: Projection, build: i32) {
    let (name, version) = (projection.name(), projection.version());
    world
        .execute(&format!(
            "SELECT projection_make_tables('{name}', {version}, 1, {build});
             INSERT INTO projection_rebuild (tenant_no, operation_id, projection, version, build,
                 phase, is_dry_run, requested_by)
             VALUES (1, gen_random_uuid(), '{name}', {version}, {build}, 'switched', false, 'operator-1');
             INSERT INTO projection_checkpoint (tenant_no, projection, version, build)
             VALUES (1, '{name}', {version}, {build})"
        ))
        .await;
}

async fn numbers(world: &World, projection: Projection) -> Vec<i32> {
    let all = builds(&world.log, &world.client, Some(world.tenant)).await.unwrap();
    all.iter().filter(|build| build.projection == projection).map(|build| build.build).collect()
}

#[tokio::test]
async fn what_a_killed_rebuild_left_goes_without_another_rebuild() {
    let world = followed(120, 60).await;
    for _ in 0..2 {
        rebuild(&world, CASELOAD).await;
    }
    leave(&world, CASELOAD, 7).await;
    // What is being made is nobody's to drop. Another version's rebuild is not taken up here.
    request(&world, TIMELINE, false).await;
    world
        .execute(
            "UPDATE projection_rebuild SET phase = 'folding', leased_until = 'infinity'
                 WHERE projection = 'engagement_timeline';
             SELECT projection_make_tables('engagement_timeline', 1, 1, 1);
             INSERT INTO projection_checkpoint (tenant_no, projection, version, build)
             VALUES (1, 'engagement_timeline', 1, 1)",
        )
        .await;
    assert_eq!(numbers(&world, CASELOAD).await, [1, 2, 7]);
    let sweeping = Sweeping::start(&world, Duration::from_secs(5));
    until_gone(&world, "caseload_2_t1_b7").await;
    sweeping.stop().await;
    assert_eq!(numbers(&world, CASELOAD).await, [1, 2]);
    assert_eq!(
        build_tables(&world).await,
        ["caseload_2_t1_b1", "caseload_2_t1_b2", "engagement_timeline_t1_b1"]
    );
    assert_eq!(live_build(&world, CASELOAD).await, 2);
    assert_eq!(rollback(&world.client, world.tenant, CASELOAD).await.unwrap().to, 1);
}

/// A reader keeps a table locked: others are answered, the pointer is free, and the build goes once
/// the reader has.
#[tokio::test]
async fn a_reader_of_a_build_that_nobody_needs_holds_up_nobody() {
    let world = followed(121, 60).await;
    rebuild(&world, CASELOAD).await;
    leave(&world, CASELOAD, 7).await;
    let reader = world.database.connect().await;
    reader.batch_execute("BEGIN; SELECT count(*) FROM caseload_2_t1_b7").await.unwrap();
    let sweeping = Sweeping::start(&world, Duration::from_mins(10));
    let waits =
        "SELECT FROM pg_locks WHERE NOT granted AND relation = 'caseload_2_t1_b7'::regclass";
    until(&world, waits).await;

    world.execute("SET lock_timeout = '5s'").await;
    assert_eq!(rollback(&world.client, world.tenant, CASELOAD).await.unwrap().to, 0);
    assert_eq!(rollback(&world.client, world.tenant, CASELOAD).await.unwrap().to, 1);
    assert!(!rows(&world, CASELOAD, 1).await.is_empty());
    assert_eq!(numbers(&world, CASELOAD).await, [0, 1]);
    reader.batch_execute("COMMIT").await.unwrap();
    until_gone(&world, "caseload_2_t1_b7").await;
    sweeping.stop().await;
}

/// One build that cannot be dropped now is no reason to keep the others.
#[tokio::test]
async fn a_drop_that_gives_up_is_tried_again_and_ends_no_other() {
    let world = followed(122, 30).await;
    leave(&world, CASELOAD, 7).await;
    leave(&world, TIMELINE, 7).await;
    let reader = world.database.connect().await;
    reader.batch_execute("BEGIN; SELECT count(*) FROM caseload_2_t1_b7").await.unwrap();
    let sweeping = Sweeping::start(&world, Duration::from_millis(20));
    until_gone(&world, "engagement_timeline_t1_b7").await;
    assert_eq!(build_tables(&world).await, ["caseload_2_t1_b7"]);
    assert_eq!(numbers(&world, CASELOAD).await, [0]);
    reader.batch_execute("COMMIT").await.unwrap();
    until_gone(&world, "caseload_2_t1_b7").await;
    sweeping.stop().await;
}

/// The rows of build 0 lie in tables that tenants share.
#[tokio::test]
async fn what_is_left_of_build_0_is_not_read_and_goes_with_the_sweep() {
    let mut world = followed(123, 60).await;
    rebuild(&world, TIMELINE).await;
    drop_build(&world.client, world.tenant, TIMELINE, 0).await.unwrap();
    assert_eq!(numbers(&world, TIMELINE).await, [1]);
    assert!(rollback(&world.client, world.tenant, TIMELINE).await.is_err());
    // Nobody follows it, though its rows are there, and it can be dropped again.
    let left = rows(&world, TIMELINE, 0).await;
    assert!(!left.is_empty());
    world.append(20).await;
    super::support::follow(&world).await;
    assert_eq!(rows(&world, TIMELINE, 0).await, left);
    assert_eq!(live_build(&world, TIMELINE).await, 1);
    drop_build(&world.client, world.tenant, TIMELINE, 0).await.unwrap();

    // Whoever goes away in the middle leaves the rest.
    let stopped = CancellationToken::new();
    stopped.cancel();
    let deleted = delete_dropped(&world.pool, world.tenant, TIMELINE, 0, &stopped).await.unwrap();
    assert!(!deleted);
    assert_eq!(rows(&world, TIMELINE, 0).await, left);
    let sweeping = Sweeping::start(&world, Duration::from_secs(5));
    until(&world, "SELECT WHERE NOT EXISTS (SELECT FROM engagement_timeline)").await;
    sweeping.stop().await;
    assert!(!rows(&world, TIMELINE, 1).await.is_empty());
}

/// More rows than are deleted in one transaction, in the order of the key.
#[tokio::test]
async fn many_rows_of_build_0_are_deleted_piece_by_piece() {
    let world = followed(125, 30).await;
    rebuild(&world, CASELOAD).await;
    world
        .execute(
            "INSERT INTO caseload_2 SELECT made.* FROM caseload_2 AS c, generate_series(1, 11000) AS n,
                 jsonb_populate_record(NULL::caseload_2,
                     to_jsonb(c) || jsonb_build_object('case_id', md5(n::text)::uuid)) AS made
             WHERE c.case_id = (SELECT case_id FROM caseload_2 LIMIT 1)",
        )
        .await;
    drop_build(&world.client, world.tenant, CASELOAD, 0).await.unwrap();
    let go_on = CancellationToken::new();
    assert!(delete_dropped(&world.pool, world.tenant, CASELOAD, 0, &go_on).await.unwrap());
    assert!(rows(&world, CASELOAD, 0).await.is_empty());
}

/// Rows that are live are never taken for what is left of a build, whoever asks.
#[tokio::test]
async fn live_rows_of_build_0_are_not_deleted() {
    let world = followed(124, 30).await;
    let before = rows(&world, CASELOAD, 0).await;
    assert!(!before.is_empty());
    let go_on = CancellationToken::new();
    delete_dropped(&world.pool, world.tenant, CASELOAD, 0, &go_on).await.unwrap();
    assert_eq!(rows(&world, CASELOAD, 0).await, before);
    rebuild(&world, CASELOAD).await;
    delete_dropped(&world.pool, world.tenant, CASELOAD, 0, &go_on).await.unwrap();
    assert_eq!(rows(&world, CASELOAD, 0).await, before);
}
