//! Rebuilding, verifying, going back and dropping over REST.

use reqwest::Method;
use serde_json::json;

use super::{
    a_service, ask, hold_rebuilds, live, operator, over, rebuilt, release_rebuilds, settled, spoil,
    verified,
};
use crate::cases::{absent_id, an_open_case, text};

#[tokio::test]
async fn a_rebuild_is_an_operation_that_ends_in_a_switch() {
    let service = a_service().await;
    let before = service.worker().get("/v1/caseloads").await.expect(200);
    let asked = ask(&service, "caseload", json!({})).await;
    let operation = asked.expect(202);
    let place = format!("/v1/operations/{}", text(&operation["operation_id"]));
    assert_eq!(asked.header("location"), Some(&*place));
    let told = ["kind", "projection", "build", "phase", "dry_run", "comparison", "finished_at"];
    let told = told.map(|name| operation[name].clone());
    let queued = [json!("rebuild"), json!("caseload"), json!(1), json!("queued"), json!(false)];
    assert_eq!(told[..5], queued);
    assert!(told[5].is_null() && told[6].is_null(), "{operation}");

    let ended = over(&service, &place).await;
    assert_eq!(ended["phase"], "switched", "{ended}");
    let (done, total) = (&ended["progress"]["events_done"], &ended["progress"]["events_total"]);
    assert_eq!(done, total, "{ended}");
    assert!(done.as_i64().unwrap() > 10, "{ended}");
    assert_eq!(ended["progress"]["remaining_seconds"], 0.0);
    assert_eq!(ended["comparison"]["differences_found"], 0, "{ended}");
    assert!(ended["comparison"]["cases"].as_i64().unwrap() >= 3, "{ended}");
    assert_eq!(live(&service, "caseload").await, 1);
    let after = service.worker().get("/v1/caseloads").await.expect(200);
    assert_eq!((&after["cases"], &after["totals"]), (&before["cases"], &before["totals"]));

    // The build before is followed all the same.
    an_open_case(service.worker()).await;
    settled(&service).await;
    let listed = operator(&service).get("/v1/operations?limit=1").await.expect(200);
    assert_eq!(listed["operations"], json!([over(&service, &place).await]));
    let others = service.as_role("county", "operator");
    assert_eq!(others.get(&place).await.problem(), "not-found");
    assert_eq!(others.get("/v1/operations").await.expect(200)["operations"], json!([]));
}

#[tokio::test]
async fn a_second_rebuild_is_refused_with_the_place_of_the_first_and_may_be_called_off() {
    let service = a_service().await;
    hold_rebuilds(&service).await;
    let asked = ask(&service, "caseload", json!({"dry_run": true})).await;
    assert_eq!(asked.expect(202)["dry_run"], true);
    let place = asked.header("location").unwrap().to_owned();
    let second = ask(&service, "caseload", json!({})).await;
    assert_eq!((second.status, &*second.problem()), (409, "already-under-way"));
    assert_eq!(second.header("location"), Some(&*place));
    // Another projection, and another tenant, have rebuilds of their own.
    ask(&service, "outcome_snapshot", json!({})).await.expect(202);
    let others = service.as_role("county", "operator");
    others.post("/v1/projections/caseload/rebuilds", json!({})).await.expect(202);
    let hidden = others.post(&format!("{place}/cancellation"), json!({})).await;
    assert_eq!((hidden.status, &*hidden.problem()), (404, "not-found"));

    let cancelled = operator(&service).post(&format!("{place}/cancellation"), json!({})).await;
    assert_eq!(cancelled.expect(202)["cancel_requested"], true);
    assert_eq!(cancelled.header("location"), Some(&*place));
    release_rebuilds(&service).await;
    assert_eq!(over(&service, &place).await["phase"], "cancelled");
    let again = operator(&service).post(&format!("{place}/cancellation"), json!({})).await;
    assert_eq!((again.status, &*again.problem()), (409, "operation-over"));
    assert_eq!(live(&service, "caseload").await, 0);
}

#[tokio::test]
async fn a_row_that_was_altered_is_found_and_repaired_by_a_rebuild() {
    let service = a_service().await;
    let right = verified(&service, json!({})).await;
    assert_eq!(right["comparison"]["differences_found"], 0, "{right}");
    let case = spoil(&service).await;
    let wrong = verified(&service, json!({})).await;
    let difference =
        json!({"case_id": case, "table": "caseload_2", "kind": "differs", "columns": ["worker"]});
    assert_eq!(wrong["comparison"]["differences"], json!([difference]), "{wrong}");
    assert_eq!(wrong["comparison"]["differing_cases"], 1);
    let progress = &wrong["progress"];
    assert_eq!((&progress["cases_done"], &progress["cases_total"]), (&json!(3), &json!(3)));
    assert_eq!(wrong["comparison"]["all_cases"], true, "{wrong}");
    let sample = verified(&service, json!({"sample": 2})).await;
    assert_eq!(sample["progress"]["cases_total"], 2, "{sample}");

    let dry = ask(&service, "caseload", json!({"dry_run": true})).await;
    let dry = over(&service, dry.header("location").unwrap()).await;
    assert_eq!(dry["phase"], "compared", "{dry}");
    assert_eq!(dry["comparison"]["differences_found"], 0, "the new rows are right: {dry}");
    assert_eq!(dry["comparison"]["live"]["differences"], json!([difference]), "{dry}");
    assert_eq!(live(&service, "caseload").await, 0);

    rebuilt(&service, "caseload").await;
    let right = verified(&service, json!({})).await;
    assert_eq!(right["comparison"]["differences_found"], 0, "{right}");
    let old = verified(&service, json!({"build": 0})).await;
    assert_eq!(old["comparison"]["differences"], json!([difference]), "{old}");
    for sample in [json!(0), json!(1_000_001), json!(-1), json!("all")] {
        let path = "/v1/projections/caseload/verifications";
        let refused = operator(&service).post(path, json!({"sample": sample})).await;
        assert_eq!((refused.status, &*refused.problem()), (422, "invalid"), "{sample}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/sample");
    }
}

/// Nobody takes it up, as long as a trigger keeps them from it.
#[tokio::test]
async fn a_verification_waits_is_called_off_and_there_is_one_at_a_time() {
    let service = a_service().await;
    let hold = "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                    IF NEW.holder IS NOT NULL THEN RETURN NULL; END IF; RETURN NEW; END $$; \
                CREATE TRIGGER hold BEFORE UPDATE ON projection_verification \
                    FOR EACH ROW EXECUTE FUNCTION hold()";
    service.database.connect().await.batch_execute(hold).await.unwrap();
    let path = "/v1/projections/caseload/verifications";
    let asked = operator(&service).post(path, json!({"sample": 5})).await;
    let place = asked.header("location").unwrap().to_owned();
    let told = asked.expect(202);
    assert_eq!((&told["kind"], &told["phase"]), (&json!("verification"), &json!("queued")));
    let second = operator(&service).post(path, json!({})).await;
    assert_eq!((second.status, &*second.problem()), (409, "already-under-way"));
    assert_eq!(second.header("location"), Some(&*place));
    let listed = operator(&service).get("/v1/operations").await.expect(200);
    assert_eq!(listed["operations"][0]["operation_id"], told["operation_id"], "{listed}");
    let others = service.as_role("county", "operator");
    assert_eq!(others.get(&place).await.status, 404);

    let cancelled = operator(&service).post(&format!("{place}/cancellation"), json!({})).await;
    assert_eq!(cancelled.expect(202)["cancel_requested"], true);
    assert_eq!(over(&service, &place).await["phase"], "cancelled");
    let again = operator(&service).post(&format!("{place}/cancellation"), json!({})).await;
    assert_eq!((again.status, &*again.problem()), (409, "operation-over"));
}

/// Whoever had it was killed: somebody else begins it anew once the lease has run out.
#[tokio::test]
async fn a_verification_that_was_left_is_begun_anew() {
    let service = a_service().await;
    let case = spoil(&service).await;
    let left = "INSERT INTO projection_verification (tenant_no, operation_id, projection, version, \
                    phase, requested_by, started_at, cases_total, cases_done, epoch, holder, \
                    leased_until) \
                SELECT tenant_no, gen_random_uuid(), 'caseload', 2, 'verifying', 'o-kim', now(), 99, \
                    77, 4, gen_random_uuid(), clock_timestamp() + interval '1 second' \
                FROM tenant WHERE name = 'city' RETURNING operation_id";
    let row = service.database.connect().await.query_one(left, &[]).await.unwrap();
    let place = format!("/v1/operations/{}", row.get::<_, uuid::Uuid>(0));
    let ended = over(&service, &place).await;
    assert_eq!(ended["phase"], "verified", "{ended}");
    assert_eq!(ended["comparison"]["differences"][0]["case_id"], json!(case), "{ended}");
    assert_eq!(ended["progress"]["cases_done"], 3, "{ended}");
}

/// Called off while whoever had it was gone: nobody begins it anew.
#[tokio::test]
async fn a_verification_that_was_called_off_stays_so() {
    let service = a_service().await;
    let left = "INSERT INTO projection_verification (tenant_no, operation_id, projection, version, \
                    phase, requested_by, epoch, cancel_requested, leased_until) \
                SELECT tenant_no, gen_random_uuid(), 'caseload', 2, 'verifying', 'o-kim', 4, true, \
                    clock_timestamp() FROM tenant WHERE name = 'city' RETURNING operation_id";
    let row = service.database.connect().await.query_one(left, &[]).await.unwrap();
    let place = format!("/v1/operations/{}", row.get::<_, uuid::Uuid>(0));
    assert_eq!(over(&service, &place).await["phase"], "cancelled");
}

#[tokio::test]
async fn readers_go_back_at_once_and_the_build_in_use_is_never_dropped() {
    let service = a_service().await;
    let rollback = "/v1/projections/caseload/rollback";
    let nothing = operator(&service).post(rollback, json!({})).await;
    assert_eq!((nothing.status, &*nothing.problem()), (409, "nothing-to-roll-back-to"));
    let drop = async |build: &str| {
        let path = format!("/v1/projections/caseload/builds/{build}");
        operator(&service).send(Method::DELETE, &path, &[], None).await
    };
    let build = rebuilt(&service, "caseload").await["build"].to_string();
    let refused = drop(&build).await;
    assert_eq!((refused.status, &*refused.problem()), (409, "live-build"));
    let back = operator(&service).post(rollback, json!({})).await.expect(200);
    let expected = json!({"projection": "caseload", "from": 1, "to": 0});
    assert_eq!(back, expected);
    assert_eq!(live(&service, "caseload").await, 0);
    let refused = drop("0").await;
    assert_eq!((refused.status, &*refused.problem()), (409, "live-build"));
    assert_eq!(drop(&build).await.status, 204);
    for gone in [&*build, "99", "-1", "no-number"] {
        let gone = drop(gone).await;
        assert_eq!((gone.status, &*gone.problem()), (404, "not-found"));
    }
    service.worker().get("/v1/caseloads").await.expect(200);
}

#[tokio::test]
async fn what_there_is_none_of_is_not_found() {
    let service = a_service().await;
    let operator = operator(&service);
    for path in ["rebuilds", "verifications", "rollback"] {
        let answer = operator.post(&format!("/v1/projections/nobodys/{path}"), json!({})).await;
        assert_eq!((answer.status, &*answer.problem()), (404, "not-found"), "{path}");
    }
    for id in [absent_id(), "no-id".to_owned()] {
        let place = format!("/v1/operations/{id}");
        assert_eq!(operator.get(&place).await.problem(), "not-found");
        let answer = operator.post(&format!("{place}/cancellation"), json!({})).await;
        assert_eq!((answer.status, &*answer.problem()), (404, "not-found"), "{id}");
    }
}
