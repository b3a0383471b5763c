//! A projector that is stopped (SIGSTOP) at any moment is taken over from, and writes nothing when it
//! goes on.

use std::time::Duration;

use throughline_projections::Projection;
use throughline_projector::live;
use tokio::time::sleep;
use tokio_postgres::Client;

use crate::process::Process;
use crate::world::{World, small_batches};

/// A gate that the test shuts: whoever writes a caseload waits in it.
const GATE: &str = "
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(77);
        RETURN NULL;
    END $$;";
const IN_THE_TRANSACTION: &str = "
    CREATE TRIGGER gate AFTER INSERT OR UPDATE ON caseload_2
        FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate();";
/// After COMMIT was sent, before it is answered.
const IN_THE_COMMIT: &str = "
    CREATE CONSTRAINT TRIGGER gate AFTER UPDATE ON projection_checkpoint
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.projection = 'caseload' AND NEW.position > OLD.position)
        EXECUTE FUNCTION wait_at_gate();";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stopped_in_a_transaction_does_not_keep_its_locks() {
    stopped_at(IN_THE_TRANSACTION, 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_stopped_before_it_hears_of_its_commit_does_not_apply_the_batch_again() {
    stopped_at(IN_THE_COMMIT, 51).await;
}

async fn stopped_at(gate: &str, seed: u64) {
    let mut world = World::new(seed).await;
    world.execute(GATE).await;
    world.execute(gate).await;
    let keeper = world.database.connect().await;
    let first = Process::named(&world, "first");
    let mut second = None;
    for _ in 0..3 {
        world.append(5).await;
        world.caught_up().await;
        keeper.batch_execute("SELECT pg_advisory_lock(77)").await.unwrap();
        world.append(20).await;
        waits_at_gate(&keeper).await;
        first.stop();
        keeper.batch_execute("SELECT pg_advisory_unlock(77)").await.unwrap();
        // Others come as far as the log while it is stopped.
        let running = world.projector(small_batches());
        world.append(10).await;
        world.caught_up().await;
        first.go_on();
        world.append(20).await;
        world.caught_up().await;
        second = Some(running);
        second.take().unwrap().stop().await;
    }
    drop(second);
    first.kill();
    world.assert_every_event_applied_once().await;
    world.assert_rows_equal_a_fresh_fold().await;
}

async fn waits_at_gate(client: &Client) {
    let waiting = "SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.objid = 77 AND NOT l.granted
          AND a.datname = current_database() AND a.application_name = 'first'";
    while client.query(waiting, &[]).await.unwrap().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Two processes are killed and stopped at random moments while three tenants record.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_take_over_from_one_another() {
    let mut world = World::new(52).await;
    let mut others = [world.another("t2", 53).await, world.another("t3", 54).await];
    let mut processes = [Process::start(&world), Process::start(&world)];
    for round in 0..16 {
        append(&mut world, &mut others, 12).await;
        let moment = world.random().below(60_000);
        sleep(Duration::from_micros(moment)).await;
        let hit = round % 2;
        let is_killed = world.random().below(3) == 0;
        if is_killed {
            std::mem::replace(&mut processes[hit], Process::start(&world)).kill();
        } else {
            processes[hit].stop();
        }
        // The other one comes as far as the log, whatever the one that was hit had in hand.
        append(&mut world, &mut others, 6).await;
        caught_up(&world, &others).await;
        if !is_killed {
            processes[hit].go_on();
        }
    }
    append(&mut world, &mut others, 20).await;
    caught_up(&world, &others).await;
    drop(processes);
    for world in [&world, &others[0], &others[1]] {
        world.assert_every_event_applied_once().await;
        world.assert_rows_equal_a_fresh_fold().await;
    }
}

/// Each of two processes has its share of the shards, and whoever is left has all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_tenants() {
    let mut world = World::new(55).await;
    let mut others = [world.another("t2", 56).await, world.another("t3", 57).await];
    let shards = i64::try_from(3 * Projection::ALL.len()).unwrap();
    let first = Process::start(&world);
    append(&mut world, &mut others, 10).await;
    caught_up(&world, &others).await;
    assert_eq!(holdings(&world.client).await, [shards], "one alone has all");

    let second = Process::start(&world);
    loop {
        append(&mut world, &mut others, 1).await;
        let holdings = holdings(&world.client).await;
        if holdings.len() == 2 && holdings.iter().sum::<i64>() == shards {
            let share = (shards + 1) / 2;
            assert!(holdings.iter().all(|held| *held <= share), "{holdings:?}");
            break;
        }
    }
    first.kill();
    append(&mut world, &mut others, 10).await;
    caught_up(&world, &others).await;
    assert_eq!(holdings(&world.client).await, [shards], "the other has taken over");
    second.kill();
    for world in [&world, &others[0], &others[1]] {
        world.assert_every_event_applied_once().await;
        let live = live(&world.client, world.tenant.0, Projection::Caseload).await.unwrap();
        assert_eq!(live.position, world.head());
    }
}

async fn append(world: &mut World, others: &mut [World], count: usize) {
    world.append(count).await;
    for other in others {
        other.append(count).await;
    }
}

async fn caught_up(world: &World, others: &[World]) {
    world.caught_up().await;
    for other in others {
        other.caught_up().await;
    }
}

/// How many shards each process has the lease of.
async fn holdings(client: &Client) -> Vec<i64> {
    let sql = "SELECT count(*) FROM projection_checkpoint
        WHERE holder IS NOT NULL AND leased_until > clock_timestamp() GROUP BY holder";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
