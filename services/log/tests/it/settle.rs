//! A settled moment: whatever was recorded until then can be read, whatever comes is recorded later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use throughline_domain::ids::Position;
use throughline_log::{Settled, recorded_at};

use crate::support::{Fixture, a_case, one};

/// Moments settled while others write.
const MOMENTS: usize = 150;

async fn settle_while_others_write(fixture: &Fixture) -> Vec<Settled> {
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (log, tenant, stop) = (fixture.log.clone(), fixture.tenant, Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    log.append(tenant, one(a_case(), 0)).await.unwrap();
                }
            })
        })
        .collect();
    let mut moments: Vec<Settled> = Vec::with_capacity(MOMENTS);
    // On a busy machine the writers may take their time to begin.
    while moments.len() < MOMENTS || moments[0].position == moments[moments.len() - 1].position {
        moments.push(fixture.log.settle(fixture.tenant).await.unwrap());
        assert!(moments.len() < 100 * MOMENTS, "others do not write");
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    moments
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_earlier_appears_after_a_settled_moment() {
    let fixture = Fixture::live().await;
    let moments = settle_while_others_write(&fixture).await;
    let client = fixture.client().await;
    let last = fixture.log.head(fixture.tenant).await.unwrap().position;
    for Settled { position, at, .. } in moments {
        let recorded = recorded_at(&client, fixture.tenant, position).await.unwrap().unwrap();
        assert!(recorded <= at, "{position} was recorded at {recorded}, after {at}");
        let next = Position(position.0 + 1);
        if next <= last {
            let recorded = recorded_at(&client, fixture.tenant, next).await.unwrap().unwrap();
            assert!(recorded > at, "{next} was recorded at {recorded}, not after {at}");
        }
    }
}

#[tokio::test]
async fn a_quiet_log_is_settled_now_and_a_position_to_come_has_no_time() {
    let fixture = Fixture::live().await;
    let first = fixture.log.settle(fixture.tenant).await.unwrap();
    let second = fixture.log.settle(fixture.tenant).await.unwrap();
    assert_eq!(first.position, Position(1), "going live is the first event");
    assert!(second.at > first.at && second.position == first.position);
    assert_eq!((first.at, second.at), (first.now, second.now));
    let client = fixture.client().await;
    assert_eq!(recorded_at(&client, fixture.tenant, Position(2)).await.unwrap(), None);
}
