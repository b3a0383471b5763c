//! Every fact of a case in one sentence: what the golden files hold, told.

use std::fs;
use std::path::Path;

use serde_json::Value;
use throughline_domain::case::CaseEvent;

#[test]
fn every_fact_of_a_case_is_told_in_a_sentence() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut told = Vec::new();
    for file in fs::read_dir(golden).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let golden: Value = serde_json::from_str(&text).unwrap();
        let name = golden["type"].as_str().unwrap();
        if !CaseEvent::TYPES.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let version = i16::try_from(golden["version"].as_i64().unwrap()).unwrap();
        for data in golden["cases"].as_array().unwrap() {
            let event = CaseEvent::from_stored(name, version, &data.to_string()).unwrap();
            let summary = event.summary();
            assert!(summary.ends_with('.') && !summary.contains('_'), "{summary}");
            told.push(format!("{name}: {summary}"));
        }
    }
    told.sort();
    told.dedup();
    insta::assert_snapshot!(told.join("\n"));
}
