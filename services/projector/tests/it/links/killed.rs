//! A follower that is killed, stopped or set back tells everything once, in its order.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Client;
use uuid::Uuid;

use super::place::Place;

const KILLS: u32 = 12;

/// Whoever moves a position waits at this gate, with what passed appended already.
const GATE: &str = "
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(77);
        RETURN NEW;
    END $$;
    CREATE TRIGGER gate BEFORE UPDATE ON link_follower FOR EACH ROW
        WHEN (NEW.position > OLD.position) EXECUTE FUNCTION wait_at_gate();";

/// Whoever asks whether a tenant is still theirs waits: what is to be told is decided, and not told.
const GATE_BEFORE_TELLING: &str = "
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(77);
        RETURN NEW;
    END $$;
    CREATE TRIGGER gate BEFORE UPDATE ON link_follower FOR EACH ROW
        WHEN (NEW.position = OLD.position AND NEW.epoch = OLD.epoch AND NEW.holder IS NOT NULL)
        EXECUTE FUNCTION wait_at_gate();";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_tells_everything_once() {
    let mut place = Place::new().await;
    for _ in 0..KILLS {
        let before = place.told().await.len();
        let process = place.process();
        for _ in 0..4 {
            place.assess().await;
        }
        place.told_of(before + 1).await;
        place.assess().await;
        let micros = u64::from(Uuid::new_v4().as_bytes()[0]) * 80;
        sleep(Duration::from_micros(micros)).await;
        process.kill();
        place.assess().await;
    }
    let running = place.follower();
    place.assert_told_once().await;
    running.stop().await;
}

/// The worst moment: what passed is in the log, and the position is not moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_telling_and_moving_on_it_tells_nothing_again() {
    let mut place = Place::new().await;
    place.client.batch_execute(GATE).await.unwrap();
    let keeper = place.database.connect().await;
    keeper.batch_execute("SELECT pg_advisory_lock(77)").await.unwrap();
    let process = place.process();
    place.assess().await;
    place.told_of(1).await;
    process.kill();
    keeper.batch_execute("SELECT pg_advisory_unlock(77)").await.unwrap();
    let running = place.follower();
    place.assess().await;
    place.assert_told_once().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_back_to_the_beginning_it_tells_nothing_again() {
    let mut place = Place::new().await;
    let running = place.follower();
    for _ in 0..5 {
        place.assess().await;
    }
    place.assert_told_once().await;
    running.stop().await;
    place.client.batch_execute("UPDATE link_follower SET position = 0").await.unwrap();
    let running = place.follower();
    place.assert_told_once().await;
    running.stop().await;
}

/// One that is stopped for longer than its lease, when it is about to tell something, goes on when
/// another has told it and more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_before_it_tells_it_is_taken_over_from_and_tells_nothing_again() {
    let mut place = Place::new().await;
    place.client.batch_execute(GATE_BEFORE_TELLING).await.unwrap();
    let keeper = place.database.connect().await;
    let first = place.process();
    for _ in 0..3 {
        place.assess().await;
        place.assert_told_once().await;
        keeper.batch_execute("SELECT pg_advisory_lock(77)").await.unwrap();
        place.assess().await;
        waits_at_gate(&keeper).await;
        first.stop();
        keeper.batch_execute("SELECT pg_advisory_unlock(77)").await.unwrap();
        let second = place.follower();
        place.assess().await;
        place.assert_told_once().await;
        second.stop().await;
        first.go_on();
        place.assess().await;
        place.assert_told_once().await;
    }
}

async fn waits_at_gate(keeper: &Client) {
    let waiting = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                   WHERE l.locktype = 'advisory' AND l.objid = 77 AND NOT l.granted \
                       AND a.datname = current_database()";
    let deadline = Instant::now() + Duration::from_secs(30);
    while keeper.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(Instant::now() < deadline, "nobody waits at the gate");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_at_once_tell_everything_once_and_in_order() {
    let mut place = Place::new().await;
    let (first, second) = (place.follower(), place.follower());
    for _ in 0..30 {
        place.assess().await;
    }
    place.assert_told_once().await;
    first.stop().await;
    second.stop().await;
}
