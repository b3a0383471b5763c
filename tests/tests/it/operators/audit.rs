//! A line for each thing that an operator did, which nobody can change.

use serde_json::{Value, json};

use super::{a_service, ask, operator, rebuilt, verified};
use crate::service::log_text;

#[tokio::test]
async fn whatever_is_done_or_refused_is_written_down_and_told() {
    let service = a_service().await;
    let nothing = operator(&service).post("/v1/projections/caseload/rollback", json!({})).await;
    assert_eq!(nothing.status, 409);
    let rebuilt = rebuilt(&service, "caseload").await;
    operator(&service).post("/v1/projections/caseload/rollback", json!({})).await.expect(200);
    verified(&service, json!({})).await;
    operator(&service).post("/v1/parked/retries", json!({})).await.expect(202);

    let told = operator(&service).get("/v1/projections/audit").await.expect(200);
    let lines: Vec<Value> = told["lines"].as_array().unwrap().iter().rev().cloned().collect();
    let told = |line: &Value| {
        let names = ["action", "projection", "build", "count", "outcome", "reason"];
        names.map(|name| line[name].clone())
    };
    let on = json!("caseload");
    let (done, none) = (json!("done"), Value::Null);
    let expected = [
        [
            json!("rollback"),
            on.clone(),
            none.clone(),
            none.clone(),
            json!("refused"),
            json!("nothing-to-roll-back-to"),
        ],
        [json!("rebuild"), on.clone(), json!(1), none.clone(), done.clone(), none.clone()],
        [json!("rollback"), on.clone(), json!(0), none.clone(), done.clone(), none.clone()],
        [json!("verify"), on.clone(), none.clone(), none.clone(), done.clone(), none.clone()],
        [json!("verify"), on.clone(), json!(0), json!(0), done.clone(), none.clone()],
        [json!("park_retry"), none.clone(), none.clone(), json!(0), done, none],
    ];
    assert_eq!(lines.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(lines[1]["operation_id"], rebuilt["operation_id"]);
    for line in &lines {
        let who = (&line["actor"], &line["actor_role"], &line["origin"]);
        assert_eq!(who, (&json!("operator"), &json!("operator"), &json!("rest")), "{line}");
    }
    let one = operator(&service).get("/v1/projections/audit?limit=1").await.expect(200);
    assert_eq!(one["lines"], json!([lines[5]]));
    let others = service.as_role("county", "operator").get("/v1/projections/audit").await;
    assert_eq!(others.expect(200)["lines"], json!([]));

    // The log lines tell what, and never who.
    let log = log_text(&service.data_dir);
    let audit: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["target"] == "audit")
        .filter(|line| line["throughline.action"] != "list")
        .collect();
    assert_eq!(audit.len(), expected.len(), "{audit:?}");
    assert_eq!(audit[1]["throughline.operation_id"], rebuilt["operation_id"]);
    assert_eq!(audit[0]["throughline.outcome"], "nothing-to-roll-back-to");
    assert!(audit.iter().all(|line| line.get("actor").is_none()), "{audit:?}");
}

#[tokio::test]
async fn nobody_changes_a_line_not_even_the_owner_by_mistake() {
    let service = a_service().await;
    ask(&service, "caseload", json!({})).await.expect(202);
    let owner = service.database.connect().await;
    for statement in [
        "UPDATE projection_audit SET actor = 'another'",
        "DELETE FROM projection_audit",
        "TRUNCATE projection_audit",
        "SET session_replication_role = replica; DELETE FROM projection_audit",
    ] {
        let refused = owner.batch_execute(statement).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "TL002", "{statement}");
    }
}

/// Where the line cannot be written, nothing is done.
#[tokio::test]
async fn nothing_is_done_that_cannot_be_written_down() {
    let service = a_service().await;
    let refuse = "ALTER TABLE projection_audit ADD CHECK (action <> 'rebuild') NOT VALID";
    service.database.connect().await.batch_execute(refuse).await.unwrap();
    assert_eq!(ask(&service, "caseload", json!({})).await.status, 500);
    let listed = operator(&service).get("/v1/operations").await.expect(200);
    assert_eq!(listed["operations"], json!([]));
}
