//! Every problem that a test is answered is one that the description lists for the operation.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use reqwest::Method;
use serde_json::Value;

use crate::service::Answer;

/// The description as it was last looked at; another test holds it against the service's own.
const DESCRIPTION: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots/it__documents__openapi.snap");

/// What is answered where there is no operation.
const NOWHERE: [&str; 2] = ["not-found", "method-not-allowed"];

/// One operation: its path in parts, and the problems it may answer, by status.
struct Operation {
    method: String,
    path: Vec<String>,
    problems: BTreeMap<u16, Vec<String>>,
}

impl Operation {
    fn read(path: &str, method: &str, operation: &Value) -> Self {
        let mut problems: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for (status, response) in operation["responses"].as_object().unwrap() {
            let examples = &response["content"]["application/problem+json"]["examples"];
            if let Some(examples) = examples.as_object() {
                problems.insert(status.parse().unwrap(), examples.keys().cloned().collect());
            }
        }
        let path = path.split('/').map(str::to_owned).collect();
        Self { method: method.to_uppercase(), path, problems }
    }

    fn is_of(&self, method: &Method, path: &[&str]) -> bool {
        let fits = |(known, part): (&String, &&str)| known.starts_with('{') || known == part;
        self.method == method.as_str()
            && self.path.len() == path.len()
            && self.path.iter().zip(path).all(fits)
    }

    /// Whether a path says more of it than another operation: `audit` before `{name}`.
    fn parameters(&self) -> usize {
        self.path.iter().filter(|part| part.starts_with('{')).count()
    }
}

fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let text = std::fs::read_to_string(DESCRIPTION).unwrap();
        let document = text.splitn(3, "---\n").nth(2).unwrap();
        let document: Value = serde_json::from_str(document).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(|(method, one)| Operation::read(path, method, one)).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of_path).collect()
    })
}

/// A refusal is one of those that the description lists for what was asked.
#[track_caller]
pub(crate) fn assert_described(method: &Method, path: &str, answer: &Answer) {
    let problem = answer.problem();
    let parts: Vec<&str> = path.split('/').collect();
    let asked = operations().iter().filter(|operation| operation.is_of(method, &parts));
    let Some(operation) = asked.min_by_key(|operation| operation.parameters()) else {
        assert!(NOWHERE.contains(&problem.as_str()), "{method} {path}: {answer:?}");
        return;
    };
    let listed = operation.problems.get(&answer.status);
    let is_listed = listed.is_some_and(|listed| listed.contains(&problem));
    let place = operation.path.join("/");
    assert!(is_listed, "{method} {place} does not list {} {problem}", answer.status);
}
