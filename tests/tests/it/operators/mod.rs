//! What operators do to projections, over REST and by `throughline projections`.

mod audit;
mod command_line;
mod keys;
mod lists;
mod parked;
mod rest;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cases::{an_attempt, an_open_case};
use crate::service::{Answer, Client, Service};

/// How long a rebuild of a few events may take on a machine with much to do.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// A service with some cases, and every read model up to date with them.
async fn a_service() -> Service {
    let service = Service::start().await;
    for _ in 0..3 {
        let case = an_open_case(service.worker()).await;
        an_attempt(service.worker(), &case).await;
    }
    settled(&service).await;
    service
}

/// Waits until every build of the tenant has followed its log to the end.
async fn settled(service: &Service) {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        let read = operator(service).get("/v1/projections").await.expect(200);
        let all = read["projections"].as_array().unwrap().clone();
        assert!(all.len() >= 3, "{read}");
        let builds = all.iter().flat_map(|projection| projection["builds"].as_array().unwrap());
        if builds.into_iter().all(|build| build["lag_events"] == 0) {
            return;
        }
        assert!(Instant::now() < deadline, "{read}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn operator(service: &Service) -> Client<'_> {
    service.as_role("city", "operator")
}

/// Asks for a rebuild of a projection and gives the answer.
async fn ask(service: &Service, projection: &str, body: Value) -> Answer {
    operator(service).post(&format!("/v1/projections/{projection}/rebuilds"), body).await
}

/// Waits until an operation is over, and gives it.
async fn over(service: &Service, place: &str) -> Value {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        let operation = operator(service).get(place).await.expect(200);
        if !operation["finished_at"].is_null() {
            return operation;
        }
        assert!(Instant::now() < deadline, "{operation}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Rebuilds a projection and gives the operation.
async fn rebuilt(service: &Service, projection: &str) -> Value {
    let asked = ask(service, projection, json!({})).await;
    asked.expect(202);
    let operation = over(service, asked.header("location").unwrap()).await;
    assert_eq!(operation["phase"], "switched", "{operation}");
    operation
}

/// Verifies the caseload and gives the operation.
async fn verified(service: &Service, body: Value) -> Value {
    let asked = operator(service).post("/v1/projections/caseload/verifications", body).await;
    asked.expect(202);
    let operation = over(service, asked.header("location").unwrap()).await;
    assert_eq!(operation["phase"], "verified", "{operation}");
    operation
}

/// The build that readers of a projection are answered from.
async fn live(service: &Service, projection: &str) -> i64 {
    let read = operator(service).get("/v1/projections").await.expect(200);
    let all = read["projections"].as_array().unwrap();
    let found = all.iter().find(|found| found["name"] == projection).unwrap();
    found["build"].as_i64().unwrap()
}

/// Nobody takes rebuilds up: to look at one that waits.
async fn hold_rebuilds(service: &Service) {
    let hold = "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                    IF NEW.holder IS NOT NULL THEN RETURN NULL; END IF; RETURN NEW; END $$; \
                CREATE TRIGGER hold BEFORE UPDATE ON projection_rebuild \
                    FOR EACH ROW EXECUTE FUNCTION hold()";
    service.database.connect().await.batch_execute(hold).await.unwrap();
}

async fn release_rebuilds(service: &Service) {
    let release = "DROP TRIGGER hold ON projection_rebuild";
    service.database.connect().await.batch_execute(release).await.unwrap();
}

/// Spoils one row of the caseload's build 0 in a column, and gives the case.
async fn spoil(service: &Service) -> String {
    let spoil = "UPDATE caseload_2 SET worker = 'nobody' WHERE case_id = \
                     (SELECT case_id FROM caseload_2 ORDER BY case_id LIMIT 1) RETURNING case_id";
    let row = service.database.connect().await.query_one(spoil, &[]).await.unwrap();
    row.get::<_, uuid::Uuid>(0).to_string()
}
