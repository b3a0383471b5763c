//! `throughline person`, beside a running service.

use std::process::Output;

use serde_json::json;

use crate::cases::{an_attempt, an_open_case, text};
use crate::service::Service;

async fn person_of(service: &Service, case: &str) -> String {
    text(&service.worker().get(&format!("/v1/cases/{case}")).await.expect(200)["person_id"])
}

#[track_caller]
fn said(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let said = if code == 0 { &output.stdout } else { &output.stderr };
    String::from_utf8(said.clone()).unwrap()
}

#[tokio::test]
async fn an_operator_holds_releases_and_erases() {
    let service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    an_attempt(service.worker(), &case).await;
    let needs = format!("/v1/cases/{case}/needs");
    let told = json!({"need": "housing", "narrative": "the lock is broken"});
    service.worker().post(&needs, told).await.expect(201);
    let person = person_of(&service, &case).await;
    let erase = ["person", "erase", &person, "--tenant", "city", "--basis", "court_order"];
    let erase_now = [&erase[..], &["--yes", "--actor", "o-kim"]].concat();

    let nobody_asked = said(&service.run(&erase, &[]).await, 1);
    assert!(nobody_asked.contains("--yes"), "{nobody_asked}");
    let unknown_basis = ["person", "erase", &person, "--tenant", "city", "--basis", "whim"];
    said(&service.run(&unknown_basis, &[]).await, 2);
    let elsewhere = ["person", "erase", &person, "--tenant", "kent", "--basis", "other", "--yes"];
    said(&service.run(&elsewhere, &[]).await, 4);
    let nobody = uuid::Uuid::new_v4().to_string();
    let nobody = ["person", "erase", &nobody, "--tenant", "city", "--basis", "other", "--yes"];
    said(&service.run(&nobody, &[]).await, 4);

    let hold = ["person", "hold", &person, "--tenant", "city", "--reason", "complaint"];
    let placed = said(&service.run(&hold, &[]).await, 0);
    let hold = placed.split(' ').nth(1).unwrap();
    assert!(placed.starts_with(&format!("hold {hold} placed at position ")), "{placed}");
    let refused = said(&service.run(&erase_now, &[]).await, 3);
    assert!(refused.contains("1 legal holds are in force"), "{refused}");
    let release = ["person", "release", &person, hold, "--tenant", "city"];
    said(&service.run(&release, &[]).await, 0);
    said(&service.run(&release, &[]).await, 3);

    let erased = said(&service.run(&erase_now, &[]).await, 0);
    assert!(erased.starts_with(&format!("person {person} is erased: event ")), "{erased}");
    assert!(erased.contains("; 2 keys destroyed\n"), "{erased}");
    assert!(erased.contains(&format!("case {case}\n")), "{erased}");
    let again = said(&service.run(&erase_now, &[]).await, 0);
    assert!(again.contains("had been erased before"), "{again}");

    // The service, which ran all the while, opens nothing any more.
    let timeline = service.worker().get(&format!("/v1/cases/{case}/timeline")).await;
    assert!(!timeline.text.contains("lock"), "{timeline:?}");
    assert!(timeline.text.contains("\"erased\":true"), "{timeline:?}");
    let client = service.database.connect().await;
    let sql = "SELECT actor, actor_role, data FROM event WHERE type = 'SubjectErased'";
    let row = client.query_one(sql, &[]).await.unwrap();
    let (actor, role, data): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    assert_eq!((&*actor, &*role), ("o-kim", "operator"));
    assert_eq!(data, format!(r#"{{"cases":["{case}"],"basis":"court_order"}}"#));
    let dead = "SELECT count(*) FROM stream_key";
    assert_eq!(client.query_one(dead, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_damaged_ledger_stops_the_start_and_is_named() {
    let mut service = Service::start().await;
    an_open_case(service.worker()).await;
    assert!(service.terminate().await.success());
    let ledger = service.data_dir.join("elsewhere.jsonl");
    std::fs::write(&ledger, "canary\n").unwrap();
    let ledger = ledger.to_str().unwrap();
    let env = [("THROUGHLINE_ERASURE_LEDGER", ledger)];
    let refused = said(&service.run(&["serve", "--listen", "127.0.0.1:0"], &env).await, 1);
    assert!(refused.contains("line 1 of the erasure ledger"), "{refused}");
    assert!(!refused.contains("canary"), "{refused}");
}
