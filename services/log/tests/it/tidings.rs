//! An append in one process wakes those who wait in another.

use std::time::Duration;

use throughline_log::{EventLog, Subscription, Tidings};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{Fixture, a_case, one};

/// Nobody here ever polls, so whoever is woken in time was told.
const WAKE_MAX: Duration = Duration::from_secs(20);

/// A process that listens. It no longer does when this is dropped.
struct Listening {
    log: EventLog,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Listening {
    /// Returns once notifications are heard: everybody is told then.
    async fn begin(fixture: &Fixture) -> Self {
        let log = fixture.elsewhere();
        let mut all = log.tidings().subscribe();
        let (stop, tidings): (_, Tidings) = (CancellationToken::new(), log.tidings().clone());
        let (until, config) = (stop.clone(), fixture.database.config());
        let task = tokio::spawn(async move { tidings.listen(config, until).await });
        woken(&mut all).await;
        Self { log, stop, task }
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn woken(waiting: &mut Subscription) {
    tokio::time::timeout(WAKE_MAX, waiting.changed()).await.expect("somebody tells");
}

#[tokio::test]
async fn an_append_wakes_those_who_wait_in_its_own_process_and_in_another() {
    let fixture = Fixture::live().await;
    let elsewhere = Listening::begin(&fixture).await;
    let mut here = fixture.log.tidings().subscribe_to(fixture.tenant);
    let mut there = elsewhere.log.tidings().subscribe_to(fixture.tenant);
    for _ in 0..3 {
        let appended = fixture.append(one(a_case(), 0)).await;
        woken(&mut here).await;
        woken(&mut there).await;
        // What is told of can be read.
        let head = elsewhere.log.head(fixture.tenant).await.unwrap();
        assert_eq!(head.position, appended.last);
    }
    elsewhere.end().await;
}

#[tokio::test]
async fn who_lost_the_connection_is_told_when_it_is_back_and_hears_again() {
    let fixture = Fixture::live().await;
    let elsewhere = Listening::begin(&fixture).await;
    let mut there = elsewhere.log.tidings().subscribe_to(fixture.tenant);
    let client = fixture.client().await;
    for _ in 0..3 {
        // The statement that a session ran last is what it listens by.
        let killed = client
            .query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND query LIKE 'LISTEN %'",
                &[],
            )
            .await
            .unwrap();
        assert_eq!(killed.len(), 1);
        // Something may have been missed: so this comes without an append.
        woken(&mut there).await;
        fixture.append(one(a_case(), 0)).await;
        woken(&mut there).await;
    }
    elsewhere.end().await;
}

#[tokio::test]
async fn an_outage_is_waited_out() {
    let fixture = Fixture::live().await;
    let elsewhere = Listening::begin(&fixture).await;
    let mut there = elsewhere.log.tidings().subscribe();
    fixture.database.close().await;
    fixture.database.reopen().await;
    woken(&mut there).await;
    fixture.append(one(a_case(), 0)).await;
    woken(&mut there).await;
    elsewhere.end().await;
}

#[tokio::test]
async fn who_listens_stops_when_told() {
    let fixture = Fixture::live().await;
    let elsewhere = Listening::begin(&fixture).await;
    let client = fixture.client().await;
    let listeners = "SELECT count(*) FROM pg_stat_activity \
                     WHERE datname = current_database() AND query LIKE 'LISTEN %'";
    let count: i64 = client.query_one(listeners, &[]).await.unwrap().get(0);
    assert_eq!(count, 1);
    elsewhere.end().await;
    // The server notices that the connection is closed a moment later.
    let mut left = count;
    while left > 0 {
        left = client.query_one(listeners, &[]).await.unwrap().get(0);
    }
}
