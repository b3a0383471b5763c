//! A process that is paused comes back to a rebuild that is another's, and writes nothing.

use rustix::process::{Pid, Signal, kill_process};
use throughline_projections::Projection;
use throughline_projector::Phase;

use super::killed::{Rebuilding, note_switches, switches};
use super::support::{
    brake, braked, finish, followed, let_go, live_build, request, rows, take_away, verified,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_owner_does_not_write_any_more() {
    let world = followed(95, 150).await;
    note_switches(&world).await;
    let of = Projection::EngagementTimeline;
    for (table, condition) in [
        ("projection_rebuild_slice", "NEW.slice = 5"),
        ("projection_rebuild", "NEW.phase = 'indexing'"),
        ("projection_rebuild", "NEW.phase = 'comparing'"),
    ] {
        let before = switches(&world).await;
        let asked = request(&world, of, false).await;
        brake(&world, table, condition).await;
        let child = Rebuilding::start(&world);
        let pid = Pid::from_child(&child.0);
        braked(&world).await;
        // Stopped in the middle of a transaction, which waits and then goes on to wait for it.
        kill_process(pid, Signal::STOP).unwrap();
        let_go(&world).await;
        let done = finish(&world, asked.operation_id).await;
        assert_eq!(done.phase, Phase::Switched, "paused at {condition}: {done:?}");
        take_away(&world, table).await;
        let written = rows(&world, of, done.build).await;
        kill_process(pid, Signal::CONT).unwrap();
        // What it comes back to is over. It finds the next one, which shows that it is awake.
        let next = request(&world, Projection::Caseload, false).await;
        let next = finish(&world, next.operation_id).await;
        assert_eq!(next.phase, Phase::Switched);
        drop(child);

        assert_eq!(rows(&world, of, done.build).await, written, "paused at {condition}");
        assert_eq!(live_build(&world, of).await, done.build);
        assert_eq!(switches(&world).await, before + 2, "paused at {condition}");
        assert!(verified(&world, of, None).await.is_equal());
    }
}
