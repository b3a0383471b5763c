//! What cannot be read stops its own tenant, and nobody else.

use serde_json::json;

use super::place::Place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_later_program_stops_its_tenant_until_it_can_be_read() {
    let mut stuck = Place::new().await;
    let mut other = stuck.another().await;
    stuck.assess().await;
    let running = stuck.follower();
    stuck.assert_told_once().await;
    stuck.append(stuck.his.into(), "FromTheFuture", json!({})).await;
    stuck.assess().await;
    for _ in 0..5 {
        other.assess().await;
        other.assert_told_once().await;
    }
    assert_eq!(stuck.told().await, stuck.levels[..1], "nothing is passed over");

    // A program that can read it comes.
    let known = "ALTER TABLE event DISABLE TRIGGER USER; \
        UPDATE event SET type = 'AgencyActionRecorded', \
            data = '{\"agency\": \"police\", \"action\": \"arrest_or_recall\"}' \
        WHERE type = 'FromTheFuture'; \
        ALTER TABLE event ENABLE TRIGGER USER";
    stuck.client.batch_execute(known).await.unwrap();
    stuck.assert_told_once().await;
    running.stop().await;
}
