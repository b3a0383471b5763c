//! Lists for operators, page by page.

use serde_json::json;

use super::{a_service, operator, over, rebuilt};
use crate::pages::{assert_pages, cursor};

#[tokio::test]
async fn pages_of_operators_lists_visit_each_row_once() {
    let service = a_service().await;
    for projection in ["caseload", "outcome_snapshot", "caseload", "engagement_timeline"] {
        rebuilt(&service, projection).await;
    }
    let verifications = "/v1/projections/caseload/verifications";
    for _ in 0..2 {
        let asked = operator(&service).post(verifications, json!({})).await;
        asked.expect(202);
        over(&service, asked.header("location").unwrap()).await;
    }
    let database = service.database.connect().await;
    // Cases of several projections and builds; nobody tries them again while this runs.
    let park = "INSERT INTO projection_parked
            (tenant_no, projection, stream_id, position, error_class, version, build, retry_at)
        SELECT tenant_no, projection, md5(n::text)::uuid, 1, 'refused', version, build,
            clock_timestamp() + interval '1 day'
        FROM tenant, generate_series(1, 3) AS n, (VALUES ('caseload', 2, 1),
            ('caseload', 2, 2), ('engagement_timeline', 1, 1)) AS of (projection, version, build)
        WHERE name = 'city'";
    database.batch_execute(park).await.unwrap();

    let client = operator(&service);
    let operations = assert_pages(client, "/v1/operations", "operations", "operation_id").await;
    assert_eq!(operations.len(), 6);
    let lines = assert_pages(client, "/v1/projections/audit", "lines", "at").await;
    assert!(lines.len() >= 4 && lines.is_sorted_by(|a, b| a > b), "{lines:?}");
    assert_eq!(assert_pages(client, "/v1/parked", "parked", "projection").await.len(), 9);
    assert_eq!(assert_pages(client, "/v1/parked", "parked", "case_id").await.len(), 9);

    // A cursor continues its own list, of its own tenant.
    let of_operations = cursor(client, "/v1/operations").await;
    let county = service.as_role("county", "operator");
    for (client, list) in [(client, "/v1/projections/audit"), (county, "/v1/operations")] {
        let refused = client.get(&format!("{list}?limit=1&cursor={of_operations}")).await;
        assert_eq!((refused.status, &*refused.problem()), (422, "invalid"), "{list}");
    }
}
