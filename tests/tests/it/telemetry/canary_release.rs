//! Words in every field of every command of casework: none of them is in a release, in an answer to
//! an evaluator, or in a line that either leaves.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::canary_caller::{Canary, SUBJECT, TENANT};
use super::commands::{Description, WORDS};
use crate::cases::{an_open_case_of, text};
use crate::service::{Service, log_text};

/// Whatever is words or a worker; codes that anybody may choose, such as a stage, are facts and leave.
const NEVER: [&str; 4] = ["Canary9F3A", "she moved", SUBJECT, WORKER];
/// In whose hands a case is.
const WORKER: &str = "canary9f3b-ann";

#[track_caller]
fn assert_without(what: &str, text: &str, never: &[String]) {
    for canary in NEVER.into_iter().chain(never.iter().map(String::as_str)) {
        assert!(!text.contains(canary), "{canary} in {what}");
    }
}

/// Every file of a release. Parquet has bytes beside its text, which is searched all the same.
fn files(release: &Path) -> Vec<(String, String)> {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap();
        (path.display().to_string(), String::from_utf8_lossy(&content).into_owned())
    };
    fs::read_dir(release).unwrap().map(read).collect()
}

#[tokio::test]
async fn words_are_in_no_release_and_in_no_answer_to_an_evaluator() {
    assert!(NEVER[..2].iter().all(|words| WORDS.contains(words)));
    let service = Service::start().await;
    let canary = Canary::of(&service).await;
    let manager = canary.manager().await;
    let description = Description::read(canary.client()).await;
    let operations = description.operations();
    for operation in operations.iter().filter(|operation| operation.is_casework()) {
        let caller = if operation.role() == "team_manager" { &manager } else { &canary };
        caller.command(&description, operation).await;
    }
    // The ids of one case stand for all: they are found where somebody may read them.
    let case = an_open_case_of(canary.client(), WORKER).await;
    let read = canary.client().get(&format!("/v1/cases/{case}")).await.expect(200);
    let ids = [case.clone(), text(&read["person_id"])];

    let evaluator = service.as_role(TENANT, "evaluator");
    let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "mrp"});
    evaluator.post("/v1/cohorts", cohort).await.expect(201);
    let questions = json!([
        {"table": "outcome", "measure": "self_care", "from": "intake", "to": "exit"},
        {"table": "attrition"},
    ]);
    let edition =
        json!({"edition": "first", "title": "First", "cohort": "all", "questions": questions});
    evaluator.post("/v1/editions", edition).await.expect(201);

    let mut answered = 0;
    for operation in operations.iter().filter(|operation| operation.method == "GET") {
        let path = operation.path.replace("{case_id}", &case).replace("{person_id}", &ids[1]);
        let path = path.replace("{cohort}", "all").replace("{edition}", "first");
        let answer = evaluator.get(&path.replace("{programme}", "mrp")).await;
        if ["{case_id}", "{person_id}"].iter().any(|id| operation.path.contains(id)) {
            assert_eq!(answer.status, 403, "an evaluator reaches {}", operation.path);
        }
        answered += usize::from(answer.status == 200);
        assert_without(&operation.path, &answer.text, &[]);
    }
    assert!(answered >= 4, "{answered}");

    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("questions.json");
    fs::write(&asked, questions.to_string()).unwrap();
    let ways = ["kept", "shifted", "month", "quarter"].map(|dates| vec!["rows", "--dates", dates]);
    let mut ways = Vec::from(ways);
    ways.push(vec!["counts", "--questions", asked.to_str().unwrap()]);
    for (n, way) in ways.into_iter().enumerate() {
        let out = folder.path().join(n.to_string());
        let to = ["all", "--tenant", TENANT, "--out", out.to_str().unwrap(), "--again"];
        let output = service.run(&[&["release"], &way[..], &to].concat(), &[]).await;
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{told}");
        assert_without("what is told of a release", &told, &ids);
        let files = files(&out);
        assert_eq!(files.len(), if way[0] == "rows" { 17 } else { 3 });
        for (name, content) in &files {
            assert_without(name, content, &ids);
        }
        if way[0] == "rows" {
            let lines = |name: &str| fs::read_to_string(out.join(name)).unwrap().lines().count();
            assert!(lines("cases.csv") > 10 && lines("contacts.csv") > 1);
        }
    }
    assert_without("the log lines", &log_text(&service.data_dir), &[]);
}
