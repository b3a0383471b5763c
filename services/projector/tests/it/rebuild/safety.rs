//! What ends a rebuild, or keeps it from switching, when something outside it goes wrong.

use std::time::Duration;

use throughline_projections::Projection;
use throughline_projector::{
    DifferenceKind, Phase, Projector, RebuildSettings, Rebuilder, Settings,
};
use tokio_util::sync::CancellationToken;

use super::support::{
    brake, braked, finish, followed, live_build, release, request, small, verified,
};
use crate::world::World;

const CASELOAD: Projection = Projection::Caseload;

/// Rows that went, or came, unnoticed by the fold: no sample need find them.
#[tokio::test]
async fn a_build_with_other_rows_than_the_fold_gave_fails() {
    let world = followed(100, 100).await;
    let asked = request(&world, CASELOAD, false).await;
    brake(&world, "projection_rebuild", "NEW.phase = 'indexing' AND OLD.phase = 'folding'").await;
    let lose = async {
        braked(&world).await;
        world
            .execute("DELETE FROM caseload_2_t1_b1 WHERE case_id = (SELECT min(case_id::text)::uuid FROM caseload_2)")
            .await;
        release(&world, "projection_rebuild").await;
    };
    let (done, ()) = tokio::join!(finish(&world, asked.operation_id), lose);
    assert_eq!((done.phase, done.error_class.as_deref()), (Phase::Failed, Some("incomplete")));
    assert_eq!(live_build(&world, CASELOAD).await, 0);
}

#[tokio::test]
async fn an_unreadable_case_that_is_not_parked_differs() {
    let mut world = followed(101, 60).await;
    world.append_unreadable_to(0).await;
    world.append(20).await;
    super::support::follow(&world).await;
    assert!(verified(&world, CASELOAD, None).await.is_equal());
    world.execute("DELETE FROM projection_parked WHERE projection = 'caseload'").await;
    let found = verified(&world, CASELOAD, None).await;
    assert_eq!((found.differing_cases, found.parked), (1, 0));
    assert_eq!(found.differences[0].case_id, world.case(0));
    assert_eq!(found.differences[0].kind, DifferenceKind::Differs);
}

/// A comparison may take long, and the live build be ahead when it is done.
#[tokio::test]
async fn a_build_that_fell_behind_is_not_switched_to_until_it_has_caught_up() {
    let mut world = followed(102, 100).await;
    let asked = request(&world, CASELOAD, false).await;
    brake(&world, "projection_rebuild", "NEW.phase = 'comparing'").await;
    let other = world.database.connect().await;
    let rebuilder = Rebuilder::new(world.log.clone(), world.pool.clone(), small());
    let (tenant, operation_id) = (world.tenant, asked.operation_id);
    let work = tokio::spawn(async move {
        rebuilder.work_on(tenant, operation_id, CancellationToken::new()).await
    });
    braked(&world).await;
    // The comparison takes its snapshot, then waits for the rows.
    other.batch_execute("BEGIN; LOCK TABLE caseload_2_t1_b1").await.unwrap();
    release(&world, "projection_rebuild").await;
    let waits =
        "SELECT FROM pg_locks WHERE NOT granted AND relation = 'caseload_2_t1_b1'::regclass";
    while world.client.query(waits, &[]).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    world.append(50).await;
    let head = world.head().0;
    let ahead = format!(
        "UPDATE projection_checkpoint SET position = {head} \
         WHERE projection = 'caseload' AND build = 0"
    );
    world.execute(&ahead).await;
    other.batch_execute("COMMIT").await.unwrap();
    let done = work.await.unwrap().unwrap();
    assert_eq!(done.phase, Phase::Switched, "{done:?}");
    assert_eq!(position(&world, 1).await, head);
    assert!(verified(&world, CASELOAD, None).await.is_equal());
}

#[tokio::test]
async fn a_rebuild_whose_build_stands_still_in_other_hands_fails() {
    let mut world = followed(103, 60).await;
    // Somebody takes the build at once, and does nothing with it.
    world
        .execute(
            "CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 NEW.holder := gen_random_uuid();
                 NEW.leased_until := 'infinity';
                 RETURN NEW;
             END $$;
             CREATE TRIGGER take BEFORE INSERT ON projection_checkpoint
                 FOR EACH ROW EXECUTE FUNCTION take();",
        )
        .await;
    let asked = request(&world, CASELOAD, false).await;
    brake(&world, "projection_rebuild", "NEW.phase = 'indexing'").await;
    let settings = RebuildSettings { unmoved_max: Duration::from_millis(700), ..small() };
    let rebuilder = Rebuilder::new(world.log.clone(), world.pool.clone(), settings);
    let (tenant, operation_id) = (world.tenant, asked.operation_id);
    let work = tokio::spawn(async move {
        rebuilder.work_on(tenant, operation_id, CancellationToken::new()).await
    });
    braked(&world).await;
    world.append(50).await;
    release(&world, "projection_rebuild").await;
    let done = tokio::time::timeout(Duration::from_mins(1), work).await.expect("it ends");
    let done = done.unwrap().unwrap();
    assert_eq!((done.phase, done.error_class.as_deref()), (Phase::Failed, Some("not_followed")));
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_not_tried_for_ever() {
    let world = followed(104, 60).await;
    world
        .execute(
            "CREATE FUNCTION too_long() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'too long' USING ERRCODE = '57014'; END $$;
             CREATE TRIGGER too_long BEFORE UPDATE ON projection_rebuild FOR EACH ROW
                 WHEN (NEW.phase = 'catching_up') EXECUTE FUNCTION too_long();",
        )
        .await;
    let asked = request(&world, CASELOAD, false).await;
    let done = finish(&world, asked.operation_id).await;
    assert_eq!((done.phase, done.error_class.as_deref()), (Phase::Failed, Some("timed_out")));
}

/// A former owner that came back after the takeover holds up no index.
#[tokio::test]
async fn a_session_that_comes_back_is_ended_before_the_indexes() {
    let world = followed(105, 60).await;
    let asked = request(&world, CASELOAD, false).await;
    brake(&world, "projection_rebuild", "NEW.phase = 'indexing' AND OLD.phase = 'folding'").await;
    let stray = world.database.connect().await;
    let come_back = async {
        braked(&world).await;
        let lock = "BEGIN; LOCK TABLE caseload_2_t1_b1 IN ROW EXCLUSIVE MODE";
        stray.batch_execute(lock).await.unwrap();
        release(&world, "projection_rebuild").await;
    };
    let (done, ()) = tokio::join!(finish(&world, asked.operation_id), come_back);
    assert_eq!(done.phase, Phase::Switched, "{done:?}");
    assert!(stray.batch_execute("COMMIT").await.is_err());
}

/// Tables are named after the number alone.
#[tokio::test]
async fn two_versions_are_never_given_the_same_build() {
    let world = followed(106, 20).await;
    let asked = request(&world, CASELOAD, false).await;
    let same = format!(
        "INSERT INTO projection_rebuild \
             (tenant_no, operation_id, projection, version, build, is_dry_run, requested_by) \
         VALUES (1, gen_random_uuid(), 'caseload', 3, {}, false, 'operator-2')",
        asked.build
    );
    let refused = world.client.batch_execute(&same).await.unwrap_err();
    assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("23505"));
}

/// The log went back: what was read of it before is not applied.
#[tokio::test]
async fn events_that_the_log_no_longer_has_are_not_applied() {
    let mut world = followed(107, 60).await;
    let before = position(&world, 0).await;
    world.append(20).await;
    // The log refuses to go back; a restored one does not ask.
    world.execute("ALTER TABLE log_head DISABLE TRIGGER USER").await;
    world.execute("UPDATE log_head SET position = position - 10").await;
    let projector = Projector::new(world.log.clone(), world.pool.clone(), Settings::default());
    let follow = async || {
        let stop = CancellationToken::new();
        projector.follow_build(world.tenant, CASELOAD, 0, &stop).await.unwrap()
    };
    assert_eq!(follow().await, None);
    assert_eq!(position(&world, 0).await, before);
    world.execute("UPDATE log_head SET position = position + 10").await;
    assert_eq!(follow().await, Some(world.head()));
}

async fn position(world: &World, build: i32) -> i64 {
    let sql = "SELECT position FROM projection_checkpoint \
               WHERE projection = 'caseload' AND build = $1";
    world.client.query_one(sql, &[&build]).await.unwrap().get(0)
}
