//! What leaves is recorded before it leaves, and is what the record says.

use std::fs;
use std::path::Path;
use std::process::Output;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};
use throughline_log::hash_text;

use crate::cases::{a_closed_case, an_open_case};
use crate::service::Service;

async fn service_with_a_cohort() -> Service {
    let service = Service::start().await;
    a_closed_case(service.worker()).await;
    an_open_case(service.worker()).await;
    let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "mrp"});
    service.as_role("city", "evaluator").post("/v1/cohorts", cohort).await.expect(201);
    service
}

async fn release(service: &Service, arguments: &[&str], out: &Path) -> Output {
    let to = ["--tenant", "city", "--out", out.to_str().unwrap()];
    service.run(&[&["release"], arguments, &to].concat(), &[]).await
}

async fn releases(service: &Service) -> Vec<Value> {
    let evaluator = service.as_role("city", "evaluator");
    let answer = evaluator.get("/v1/releases").await.expect(200);
    answer["releases"].as_array().unwrap().clone()
}

fn sha256(file: &Path) -> String {
    let hash = digest(&SHA256, &fs::read(file).unwrap());
    hash_text(&hash.as_ref().try_into().unwrap())
}

fn description(release: &Path) -> Value {
    serde_json::from_slice(&fs::read(release.join("datapackage.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn a_release_is_recorded_with_the_hash_of_what_left() {
    let service = service_with_a_cohort().await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("rows");
    let output = release(&service, &["rows", "all", "--actor", "keeper", "--json"], &out).await;
    assert!(output.status.success(), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = releases(&service).await;
    assert_eq!(found.len(), 1);
    let expected = json!([
        "all",
        1,
        "rows",
        "shifted",
        2,
        "keeper",
        sha256(&out.join("datapackage.json")),
        told["position"],
    ]);
    let members =
        ["cohort", "version", "contents", "dates", "cases", "actor", "package_hash", "position"];
    assert_eq!(Value::from_iter(members.map(|name| found[0][name].clone())), expected);
    for resource in description(&out)["resources"].as_array().unwrap() {
        for file in [resource, &resource["parquet"]] {
            let path = out.join(file["path"].as_str().unwrap());
            assert_eq!(file["hash"], format!("sha256:{}", sha256(&path)));
            assert_eq!(file["bytes"], fs::metadata(&path).unwrap().len());
        }
    }
    let listed = service.run(&["release", "list", "--tenant", "city", "--json"], &[]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["package_hash"], told["package_hash"]);
}

#[tokio::test]
async fn a_second_release_of_a_cohort_is_made_knowingly_or_not_at_all() {
    let service = service_with_a_cohort().await;
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    assert!(release(&service, &["rows", "all"], &place("first")).await.status.success());
    let refused = release(&service, &["counts", "all"], &place("second")).await;
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("was released before"));
    // Nothing is left of it, in the folder or in the record.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(releases(&service).await.len(), 1);
    let again = release(&service, &["counts", "all", "--again"], &place("second")).await;
    assert!(again.status.success(), "{again:?}");
    let found = releases(&service).await;
    assert_eq!((&found[0]["contents"], &found[0]["threshold"]), (&json!("counts"), &json!(10)));
    assert_eq!(found.len(), 2);
    // Two cases are too few to say how many there are.
    assert_eq!(found[0]["cases"], Value::Null);
}

#[tokio::test]
async fn a_release_of_an_edition_has_its_dates_its_place_and_its_questions() {
    let service = service_with_a_cohort().await;
    let questions = json!([
        {"table": "outcome", "measure": "self_care", "from": "intake", "to": "exit"},
    ]);
    let edition =
        json!({"edition": "first", "title": "First", "cohort": "all", "questions": questions});
    let evaluator = service.as_role("city", "evaluator");
    evaluator.post("/v1/editions", edition).await.expect(201);
    let published = evaluator.get("/v1/editions/first").await.expect(200);
    // A case that came later is in no release of it.
    an_open_case(service.worker()).await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("counts");
    let arguments = ["counts", "--edition", "first", "--threshold", "0"];
    let output = release(&service, &arguments, &out).await;
    assert!(output.status.success(), "{output:?}");
    let about = description(&out)["throughline"].clone();
    assert_eq!((&about["cases"], &about["edition"]), (&json!(2), &json!("first")));
    assert_eq!(about["questions"][0]["measure"], "self_care");
    for member in ["as_of", "known_at", "position"] {
        assert_eq!(about[member], published["edition"][member], "{member}");
    }
    let both = ["rows", "all", "--edition", "first", "--again"];
    let refused = release(&service, &both, &folder.path().join("both")).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
