//! Rebuilders for tests, and brakes by which one is stopped at a place that the test chooses.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use throughline_domain::ids::CaseId;
use throughline_projections::{Place, Projection};
use throughline_projector::{
    Comparison, Rebuild, RebuildSettings, Rebuilder, Sample, find_rebuild, live, request_rebuild,
    verify,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::world::{World, small_batches};

/// Settings by which even a short history takes many slices, each of several writes.
pub(crate) fn small() -> RebuildSettings {
    RebuildSettings {
        slice_events: 1,
        rows_max: 3,
        busy_rows_max: 2,
        busy_share: 100,
        lag_events_max: 20,
        lease: Duration::from_millis(600),
        poll_interval: Duration::from_millis(5),
        retry_delay: Duration::from_millis(2),
        ..RebuildSettings::default()
    }
}

pub(crate) fn rebuilder(world: &World) -> Rebuilder {
    Rebuilder::new(world.log.clone(), world.pool.clone(), small())
}

/// A world whose read models tell of everything.
pub(crate) async fn followed(seed: u64, events: usize) -> World {
    let mut world = World::new(seed).await;
    world.append(events).await;
    follow(&world).await;
    world
}

/// Has a projector catch up.
pub(crate) async fn follow(world: &World) {
    let running = world.projector(small_batches());
    world.caught_up().await;
    running.stop().await;
}

pub(crate) async fn request(world: &World, projection: Projection, is_dry_run: bool) -> Rebuild {
    request_rebuild(&world.client, world.tenant, projection, is_dry_run, "operator-1")
        .await
        .unwrap()
}

pub(crate) async fn find(world: &World, operation_id: Uuid) -> Rebuild {
    find_rebuild(&world.client, world.tenant, operation_id).await.unwrap().unwrap()
}

/// Does what was asked for, to the end.
pub(crate) async fn finish(world: &World, operation_id: Uuid) -> Rebuild {
    let work = rebuilder(world).work_on_for_test(world, operation_id);
    tokio::time::timeout(Duration::from_mins(1), work).await.expect("the rebuild comes to an end")
}

/// Asks for a rebuild and does it.
pub(crate) async fn rebuild(world: &World, projection: Projection) -> Rebuild {
    let asked = request(world, projection, false).await;
    finish(world, asked.operation_id).await
}

trait WorkOn {
    async fn work_on_for_test(self, world: &World, operation_id: Uuid) -> Rebuild;
}

impl WorkOn for Rebuilder {
    async fn work_on_for_test(self, world: &World, operation_id: Uuid) -> Rebuild {
        self.work_on(world.tenant, operation_id, CancellationToken::new()).await.unwrap()
    }
}

pub(crate) async fn verified(world: &World, of: Projection, build: Option<i32>) -> Comparison {
    let (log, pool, checked) = (&world.log, &world.pool, Arc::new(AtomicU64::new(0)));
    verify(log, pool, world.tenant, of, build, Sample::All, checked).await.unwrap()
}

pub(crate) async fn live_build(world: &World, projection: Projection) -> i32 {
    live(&world.client, world.tenant.0, projection).await.unwrap().place.build
}

/// Every row of a build, as text.
pub(crate) async fn rows(world: &World, projection: Projection, build: i32) -> Vec<String> {
    let place = Place { tenant_no: world.tenant.0, build };
    let mut all = Vec::new();
    for table in projection.tables() {
        let statement = format!("SELECT t::text FROM {} AS t ORDER BY 1", place.table(table.name));
        let rows = world.client.query(&statement, &[]).await.unwrap();
        all.extend(rows.iter().map(|row| format!("{}: {}", table.name, row.get::<_, &str>(0))));
    }
    all
}

/// A case that has rows in a shared table.
pub(crate) async fn a_case_of(world: &World, table: &str) -> CaseId {
    let statement = format!("SELECT case_id FROM {table} ORDER BY case_id LIMIT 1");
    CaseId(world.client.query_one(&statement, &[]).await.unwrap().get(0))
}

/// The tables of builds that there are, without the shared ones.
pub(crate) async fn build_tables(world: &World) -> Vec<String> {
    let statement = r"SELECT relname::text FROM pg_class
         WHERE relkind = 'r' AND relname ~ '_t\d+_b\d+$' ORDER BY 1";
    let rows = world.client.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The key of the lock that a brake waits for.
const BRAKE: i64 = 77;

/// From now on, whoever updates a row of `table` for which `condition` holds waits.
pub(crate) async fn brake(world: &World, table: &str, condition: &str) {
    world
        .execute(&format!(
            "SELECT pg_advisory_lock({BRAKE});
             CREATE OR REPLACE FUNCTION brake() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_advisory_xact_lock_shared({BRAKE}); RETURN NEW; END $$;
             CREATE TRIGGER brake BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({condition})
                 EXECUTE FUNCTION brake();"
        ))
        .await;
}

/// Returns once somebody waits at the brake.
pub(crate) async fn braked(world: &World) {
    let statement = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
         AND objid = 77 AND database = (SELECT oid FROM pg_database
                                        WHERE datname = current_database())";
    while world.client.query(statement, &[]).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Lets everybody go on, and takes the brake away.
pub(crate) async fn release(world: &World, table: &str) {
    world.execute(&format!("SELECT pg_advisory_unlock({BRAKE})")).await;
    world.execute(&format!("DROP TRIGGER brake ON {table}")).await;
}
