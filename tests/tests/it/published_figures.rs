//! What four published reports state of their cases, asked of cohorts that were rebuilt from them: every
//! figure that a table can give, to the digit.
//!
//! `tests/published/figures` says of each figure how it is given. What the program gives is kept in
//! `tests/published/ours.json`, for `ops/published-figures.md`: `UPDATE_PUBLISHED=1` writes it anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::service::Service;

const REPORTS: [&str; 4] = ["drive-year1", "mrp", "stepping-out", "safe-steps"];
/// Questions that one request may ask.
const QUESTIONS_MAX: usize = 50;

fn published(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("published").join(name)
}

fn read(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(published(name)).unwrap()).unwrap()
}

/// A table: a cohort, when it is known, and a question.
type Asked = (String, String, String);

/// The tables that a term of a figure is in.
fn asked(report: &Value, term: &Value) -> Asked {
    let known = term["known"].as_str().unwrap_or("known_at");
    let known_at = report["asked"][known].as_str().unwrap();
    (term["cohort"].as_str().unwrap().to_owned(), known_at.to_owned(), term["table"].to_string())
}

fn terms(given: &Value) -> impl Iterator<Item = &Value> {
    ["of", "less", "per"].into_iter().flat_map(|part| given[part].as_array().into_iter().flatten())
}

/// What is at a place of a table: in a list, `level=high` is the member with that level. A code that
/// nothing was counted under is 0.
fn at(table: &Value, pointer: &str) -> f64 {
    let mut value = table;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = match value {
            Value::Array(items) => match step.split_once('=') {
                Some((member, is)) => items.iter().find(|item| item[member] == is),
                None => Some(&items[step.parse::<usize>().unwrap()]),
            },
            Value::Object(members) => members.get(&step),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                panic!("{pointer} leads into a figure")
            }
        };
        match next {
            Some(next) => value = next,
            None => return 0.0,
        }
    }
    value.as_f64().unwrap_or_else(|| panic!("{pointer} is no figure: {value}"))
}

/// A sum, less what is subtracted, per what it is divided by.
fn figure(given: &Value, term: impl Fn(&Value) -> f64) -> f64 {
    let sum = |part: &str| given[part].as_array().into_iter().flatten().map(&term).sum::<f64>();
    let value = sum("of") - sum("less");
    if given.get("per").is_some() {
        given["times"].as_f64().unwrap_or(1.0) * value / sum("per")
    } else {
        value
    }
}

/// Half away from zero, as reports round.
fn rounded(value: f64, decimals: u64) -> f64 {
    let scale = 10_f64.powi(i32::try_from(decimals).unwrap());
    // A half that arithmetic left just below one.
    (value * scale + value.signum() * 1e-7).round() / scale
}

fn decimals(figure: &Value) -> u64 {
    let of_unit = match figure["unit"].as_str().unwrap() {
        "percent" => 1,
        "p" => 3,
        _ => 0,
    };
    figure["decimals"].as_u64().unwrap_or(of_unit)
}

/// Every table that a report's figures are in, from a tenant that has its history.
async fn answers(service: &Service, report: &Value) -> BTreeMap<Asked, Value> {
    let tenant = report["tenant"].as_str().unwrap();
    let history = published(&format!("histories/{tenant}.jsonl"));
    let history = history.to_str().unwrap();
    for arguments in
        [&["log", "load", history, "--tenant", tenant][..], &["log", "live", "--tenant", tenant]]
    {
        let output = service.run(arguments, &[]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let evaluator = service.as_role(tenant, "evaluator");
    for (name, members) in report["cohorts"].as_object().unwrap() {
        let mut cohort = json!({"id": name, "version": 1, "title": name});
        cohort.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        evaluator.post("/v1/cohorts", cohort).await.expect(201);
    }
    let given = report["figures"].as_array().unwrap().iter().map(|figure| &figure["given"]);
    let mut questions: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (cohort, known_at, question) in given.flat_map(terms).map(|term| asked(report, term)) {
        let questions = questions.entry((cohort, known_at)).or_default();
        if !questions.contains(&question) {
            questions.push(question);
        }
    }
    let mut answers = BTreeMap::new();
    for ((cohort, known_at), questions) in questions {
        for some in questions.chunks(QUESTIONS_MAX) {
            let parsed: Vec<Value> =
                some.iter().map(|question| serde_json::from_str(question).unwrap()).collect();
            let as_of = &report["asked"]["as_of"];
            let body = json!({"questions": parsed, "as_of": as_of, "known_at": known_at});
            let path = format!("/v1/cohorts/{cohort}/tables");
            let tables = evaluator.post(&path, body).await.expect(200);
            for (question, table) in
                some.iter().zip(tables["results"]["tables"].as_array().unwrap())
            {
                let asked = (cohort.clone(), known_at.clone(), question.clone());
                answers.insert(asked, table["answer"].clone());
            }
        }
    }
    answers
}

#[tokio::test]
async fn every_published_figure_that_a_table_can_give_comes_back() {
    let service = Service::start().await;
    let (mut ours, mut wrong) = (BTreeMap::new(), Vec::new());
    for name in REPORTS {
        let report = read(&format!("figures/{name}.json"));
        let answers = answers(&service, &report).await;
        for stated in report["figures"].as_array().unwrap() {
            let id = stated["id"].as_str().unwrap();
            if stated["given"].is_null() {
                assert!(
                    stated["why"].is_string(),
                    "{id} is given by nothing, and nothing says why"
                );
                continue;
            }
            let value = figure(&stated["given"], |term| {
                at(&answers[&asked(&report, term)], term["at"].as_str().unwrap())
            });
            let value = rounded(value, decimals(stated));
            let expected = stated.get("computed").unwrap_or(&stated["value"]).as_f64().unwrap();
            if (value - expected).abs() > 1e-9 {
                wrong.push(format!("{id}: {value}, not {expected}"));
            }
            ours.insert(id.to_owned(), value);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ours.len() > 400, "{} figures", ours.len());
    let kept = published("ours.json");
    if std::env::var_os("UPDATE_PUBLISHED").is_some() {
        std::fs::write(&kept, serde_json::to_string_pretty(&ours).unwrap() + "\n").unwrap();
    }
    let kept: BTreeMap<String, f64> =
        serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).unwrap();
    assert_eq!(ours, kept);
}
