//! `Idempotency-Key` on what operators ask for: done once, and answered the same again.

use serde_json::{Value, json};

use super::{a_service, operator, rebuilt};
use crate::service::{Answer, Service};
use crate::telemetry::commands::{Description, Operation};

async fn post(service: &Service, path: &str, key: &str, body: &Value) -> Answer {
    operator(service).post_with(path, &[("Idempotency-Key", key)], body.clone()).await
}

/// How much operators did, and how much of it was asked for.
async fn lines(service: &Service) -> i64 {
    let client = service.database.connect().await;
    client.query_one("SELECT count(*) FROM projection_audit", &[]).await.unwrap().get(0)
}

fn whole(answer: &Answer) -> (u16, Option<&str>, &str) {
    (answer.status, answer.header("location"), &answer.text)
}

/// The path of an operation on something that can take it.
async fn path_for(service: &Service, operation: &Operation) -> String {
    let path = operation.path.replace("{name}", "engagement_timeline");
    if !path.contains("{operation_id}") {
        return path;
    }
    super::hold_rebuilds(service).await;
    let asked = super::ask(service, "outcome_snapshot", json!({})).await.expect(202);
    path.replace("{operation_id}", asked["operation_id"].as_str().unwrap())
}

#[tokio::test]
async fn each_is_done_once_and_answered_the_same_again() {
    let service = a_service().await;
    let description = Description::read(operator(&service)).await;
    let mut operations = description.operations();
    operations.retain(|operation| operation.method == "POST" && operation.is_operators());
    // The rebuild comes last: while it is under way, it would be in the way of the others.
    operations.sort_by_key(|operation| operation.id == "RebuildProjection");
    assert!(operations.len() >= 5, "{}", operations.len());
    rebuilt(&service, "engagement_timeline").await;
    for operation in operations {
        let id = &operation.id;
        let path = path_for(&service, &operation).await;
        let body = description.body(&operation);
        let first = post(&service, &path, "one-for-all", &body).await;
        assert!([200, 202].contains(&first.status), "{id}: {first:?}");
        if id == "VerifyProjection" {
            // What it found is a line too.
            super::over(&service, first.header("location").unwrap()).await;
        }
        let done = lines(&service).await;
        for key in ["one-for-all", "\"one-for-all\""] {
            let again = post(&service, &path, key, &body).await;
            assert_eq!(whole(&again), whole(&first), "{id}");
        }
        assert_eq!(lines(&service).await, done, "{id} is done once");
        if operation.id == "RebuildProjection" {
            let other = post(&service, &path, "one-for-all", &json!({})).await;
            let kind = (other.status, other.problem());
            assert_eq!(kind, (422, "idempotency-key-reused".to_owned()), "{id}");
        }
        let other = path.replace("engagement_timeline", "caseload");
        if other != path {
            let other = post(&service, &other, "one-for-all", &body).await;
            let kind = (other.status, other.problem());
            assert_eq!(kind, (422, "idempotency-key-reused".to_owned()), "{id}");
        }
        assert_eq!(lines(&service).await, done, "{id}");
    }
}

#[tokio::test]
async fn of_many_duplicates_at_once_one_is_done() {
    let service = a_service().await;
    super::hold_rebuilds(&service).await;
    let path = "/v1/projections/caseload/rebuilds";
    let body = json!({});
    let sent = (0..8).map(|_| post(&service, path, "k", &body));
    let answers = futures_util::future::join_all(sent).await;
    assert_eq!(answers[0].status, 202, "{:?}", answers[0]);
    for answer in &answers {
        assert_eq!(whole(answer), whole(&answers[0]));
    }
    assert_eq!(lines(&service).await, 1);
    // A refusal is not remembered.
    let refused = post(&service, path, "other", &body).await;
    assert_eq!((refused.status, &*refused.problem()), (409, "already-under-way"));
    let place = answers[0].header("location").unwrap();
    operator(&service).post(&format!("{place}/cancellation"), json!({})).await.expect(202);
    post(&service, path, "other", &body).await.expect(202);
}

/// The answer that is kept is given, even where the build is not there any more.
#[tokio::test]
async fn a_verification_is_answered_the_same_after_its_build_is_gone() {
    let service = a_service().await;
    rebuilt(&service, "caseload").await;
    let (path, body) = ("/v1/projections/caseload/verifications", json!({"build": 0}));
    let first = post(&service, path, "verified", &body).await;
    assert_eq!(first.status, 202, "{first:?}");
    super::over(&service, first.header("location").unwrap()).await;
    let dropped = ["projections", "drop", "caseload", "--tenant", "city", "--build", "0", "--yes"];
    let output = service.run(&dropped, &[]).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(post(&service, path, "another", &body).await.status, 404);
    let again = post(&service, path, "verified", &body).await;
    assert_eq!(whole(&again), whole(&first));
}
