//! A rebuild from its beginning to its end.

use std::time::Duration;

use throughline_projections::Projection;
use throughline_projector::{
    Phase, RebuildError, RebuildSettings, Rebuilder, cancel_rebuild, parked, rebuilds,
    request_rebuild,
};
use tokio_util::sync::CancellationToken;

use super::support::{
    a_case_of, brake, braked, build_tables, find, finish, follow, followed, live_build, rebuild,
    rebuilder, release, request, rows, small, verified,
};

#[tokio::test]
async fn a_rebuild_gives_the_rows_that_following_gives() {
    let world = followed(60, 300).await;
    for projection in Projection::ALL {
        let done = rebuild(&world, projection).await;
        assert_eq!((done.phase, done.build), (Phase::Switched, 1), "{done:?}");
        assert_eq!(done.pinned, Some(world.head()));
        assert_eq!((done.events_total, done.events_done), (Some(world.head().0), world.head().0));
        let made = rows(&world, projection, 1).await;
        assert_eq!(made, rows(&world, projection, 0).await);
        assert_eq!(done.rows_written, i64::try_from(made.len()).unwrap());
        let comparison = done.comparison.unwrap();
        assert!(comparison.is_equal() && comparison.cases > 0, "{comparison:?}");
        assert!(comparison.live.unwrap().is_equal());
        assert_eq!(live_build(&world, projection).await, 1);
    }
    let listed = rebuilds(&world.client, Some(world.tenant), None, 2).await.unwrap().rows;
    assert_eq!(listed.len(), 2);
    assert!(listed[0].requested_at > listed[1].requested_at);
}

/// A worker that rests for longer than the server lets a transaction wait for a process of which it
/// hears nothing: a write takes long, and the rest is many times that.
#[tokio::test]
async fn a_slice_is_finished_however_long_its_worker_rests() {
    let mut world = followed(67, 60).await;
    for case in 0..4 {
        world.append_unreadable_to(case).await;
    }
    // A case that the live build had not parked would keep the new one from being switched to.
    follow(&world).await;
    world
        .execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;
             CREATE TRIGGER slow BEFORE INSERT ON projection_parked FOR EACH ROW
                 EXECUTE FUNCTION slow();",
        )
        .await;
    let settings = RebuildSettings {
        slice_events: 1_000,
        rows_max: 1,
        busy_rows_max: 1,
        busy_share: 1,
        busy_for: Duration::from_hours(1),
        idle_max: Duration::from_millis(500),
        lease: Duration::from_mins(1),
        ..small()
    };
    let rebuilder = Rebuilder::new(world.log.clone(), world.pool.clone(), settings);
    let asked = request(&world, Projection::Workload, true).await;
    let work = rebuilder.work_on(world.tenant, asked.operation_id, CancellationToken::new());
    let done = tokio::time::timeout(Duration::from_mins(1), work).await;
    let done = done.expect("the slice is finished at some time").unwrap();
    assert_eq!(done.phase, Phase::Compared, "{done:?}");
    assert_eq!(done.comparison.unwrap().parked, 4);
}

/// What the migrations' tables have, a build's have: keys, indexes, and no more.
#[tokio::test]
async fn a_build_has_the_indexes_of_the_shared_tables() {
    let world = followed(61, 30).await;
    rebuild(&world, Projection::OutcomeSnapshot).await;
    let indexes = "SELECT replace(replace(indexdef, '_t1_b1', ''), 'UNIQUE ', '') FROM pg_indexes
         WHERE tablename LIKE 'outcome_value' || $1 OR tablename LIKE 'outcome_case' || $1
         ORDER BY 1";
    let of = async |suffix: &str| -> Vec<String> {
        let rows = world.client.query(indexes, &[&suffix]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(of("_t1_b1").await, of("").await);
    assert_eq!(of("").await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_under_a_writer_misses_nothing() {
    let mut world = followed(62, 100).await;
    for projection in Projection::ALL {
        let asked = request(&world, projection, false).await;
        brake(&world, "projection_rebuild", "NEW.phase = 'indexing'").await;
        let work = tokio::spawn({
            let (rebuilder, tenant) = (rebuilder(&world), world.tenant);
            let stop = CancellationToken::new();
            async move { rebuilder.work_on(tenant, asked.operation_id, stop).await }
        });
        braked(&world).await;
        world.append(50).await;
        release(&world, "projection_rebuild").await;
        while !work.is_finished() {
            world.append(3).await;
        }
        let done = work.await.unwrap().unwrap();
        assert_eq!(done.phase, Phase::Switched, "{done:?}");
        let pinned = done.pinned.unwrap();
        assert_eq!(done.events_done, pinned.0);
        let verified = verified(&world, projection, None).await;
        assert_eq!(verified.build, 1);
        assert!(verified.position > pinned);
        assert!(verified.is_equal(), "{verified:?}");
    }
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let world = followed(63, 60).await;
    world.execute("UPDATE caseload_2 SET attempts = attempts + 7 WHERE tenant_no = 1").await;
    let before = rows(&world, Projection::Caseload, 0).await;
    let asked = request(&world, Projection::Caseload, true).await;
    let done = finish(&world, asked.operation_id).await;
    assert_eq!(done.phase, Phase::Compared);
    let comparison = done.comparison.unwrap();
    assert!(comparison.is_equal());
    let live = comparison.live.unwrap();
    assert_eq!(live.differing_cases, before.len() as u64);
    assert!(live.differences.iter().all(|d| d.columns == ["attempts"]));
    assert_eq!(live_build(&world, Projection::Caseload).await, 0);
    assert_eq!(rows(&world, Projection::Caseload, 0).await, before);
    assert!(build_tables(&world).await.is_empty());
    let left = "SELECT FROM projection_checkpoint WHERE build > 0";
    assert!(world.client.query(left, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_rebuild_of_a_projection_at_a_time() {
    let world = followed(64, 20).await;
    let asked = request(&world, Projection::Caseload, false).await;
    let (client, tenant) = (&world.client, world.tenant);
    let again = request_rebuild(client, tenant, Projection::Caseload, true, "operator-2").await;
    assert!(matches!(again, Err(RebuildError::AlreadyUnderWay { operation_id })
            if operation_id == asked.operation_id));
    finish(&world, asked.operation_id).await;
    let next = request(&world, Projection::Caseload, false).await;
    assert_eq!(next.build, 2);
}

#[tokio::test]
async fn a_rebuild_that_is_called_off_leaves_nothing() {
    let world = followed(65, 60).await;
    // Nobody has begun: it is over at once.
    let asked = request(&world, Projection::Caseload, false).await;
    assert!(cancel_rebuild(&world.client, world.tenant, asked.operation_id).await.unwrap());
    let found = find(&world, asked.operation_id).await;
    assert_eq!((found.phase, found.finished_at.is_some()), (Phase::Cancelled, true));
    assert!(!cancel_rebuild(&world.client, world.tenant, asked.operation_id).await.unwrap());

    // In the middle of a phase, whichever.
    for phase in ["indexing", "catching_up", "comparing"] {
        let asked = request(&world, Projection::Caseload, false).await;
        let condition = format!("NEW.phase = '{phase}' AND OLD.phase <> '{phase}'");
        brake(&world, "projection_rebuild", &condition).await;
        let cancelled = async {
            braked(&world).await;
            let cancel = world.database.connect().await;
            let cancel =
                async { cancel_rebuild(&cancel, world.tenant, asked.operation_id).await.unwrap() };
            let (cancelled, ()) = tokio::join!(cancel, release(&world, "projection_rebuild"));
            assert!(cancelled);
        };
        let (done, ()) = tokio::join!(finish(&world, asked.operation_id), cancelled);
        assert_eq!(done.phase, Phase::Cancelled, "{phase}");
        assert!(build_tables(&world).await.is_empty());
    }
    assert_eq!(live_build(&world, Projection::Caseload).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuilds_queue() {
    let world = followed(66, 60).await;
    let first = request(&world, Projection::Caseload, false).await;
    let second = request(&world, Projection::EngagementTimeline, false).await;
    brake(&world, "projection_rebuild", "NEW.phase = 'indexing'").await;
    let stop = CancellationToken::new();
    let running: Vec<_> = [rebuilder(&world), rebuilder(&world)]
        .into_iter()
        .map(|rebuilder| {
            let stop = stop.clone();
            tokio::spawn(async move { rebuilder.run(stop).await })
        })
        .collect();
    braked(&world).await;
    // Both have looked, many times over.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waits = find(&world, second.operation_id).await;
    assert_eq!((waits.phase, waits.started_at), (Phase::Queued, None));
    release(&world, "projection_rebuild").await;
    for asked in [first, second] {
        while !find(&world, asked.operation_id).await.phase.is_over() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(find(&world, asked.operation_id).await.phase, Phase::Switched);
    }
    stop.cancel();
    for task in running {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_case_whose_rows_are_refused_is_parked_and_the_others_are_written() {
    let world = followed(68, 100).await;
    let guilty = a_case_of(&world, "caseload_2").await;
    // A build's table is made like the shared one, with its constraints.
    world
        .execute(&format!("ALTER TABLE caseload_2 ADD CHECK (case_id <> '{guilty}') NOT VALID"))
        .await;
    let asked = request(&world, Projection::Caseload, false).await;
    // The rows that are live would be gone with a switch.
    let taken = finish(&world, asked.operation_id).await;
    assert_eq!((taken.phase, taken.error_class.as_deref()), (Phase::Failed, Some("parked")));
    let comparison = taken.comparison.unwrap();
    assert_eq!((comparison.parked, comparison.taken_away), (1, 1));
    assert_eq!(comparison.differences[0].case_id, guilty);
    assert_eq!(live_build(&world, Projection::Caseload).await, 0);

    // Where readers are told already that the case is stale, nothing is taken from them.
    world
        .execute(&format!(
            "INSERT INTO projection_parked
                 (tenant_no, projection, version, stream_id, position, error_class)
             VALUES (1, 'caseload', 2, '{guilty}', 3, 'refused')"
        ))
        .await;
    let done = rebuild(&world, Projection::Caseload).await;
    assert_eq!(done.phase, Phase::Switched, "{done:?}");
    assert_eq!(done.comparison.unwrap().parked, 1);
    let parked = "SELECT stream_id, error_class FROM projection_parked WHERE build = 2";
    let parked = world.client.query(parked, &[]).await.unwrap();
    let parked: Vec<(uuid::Uuid, &str)> = parked.iter().map(|r| (r.get(0), r.get(1))).collect();
    assert_eq!(parked, [(guilty.0, "refused")]);
    let others = rows(&world, Projection::Caseload, 0).await.len() - 1;
    assert_eq!(rows(&world, Projection::Caseload, 2).await.len(), others);
}

#[tokio::test]
async fn what_cannot_be_folded_is_parked_for_the_build_and_what_can_is_healed() {
    let mut world = followed(67, 60).await;
    world.append_unreadable_to(0).await;
    let poisoned_at = world.head();
    world.append(20).await;
    super::support::follow(&world).await;
    // Another program could not read this one, and its rows stopped where they were.
    let statement = "SELECT case_id FROM caseload_2 WHERE case_id <> $1 LIMIT 1";
    let healed = world.client.query_one(statement, &[&world.case(0).0]).await.unwrap();
    let healed: uuid::Uuid = healed.get(0);
    world
        .execute(&format!(
            "INSERT INTO projection_parked
                 (tenant_no, projection, version, stream_id, position, error_class)
             VALUES (1, 'caseload', 2, '{healed}', 3, 'unknown_type');
             UPDATE caseload_2 SET attempts = 99 WHERE case_id = '{healed}'"
        ))
        .await;
    let done = rebuild(&world, Projection::Caseload).await;
    assert_eq!(done.phase, Phase::Switched, "{done:?}");
    let comparison = done.comparison.unwrap();
    assert_eq!((comparison.parked, comparison.live.unwrap().parked), (1, 2));

    let parked_for_build = "SELECT stream_id, position, error_class, event_id IS NOT NULL
         FROM projection_parked WHERE projection = 'caseload' AND build = 1";
    let rows = world.client.query(parked_for_build, &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<_, uuid::Uuid>(0), world.case(0).0);
    assert_eq!(rows[0].get::<_, i64>(1), poisoned_at.0);
    assert_eq!(rows[0].get::<_, &str>(2), "unknown_type");
    assert!(rows[0].get::<_, bool>(3));
    assert!(!parked(&world.client, world.tenant.0, Some(world.case(0))).await.unwrap().is_empty());
    let verified = verified(&world, Projection::Caseload, None).await;
    assert!(verified.is_equal() && verified.parked == 1, "{verified:?}");
}
