//! What a schedule and a tenant can hold, and that a refusal leaves a way on.
//!
//! The rows up to a limit are copied by whoever owns the tables, as thousands of commands would leave
//! them; the last of them and the one too many are commands.

use serde_json::json;

use super::{SCHEDULES, a_case_in, draw, in_essex, manager, open};
use crate::cases::Recorded;
use crate::service::Service;

/// The most draws of a schedule, and the most schedules of a tenant.
const DRAWS_MAX: u32 = 10_000;
const SCHEDULES_MAX: u32 = 1000;

/// Copies the only draw until there are `count`, at positions that the log is not to reach.
async fn copy_the_draw(service: &Service, count: u32) {
    let copy = format!(
        "INSERT INTO event SELECT (jsonb_populate_record(e, jsonb_build_object( \
             'position', 1000000 + n, 'version', n + 1, 'event_id', gen_random_uuid(), \
             'data', replace(e.data, '\"sequence\":1,', '\"sequence\":' || n || ',')))).* \
         FROM event e, generate_series(2, {count}) n WHERE e.type = 'ArmDrawn'"
    );
    service.database.connect().await.batch_execute(&copy).await.unwrap();
}

/// Copies the only schedule until there are `count`.
async fn copy_the_schedule(service: &Service, count: u32) {
    let copy = format!(
        "CREATE TEMP TABLE copied AS SELECT n, gen_random_uuid() AS id \
             FROM generate_series(2, {count}) n; \
         INSERT INTO stream SELECT (jsonb_populate_record(s, jsonb_build_object( \
             'stream_no', 1000000 + n, 'id', copied.id))).* \
             FROM stream s, copied WHERE s.kind = 'allocation_schedule'; \
         INSERT INTO event SELECT (jsonb_populate_record(e, jsonb_build_object( \
             'position', 1000000 + n, 'stream_no', 1000000 + n, 'event_id', copied.id))).* \
             FROM event e, copied WHERE e.type = 'AllocationScheduleOpened'"
    );
    service.database.connect().await.batch_execute(&copy).await.unwrap();
}

#[tokio::test]
async fn a_full_schedule_draws_no_more_and_the_next_one_does() {
    let service = Service::start().await;
    let client = manager(&service);
    let schedule = open(&service, in_essex()).await;
    let mut cases = Vec::new();
    for _ in 0..3 {
        cases.push(a_case_in(client, "essex").await);
    }
    draw(&service, &cases[0]).await.expect(201);
    copy_the_draw(&service, DRAWS_MAX - 1).await;
    assert_eq!(draw(&service, &cases[1]).await.expect(201)["sequence"], DRAWS_MAX);

    let before = Recorded::in_database_of(&service).await;
    let full = draw(&service, &cases[2]).await;
    assert_eq!((full.status, &*full.problem()), (409, "schedule-full"));
    assert_eq!(Recorded::in_database_of(&service).await, before);
    let path = format!("{SCHEDULES}/{schedule}");
    assert_eq!(client.get(&path).await.expect(200)["drawn"], DRAWS_MAX);
    assert!(client.get(&format!("/v1/cases/{}", cases[2])).await.expect(200)["arm"].is_null());

    client.post(&format!("{path}/closure"), json!({})).await.expect(201);
    let next = open(&service, in_essex()).await;
    let drawn = draw(&service, &cases[2]).await.expect(201);
    assert_eq!((&drawn["schedule_id"], &drawn["sequence"]), (&json!(next), &json!(1)));
}

#[tokio::test]
async fn a_tenant_has_so_many_schedules_and_those_it_has_go_on() {
    let service = Service::start().await;
    let client = manager(&service);
    open(&service, in_essex()).await;
    copy_the_schedule(&service, SCHEDULES_MAX - 1).await;
    let last = open(&service, json!({"programme": "drive", "area": "west_sussex"})).await;

    let before = Recorded::in_database_of(&service).await;
    let wales = json!({"programme": "drive", "area": "south_wales"});
    let refused = client.post(SCHEDULES, wales).await;
    assert_eq!((refused.status, &*refused.problem()), (409, "too-many-schedules"));
    assert_eq!(Recorded::in_database_of(&service).await, before);

    let listed = client.get(&format!("{SCHEDULES}?limit=1000")).await.expect(200);
    assert_eq!(listed["schedules"].as_array().map(Vec::len), Some(1000));
    let case = a_case_in(client, "west_sussex").await;
    assert_eq!(draw(&service, &case).await.expect(201)["schedule_id"], json!(last));
    // One that is closed is still one of them: its draws are to be computed again.
    client.post(&format!("{SCHEDULES}/{last}/closure"), json!({})).await.expect(201);
    let again = client.post(SCHEDULES, json!({"programme": "drive", "area": "west_sussex"})).await;
    assert_eq!(again.problem(), "too-many-schedules");
}
