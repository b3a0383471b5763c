//! The stored form of every event is frozen by a golden file, which is never edited: a changed
//! form is a new version with a file of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use throughline_domain::case::CaseEvent;
use throughline_domain::person::PersonEvent;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    #[serde(rename = "type")]
    event_type: String,
    version: i16,
    /// Stored data: first with every member there is, last with those alone that must be.
    cases: Vec<serde_json::Value>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn goldens() -> Vec<(String, String)> {
    let files = fs::read_dir(folder()).unwrap().map(|file| {
        let file = file.unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        (file.file_name().into_string().unwrap(), text)
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

/// `contact_attempted.v1.json`
fn file_name(event_type: &str, version: i16) -> String {
    let mut name = String::new();
    for letter in event_type.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    format!("{name}.v{version}.json")
}

/// JSON without the white space between its tokens, its members in the order of the text.
fn compact(json: &str) -> String {
    let (mut out, mut in_string, mut escaped) = (String::new(), false, false);
    for letter in json.chars() {
        if in_string || !letter.is_ascii_whitespace() {
            out.push(letter);
        }
        if letter == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && letter == '\\' && !escaped;
    }
    out
}

/// The event read from `data`, as it is stored now and as it looks in full.
fn read(event_type: &str, version: i16, data: &str) -> Option<(String, String)> {
    let is_of_a_person = PersonEvent::TYPES.iter().any(|(name, _)| *name == event_type);
    if is_of_a_person {
        let event = PersonEvent::from_stored(event_type, version, data).ok()?;
        Some((event.to_data().unwrap(), format!("{event:?}")))
    } else {
        let event = CaseEvent::from_stored(event_type, version, data).ok()?;
        Some((event.to_data().unwrap(), format!("{event:?}")))
    }
}

#[test]
fn every_golden_file_reads_and_is_stored_again_as_the_same_text() {
    for (file, text) in goldens() {
        let golden: Golden = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let Golden { event_type, version, cases } = golden;
        assert_eq!(file, file_name(&event_type, version));
        let stored: Vec<String> = cases
            .iter()
            .map(|data| {
                let stored = read(&event_type, version, &data.to_string());
                stored.unwrap_or_else(|| panic!("{file}: {data}")).0
            })
            .collect();
        let again = format!(
            r#"{{"type":"{event_type}","version":{version},"cases":[{}]}}"#,
            stored.join(",")
        );
        assert_eq!(again, compact(&text), "{file}");
    }
}

#[test]
fn every_event_type_has_a_golden_file_and_every_golden_file_an_event_type() {
    let types = CaseEvent::TYPES.iter().chain(PersonEvent::TYPES);
    let newest: BTreeSet<String> = types.clone().map(|(t, v)| file_name(t, *v)).collect();
    let files: BTreeSet<String> = goldens().into_iter().map(|(file, _)| file).collect();
    let missing: Vec<_> = newest.difference(&files).collect();
    assert!(missing.is_empty(), "no golden file: {missing:?}");
    // Older versions keep their files: they must go on being read.
    let known: BTreeSet<String> =
        types.flat_map(|(t, newest)| (1..=*newest).map(|v| file_name(t, v))).collect();
    let strangers: Vec<_> = files.difference(&known).collect();
    assert!(strangers.is_empty(), "of no known type: {strangers:?}");
}

#[test]
fn the_first_example_holds_every_member_and_the_last_only_those_that_must_be() {
    for (file, text) in goldens() {
        let golden: Golden = serde_json::from_str(&text).unwrap();
        let read = |data: &serde_json::Value| {
            read(&golden.event_type, golden.version, &data.to_string()).map(|(_, full)| full)
        };
        let full = read(golden.cases.first().unwrap()).unwrap();
        for absent in ["None", "[]", ": false"] {
            assert!(!full.contains(absent), "{file}: {absent} in {full}");
        }
        let least = golden.cases.last().unwrap();
        for member in least.as_object().unwrap().keys() {
            let mut less = least.clone();
            less.as_object_mut().unwrap().remove(member);
            assert_eq!(read(&less), None, "{file} can do without {member}");
        }
    }
}
