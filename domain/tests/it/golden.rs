//! The stored form of every event is frozen by a golden file, which is never edited: a changed
//! form is a new version with a file of its own. How to add one: ADR 0013.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use throughline_domain::allocation_schedule::ScheduleEvent;
use throughline_domain::case::CaseEvent;
use throughline_domain::case_link::CaseLinkEvent;
use throughline_domain::cohort::CohortEvent;
use throughline_domain::edition::EditionEvent;
use throughline_domain::person::PersonEvent;
use throughline_domain::programme::ProgrammeEvent;
use throughline_domain::staff::{TeamEvent, WorkerEvent};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    #[serde(rename = "type")]
    event_type: String,
    version: i16,
    /// Stored data: first with every member there is, last with those alone that must be.
    cases: Vec<serde_json::Value>,
}

fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn goldens() -> Vec<(String, String)> {
    let files = fs::read_dir(tests().join("golden")).unwrap().map(|file| {
        let file = file.unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        (file.file_name().into_string().unwrap(), text)
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

/// Every type that is stored, with its newest version.
fn types() -> impl Iterator<Item = (&'static str, i16)> {
    let of_staff = TeamEvent::TYPES.iter().chain(WorkerEvent::TYPES);
    let of_cases = CaseEvent::TYPES.iter().chain(PersonEvent::TYPES);
    let of_programmes = ProgrammeEvent::TYPES.iter().chain(ScheduleEvent::TYPES);
    let of_evaluations = CohortEvent::TYPES.iter().chain(EditionEvent::TYPES);
    let of_links = CaseLinkEvent::TYPES;
    of_cases.chain(of_programmes).chain(of_staff).chain(of_links).chain(of_evaluations).copied()
}

fn newest(event_type: &str) -> i16 {
    let found = types().find(|(known, _)| *known == event_type);
    found.unwrap_or_else(|| panic!("{event_type} is no longer known, and is stored")).1
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

/// The name of the first file of a version. A member that came later, which an event need not have,
/// is shown by a file of its own: `contact_attempted.v1.location.json`.
fn subject(file: &str) -> String {
    let parts: Vec<&str> = file.split('.').collect();
    let [name, version, .., "json"] = parts[..] else { panic!("{file} is no golden file") };
    format!("{name}.{version}.json")
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
    macro_rules! read_as {
        ($($events:ident),+) => {
            $(if $events::TYPES.iter().any(|(name, _)| *name == event_type) {
                let event = $events::from_stored(event_type, version, data).ok()?;
                return Some((event.to_data().unwrap(), format!("{event:?}")));
            })+
        };
    }
    read_as!(
        CaseEvent,
        CohortEvent,
        EditionEvent,
        PersonEvent,
        ProgrammeEvent,
        ScheduleEvent,
        TeamEvent,
        WorkerEvent,
        CaseLinkEvent
    );
    None
}

/// The newest version is stored again as the same text. An older one is stored as the newest, as a
/// file of the same name in `golden_as_newest` has it: that file follows each new version.
#[test]
fn every_golden_file_reads_and_is_stored_again_as_the_newest_version() {
    for (file, text) in goldens() {
        let golden: Golden = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let Golden { event_type, version, cases } = golden;
        assert_eq!(subject(&file), file_name(&event_type, version));
        let stored: Vec<String> = cases
            .iter()
            .map(|data| {
                let stored = read(&event_type, version, &data.to_string());
                stored.unwrap_or_else(|| panic!("{file}: {data}")).0
            })
            .collect();
        let newest = newest(&event_type);
        let again = format!(
            r#"{{"type":"{event_type}","version":{newest},"cases":[{}]}}"#,
            stored.join(",")
        );
        let expected = if version == newest {
            text
        } else {
            let file = tests().join("golden_as_newest").join(&file);
            fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
        };
        assert_eq!(again, compact(&expected), "{file}");
    }
}

#[test]
fn every_version_of_every_type_has_a_golden_file_and_there_are_no_others() {
    let versions = types().flat_map(|(name, newest)| (1..=newest).map(move |v| (name, v)));
    let known: BTreeSet<String> =
        versions.map(|(name, version)| file_name(name, version)).collect();
    let files: BTreeSet<String> = goldens().into_iter().map(|(file, _)| file).collect();
    let missing: Vec<_> = known.difference(&files).collect();
    assert!(missing.is_empty(), "no golden file: {missing:?}");
    let strangers: Vec<_> = files.iter().filter(|file| !known.contains(&subject(file))).collect();
    assert!(strangers.is_empty(), "of no known type: {strangers:?}");
}

/// A ratchet: `golden.txt` has a line for each file there ever was, and lines are only added. What
/// was once stored is stored somewhere for good, so its file neither goes nor changes.
#[test]
fn no_golden_file_goes_or_changes() {
    let listed = fs::read_to_string(tests().join("golden.txt")).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let found: Vec<String> =
        goldens().iter().map(|(file, text)| format!("{file} {:016x}", digest(text))).collect();
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "gone, or not what it was: {gone:#?}");
    let new: Vec<_> = found.difference(&listed).collect();
    assert!(new.is_empty(), "add these lines to golden.txt: {new:#?}");
}

/// FNV-1a: enough to notice an edit.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn an_example_of_each_newest_version_holds_every_member() {
    let mut lacking: BTreeSet<String> = types().map(|(name, v)| file_name(name, v)).collect();
    for (file, text) in goldens() {
        let golden: Golden = serde_json::from_str(&text).unwrap();
        let data = golden.cases.first().unwrap().to_string();
        let (_, full) = read(&golden.event_type, golden.version, &data).unwrap();
        if !["None", "[]", ": false"].iter().any(|absent| full.contains(absent)) {
            lacking.remove(&subject(&file));
        }
    }
    assert!(lacking.is_empty(), "no example with every member: {lacking:?}");
}

#[test]
fn the_last_example_holds_only_the_members_that_must_be() {
    for (file, text) in goldens() {
        let golden: Golden = serde_json::from_str(&text).unwrap();
        let least = golden.cases.last().unwrap();
        for member in least.as_object().unwrap().keys() {
            let mut less = least.clone();
            less.as_object_mut().unwrap().remove(member);
            let read = read(&golden.event_type, golden.version, &less.to_string());
            assert_eq!(read, None, "{file} can do without {member}");
        }
    }
}
