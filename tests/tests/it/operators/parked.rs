//! Cases that are set aside, looked at and tried again.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{WAIT_MAX, a_service, operator, verified};
use crate::cases::{an_attempt, an_open_case};

#[tokio::test]
async fn what_is_set_aside_is_listed_and_tried_again() {
    let service = a_service().await;
    let case = an_open_case(service.worker()).await;
    let database = service.database.connect().await;
    let refuse = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF NEW.case_id = '{case}' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON caseload_2 \
             FOR EACH ROW EXECUTE FUNCTION refuse()"
    );
    database.batch_execute(&refuse).await.unwrap();
    an_attempt(service.worker(), &case).await;
    let parked = async || operator(&service).get("/v1/parked").await.expect(200)["parked"].clone();
    let deadline = Instant::now() + WAIT_MAX;
    while parked().await == json!([]) {
        assert!(Instant::now() < deadline, "nothing is set aside");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let found = parked().await;
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    let told = (&found[0]["projection"], &found[0]["case_id"], &found[0]["error_class"]);
    assert_eq!(told, (&json!("caseload"), &json!(case), &json!("refused")));
    let others = service.as_role("county", "operator").get("/v1/parked").await.expect(200);
    assert_eq!(others["parked"], json!([]));

    let listed = service.run(&["projections", "park", "list", "--json"], &[]).await;
    assert_eq!(listed.status.code(), Some(0), "{listed:?}");
    let line: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&line["tenant"], &line["case_id"]), (&json!("city"), &json!(case)));

    database.batch_execute("DROP TRIGGER refuse ON caseload_2").await.unwrap();
    let retries = "/v1/parked/retries";
    let none = operator(&service).post(retries, json!({"projection": "outcome_snapshot"})).await;
    assert_eq!(none.expect(202), json!({"streams": 0}));
    let body = json!({"projection": "caseload", "case_id": case});
    let one = operator(&service).post(retries, body).await;
    assert_eq!(one.expect(202), json!({"streams": 1}));
    let deadline = Instant::now() + WAIT_MAX;
    while parked().await != json!([]) {
        assert!(Instant::now() < deadline, "it is set aside for ever");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let unknown = operator(&service).post(retries, json!({"projection": "nobodys"})).await;
    assert_eq!((unknown.status, &*unknown.problem()), (422, "invalid"));
    let verified = verified(&service, json!({})).await;
    assert_eq!(verified["comparison"]["differences_found"], 0, "{verified}");
}
