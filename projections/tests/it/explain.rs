//! The hot reads find their rows by an index, also when there are many.

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::database::with_tables;

const MANY_CASES: &str = "
    INSERT INTO caseload_2 (tenant_no, case_id, position, programme, role, area, status, episode,
        opened_at, worker, attempts, reached, open_information_requests)
    SELECT 1 + n % 2, gen_random_uuid(), n, 'mrp', 'victim_survivor', 'south',
        CASE WHEN n % 3 = 0 THEN 'closed' ELSE 'open' END, 1, now(), 'w' || n % 100, 0, 0, 0
    FROM generate_series(1, 20000) AS n;
    ANALYZE caseload_2;";

const MANY_FACTS: &str = "
    INSERT INTO engagement_timeline (tenant_no, case_id, position, event_id, type, schema_version,
        occurred_at, precision, recorded_at, data)
    SELECT 1, ('00000000-0000-4000-8000-' || lpad((n % 500)::text, 12, '0'))::uuid, n,
        gen_random_uuid(), 'ContactAttempted', 1, now() - n * interval '1 hour', 'instant', now(), '{}'
    FROM generate_series(1, 20000) AS n;
    ANALYZE engagement_timeline;";

const MANY_VALUES: &str = "
    INSERT INTO outcome_value (tenant_no, case_id, instrument, key, stage, value, occurred_at, position)
    SELECT 1, gen_random_uuid(), 'abuse-severity/1', 'key' || n % 50, 'intake', 'high', now(), n
    FROM generate_series(1, 20000) AS n;
    INSERT INTO outcome_case (tenant_no, case_id, programme, role, area, is_accepted)
    SELECT DISTINCT 1, case_id, 'programme' || position % 50, 'victim_survivor', 'south', true
    FROM outcome_value;
    ANALYZE outcome_value, outcome_case;";

const MANY_REFERRALS: &str = "
    INSERT INTO referral_pipeline_2 (tenant_no, case_id, programme, programme_version, role, area,
        source, received_at, decision)
    SELECT 1 + n % 2, gen_random_uuid(), 'programme' || n % 5, 1, 'victim_survivor', 'south', 'police',
        timestamptz '2026-01-01 00:00Z' - n * interval '1 hour', 'pending'
    FROM generate_series(1, 20000) AS n;
    ANALYZE referral_pipeline_2;";

const MANY_REQUESTS: &str = "
    INSERT INTO agency_request (tenant_no, case_id, request_id, programme, agency, requested_at,
        due_at, chases, escalations, outcome, ended_at)
    SELECT 1 + n % 2, gen_random_uuid(), gen_random_uuid(), 'mrp', 'police',
        timestamptz '2026-01-01 00:00Z' - n * interval '1 hour', timestamptz '2026-01-01 00:00Z' - (n - 500) * interval '1 hour', 0, 0,
        CASE WHEN n % 10 = 1 THEN 'open' ELSE 'answered' END, CASE WHEN n % 10 <> 1 THEN now() END
    FROM generate_series(1, 20000) AS n;
    ANALYZE agency_request;";

const MANY_STRETCHES: &str = "
    INSERT INTO workload_stretch (tenant_no, case_id, from_at, until_at, programme, worker,
        is_high_risk)
    SELECT 1 + n % 2, gen_random_uuid(), timestamptz '2026-01-01 00:00Z' - n * interval '1 hour',
        CASE WHEN n % 50 > 1 THEN timestamptz '2026-01-31 00:00Z' - n * interval '1 hour' END,
        'mrp', 'w' || n % 40, false
    FROM generate_series(1, 20000) AS n;
    INSERT INTO workload_contact (tenant_no, case_id, position, occurred_at, programme, worker,
        is_reached)
    SELECT 1 + n % 2, gen_random_uuid(), n, timestamptz '2026-01-01 00:00Z' - n * interval '1 hour',
        'mrp', 'w' || n % 40, true
    FROM generate_series(1, 20000) AS n;
    INSERT INTO risk_stretch (tenant_no, case_id, place, programme, role, area, from_at,
        is_assessment, is_first, is_first_at_level)
    SELECT 1, gen_random_uuid(), 1, 'programme' || n % 20, 'victim_survivor', 'south', now(), false,
        true, true
    FROM generate_series(1, 20000) AS n;
    ANALYZE workload_stretch, workload_contact, risk_stretch;";

const MANY_DISAGREEMENTS: &str = "
    INSERT INTO risk_disagreement (tenant_no, case_id, programme, role, area, status, since,
        levels_differ, person_disagrees)
    SELECT 1, lpad(to_hex(n), 32, '0')::uuid, 'mrp', 'victim_survivor', 'south', 'open',
        timestamptz '2026-01-01 00:00Z' - n * interval '1 hour', n % 5 = 0, n % 7 = 0
    FROM generate_series(1, 20000) AS n;
    INSERT INTO risk_view (tenant_no, case_id, place, assessor_role, level, assessed_at, instrument,
        event_id, assessments)
    SELECT 1, lpad(to_hex(n), 32, '0')::uuid, place, 'idva', 'high', now(), 'dara/1',
        gen_random_uuid(), 1
    FROM generate_series(1, 20000) AS n, generate_series(1, 2) AS place;
    ANALYZE risk_disagreement, risk_view;";

async fn plan(client: &Client, sql: &str, parameters: &[(&(dyn ToSql + Sync), Type)]) -> String {
    // Of build 0, whose tables are named as the statement names them.
    let explain = format!("EXPLAIN {}", sql.replace(['{', '}'], ""));
    let rows = client.query_typed(&explain, parameters).await.unwrap();
    let lines: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    lines.join("\n")
}

#[track_caller]
fn assert_uses(plan: &str, index: &str) {
    assert!(plan.contains(index), "{index} is not used:\n{plan}");
    assert!(!plan.contains("Seq Scan"), "a table is read whole:\n{plan}");
}

async fn caseload_plan(worker: Option<&str>, after: Option<Uuid>) -> String {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_CASES).await.unwrap();
    let read = include_str!("../../src/caseload/read.sql");
    let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
        (&1_i32, Type::INT4),
        (&worker, Type::TEXT),
        (&jiff::Timestamp::UNIX_EPOCH, Type::TIMESTAMPTZ),
        (&after, Type::UUID),
        (&51_i64, Type::INT8),
    ];
    plan(&client, read, &parameters).await
}

#[tokio::test]
async fn a_workers_caseload_is_found_by_an_index() {
    let first = caseload_plan(Some("w7"), None).await;
    assert_uses(&first, "caseload_2_by_worker");
    assert!(!first.contains("caseload_2_open"), "other workers' cases are read:\n{first}");
    let next = caseload_plan(Some("w7"), Some(Uuid::from_u128(1))).await;
    assert_uses(&next, "caseload_2_by_worker");
    assert!(!next.contains("caseload_2_open"), "other workers' cases are read:\n{next}");
}

/// The totals of all open cases count every one of them; the page stops early.
#[tokio::test]
async fn a_page_of_all_open_cases_is_found_by_an_index() {
    let plan = caseload_plan(None, None).await;
    assert!(plan.contains("Index Scan using caseload_2_open"), "{plan}");
}

#[tokio::test]
async fn a_timeline_is_found_by_an_index() {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_FACTS).await.unwrap();
    let case_id: Uuid = "00000000-0000-4000-8000-000000000042".parse().unwrap();
    let read = include_str!("../../src/engagement_timeline/read.sql");
    let types = ["ContactAttempted", "RiskAssessed"].as_slice();
    let parameters: [(&(dyn ToSql + Sync), Type); 7] = [
        (&1_i32, Type::INT4),
        (&case_id, Type::UUID),
        (&Some(jiff::Timestamp::UNIX_EPOCH), Type::TIMESTAMPTZ),
        (&Some(1_i64), Type::INT8),
        (&21_i64, Type::INT8),
        (&types, Type::TEXT_ARRAY),
        (&20_001_i64, Type::INT8),
    ];
    assert_uses(&plan(&client, read, &parameters).await, "engagement_timeline_in_order");
}

#[tokio::test]
async fn an_outcome_table_reads_one_measure_of_one_programme() {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_VALUES).await.unwrap();
    let counts = include_str!("../../src/outcome_snapshot/counts.sql");
    let parameters: [(&(dyn ToSql + Sync), Type); 9] = [
        (&1_i32, Type::INT4),
        (&"programme7", Type::TEXT),
        (&"key7", Type::TEXT),
        (&"intake", Type::TEXT),
        (&"exit", Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&40_001_i64, Type::INT8),
    ];
    let plan = plan(&client, counts, &parameters).await;
    assert_uses(&plan, "outcome_value_by_key");
    assert_uses(&plan, "outcome_case_by_programme");
}

#[tokio::test]
async fn the_referrals_of_a_month_are_found_by_an_index() {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_REFERRALS).await.unwrap();
    let read = include_str!("../../src/referral_pipeline/read.sql");
    let month_ago: jiff::Timestamp = "2025-12-01T00:00:00Z".parse().unwrap();
    let parameters: [(&(dyn ToSql + Sync), Type); 8] = [
        (&1_i32, Type::INT4),
        (&"programme3", Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&Some(month_ago), Type::TIMESTAMPTZ),
        (&None::<jiff::Timestamp>, Type::TIMESTAMPTZ),
        (&500_001_i64, Type::INT8),
    ];
    assert_uses(&plan(&client, read, &parameters).await, "referral_pipeline_2_by_programme");
}

#[tokio::test]
async fn the_requests_of_a_month_are_found_by_an_index() {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_REQUESTS).await.unwrap();
    let read = include_str!("../../src/agency_response/read.sql");
    let month_ago: jiff::Timestamp = "2025-12-01T00:00:00Z".parse().unwrap();
    let parameters: [(&(dyn ToSql + Sync), Type); 6] = [
        (&1_i32, Type::INT4),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&Some(month_ago), Type::TIMESTAMPTZ),
        (&None::<jiff::Timestamp>, Type::TIMESTAMPTZ),
        (&1_000_001_i64, Type::INT8),
    ];
    assert_uses(&plan(&client, read, &parameters).await, "agency_request_by_time");
}

#[tokio::test]
async fn a_page_of_overdue_requests_stops_early() {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_REQUESTS).await.unwrap();
    let read = include_str!("../../src/agency_response/overdue.sql");
    let [after, now] = ["2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]
        .map(|at| at.parse::<jiff::Timestamp>().unwrap());
    for after in [None, Some((after, Uuid::nil(), Uuid::nil()))] {
        let parameters: [(&(dyn ToSql + Sync), Type); 9] = [
            (&1_i32, Type::INT4),
            (&None::<&str>, Type::TEXT),
            (&None::<&str>, Type::TEXT),
            (&None::<&str>, Type::TEXT),
            (&now, Type::TIMESTAMPTZ),
            (&after.map(|(due_at, ..)| due_at), Type::TIMESTAMPTZ),
            (&after.map(|(_, case_id, _)| case_id), Type::UUID),
            (&after.map(|(.., request)| request), Type::UUID),
            (&51_i64, Type::INT8),
        ];
        let plan = plan(&client, read, &parameters).await;
        assert_uses(&plan, "agency_request_due");
        assert!(!plan.contains("Sort"), "the index gives the order:\n{plan}");
    }
}

#[tokio::test]
async fn a_quarters_workload_is_found_by_indexes() {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_STRETCHES).await.unwrap();
    let [from, to] = ["2025-10-06T00:00:00Z", "2026-01-01T00:00:00Z"]
        .map(|at| at.parse::<jiff::Timestamp>().unwrap());
    let parameters: [(&(dyn ToSql + Sync), Type); 6] = [
        (&1_i32, Type::INT4),
        (&from, Type::TIMESTAMPTZ),
        (&to, Type::TIMESTAMPTZ),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&Some("w1"), Type::TEXT),
    ];
    let stretches = include_str!("../../src/workload/stretches.sql");
    assert_uses(&plan(&client, stretches, &parameters).await, "workload_stretch_by_end");
    let contacts = include_str!("../../src/workload/contacts.sql");
    assert_uses(&plan(&client, contacts, &parameters).await, "workload_contact_by_time");
}

#[tokio::test]
async fn a_page_of_disagreements_is_found_by_an_index() {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_DISAGREEMENTS).await.unwrap();
    let parameters: [(&(dyn ToSql + Sync), Type); 8] = [
        (&1_i32, Type::INT4),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&None::<jiff::Timestamp>, Type::TIMESTAMPTZ),
        (&None::<Uuid>, Type::UUID),
        (&51_i64, Type::INT8),
    ];
    let read = include_str!("../../src/risk_disagreement/read_page.sql");
    let plan = plan(&client, read, &parameters).await;
    assert_uses(&plan, "risk_disagreement_by_since");
    assert_uses(&plan, "risk_view_pkey");
}

#[tokio::test]
async fn the_trajectories_of_a_programme_are_found_by_an_index() {
    let (_database, client) = with_tables().await;
    client.batch_execute(MANY_STRETCHES).await.unwrap();
    let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
        (&1_i32, Type::INT4),
        (&Some("programme7"), Type::TEXT),
        (&None::<&str>, Type::TEXT),
        (&Some("south"), Type::TEXT),
        (&jiff::Timestamp::from_second(2_000_000_000).unwrap(), Type::TIMESTAMPTZ),
    ];
    let read = include_str!("../../src/risk_trajectory/read.sql");
    assert_uses(&plan(&client, read, &parameters).await, "risk_stretch_by_programme");
}

#[tokio::test]
async fn a_page_of_overrides_stops_early() {
    let (_database, client) = with_tables().await;
    let many = "INSERT INTO contact_override (tenant_no, case_id, event_id, programme, occurred_at,
            precision, channel, reason)
        SELECT 1 + n % 2, gen_random_uuid(), gen_random_uuid(), 'mrp',
            timestamptz '2026-01-01 00:00Z' - n * interval '1 hour', 'instant', 'phone',
            'person_asked'
        FROM generate_series(1, 20000) AS n;
        ANALYZE contact_override;";
    client.batch_execute(many).await.unwrap();
    let read = include_str!("../../src/contact_override/read.sql");
    let month_ago: jiff::Timestamp = "2025-12-01T00:00:00Z".parse().unwrap();
    for (from, after) in [(None, None), (Some(month_ago), None), (None, Some(month_ago))] {
        let parameters: [(&(dyn ToSql + Sync), Type); 7] = [
            (&1_i32, Type::INT4),
            (&from, Type::TIMESTAMPTZ),
            (&None::<jiff::Timestamp>, Type::TIMESTAMPTZ),
            (&after, Type::TIMESTAMPTZ),
            (&after.map(|_| Uuid::nil()), Type::UUID),
            (&after.map(|_| Uuid::nil()), Type::UUID),
            (&51_i64, Type::INT8),
        ];
        let plan = plan(&client, read, &parameters).await;
        assert_uses(&plan, "contact_override_by_time");
        assert!(!plan.contains("Sort"), "the index gives the order:\n{plan}");
    }
}
