//! A rebuild whose process is killed at any step is taken up by another.

use std::env;
use std::process::{Child, Command, Stdio};

use throughline_log::{AppendSettings, EventLog, MasterKey};
use throughline_projections::Projection;
use throughline_projector::{Phase, Rebuilder};
use tokio_util::sync::CancellationToken;

use super::support::{
    brake, braked, find, finish, followed, live_build, release, request, rows, small, verified,
};
use crate::world::World;

/// Tells the child in which database to rebuild.
const DATABASE: &str = "THROUGHLINE_TEST_REBUILDER_DATABASE";

/// Where it is killed: at the end of the transaction that leads there.
const PLACES: [(&str, &str); 8] = [
    ("projection_rebuild", "NEW.phase = 'folding' AND OLD.phase = 'queued'"),
    ("projection_rebuild_slice", "NEW.slice = 1"),
    ("projection_rebuild_slice", "NEW.slice = 6"),
    ("projection_rebuild_slice", "NEW.slice = 13"),
    ("projection_rebuild", "NEW.phase = 'indexing'"),
    ("projection_rebuild", "NEW.phase = 'catching_up'"),
    ("projection_rebuild", "NEW.phase = 'comparing'"),
    ("projection_rebuild", "NEW.phase = 'switched'"),
];

/// Not a test: the process that is killed. Without the variable it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rebuilder_that_is_killed() {
    let Ok(url) = env::var(DATABASE) else { return };
    let pool = throughline_log::pool(url.parse().unwrap(), 8).unwrap();
    let log = EventLog::new(pool.clone(), MasterKey::random().unwrap(), AppendSettings::default());
    Rebuilder::new(log, pool, small()).run(CancellationToken::new()).await;
}

/// A child that goes when the test does.
pub(super) struct Rebuilding(pub(super) Child);

impl Rebuilding {
    pub(super) fn start(world: &World) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "rebuild::killed::the_rebuilder_that_is_killed"])
            .env(DATABASE, world.database.url())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Rebuilding {
    fn drop(&mut self) {
        let _ = self.0.kill(); // SIGKILL
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_killed_at_any_step_is_taken_up_by_another() {
    let mut world = followed(90, 150).await;
    note_switches(&world).await;
    let mut expected = 0;
    for (table, condition) in PLACES {
        let asked = request(&world, Projection::EngagementTimeline, false).await;
        brake(&world, table, condition).await;
        let child = Rebuilding::start(&world);
        braked(&world).await;
        drop(child);
        release(&world, table).await;
        world.append(10).await;

        let done = finish(&world, asked.operation_id).await;
        assert_eq!(done.phase, Phase::Switched, "killed at {condition}: {done:?}");
        assert_eq!(done.events_done, done.pinned.unwrap().0);
        assert_eq!(live_build(&world, Projection::EngagementTimeline).await, done.build);
        let verified = verified(&world, Projection::EngagementTimeline, None).await;
        assert!(verified.is_equal(), "killed at {condition}: {verified:?}");
        let copied = rows_upto(&world, done.build, done.pinned.unwrap().0).await;
        assert_eq!(done.rows_written, copied, "killed at {condition}");
        expected += 1;
        assert_eq!(switches(&world).await, expected, "killed at {condition}");
    }
}

/// The same within one process: a task that is dropped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_dropped_is_taken_up_again() {
    let world = followed(91, 150).await;
    for (table, condition) in PLACES {
        let asked = request(&world, Projection::OutcomeSnapshot, false).await;
        brake(&world, table, condition).await;
        let rebuilder = super::support::rebuilder(&world);
        let stop = CancellationToken::new();
        let running = tokio::spawn(async move { rebuilder.run(stop).await });
        braked(&world).await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        release(&world, table).await;

        let done = finish(&world, asked.operation_id).await;
        assert_eq!(done.phase, Phase::Switched, "dropped at {condition}: {done:?}");
        let of = Projection::OutcomeSnapshot;
        assert!(verified(&world, of, None).await.is_equal(), "dropped at {condition}");
        assert_eq!(
            i64::try_from(rows(&world, of, done.build).await.len()).unwrap(),
            done.rows_written
        );
    }
}

/// A stop leaves the rebuild to others at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuilder_that_is_stopped_leaves_its_rebuild_to_others() {
    let world = followed(92, 100).await;
    let asked = request(&world, Projection::Caseload, false).await;
    brake(&world, "projection_rebuild_slice", "NEW.slice = 4").await;
    let (rebuilder, stop) = (super::support::rebuilder(&world), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { rebuilder.run(stop).await }
    });
    braked(&world).await;
    stop.cancel();
    release(&world, "projection_rebuild_slice").await;
    running.await.unwrap();
    let left = find(&world, asked.operation_id).await;
    assert_eq!(left.phase, Phase::Folding);
    let leased = "SELECT FROM projection_rebuild WHERE leased_until IS NOT NULL";
    assert!(world.client.query(leased, &[]).await.unwrap().is_empty());
    let done = finish(&world, asked.operation_id).await;
    assert_eq!(done.phase, Phase::Switched);
    assert!(verified(&world, Projection::Caseload, None).await.is_equal());
}

pub(super) async fn note_switches(world: &World) {
    world
        .execute(
            "CREATE TABLE switch (build integer);
             CREATE FUNCTION note_switch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
             BEGIN INSERT INTO switch VALUES (NEW.build); RETURN NULL; END $$;
             CREATE TRIGGER note_switch AFTER INSERT OR UPDATE OF build ON projection_live
                 FOR EACH ROW EXECUTE FUNCTION note_switch();",
        )
        .await;
}

pub(super) async fn switches(world: &World) -> i64 {
    world.client.query_one("SELECT count(*) FROM switch", &[]).await.unwrap().get(0)
}

/// How many rows of a timeline's build are of facts up to a position.
async fn rows_upto(world: &World, build: i32, position: i64) -> i64 {
    let statement =
        format!("SELECT count(*) FROM engagement_timeline_t1_b{build} WHERE position <= $1");
    world.client.query_one(&statement, &[&position]).await.unwrap().get(0)
}
