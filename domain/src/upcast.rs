//! Facts stored in an older version of their type, read as the newest one.
//!
//! A version is brought up to the next by one [`Step`], and so on to the newest, so that nothing
//! but this module and the steps ever sees an old form. What is stored in the newest version is
//! decoded straight from its text, and pays nothing for the others.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::case::event::UnreadableEvent;

/// The members of an event's stored facts.
pub(crate) type Facts = Map<String, Value>;

/// Brings facts from one version up to the next.
///
/// Pure, and never fails: it only ever sees what this program wrote, and the newest form's own
/// decoder refuses whatever else comes out. It speaks of names and values, not of today's types,
/// which go on changing while the step does not.
pub(crate) type Step = fn(Facts) -> Facts;

/// Reads stored facts. `steps` begins with the one from version 1 to 2, so the newest version is
/// one more than there are steps.
///
/// # Errors
/// [`UnreadableEvent::UnknownType`] for a version that is newer, or none;
/// [`UnreadableEvent::Malformed`] for facts that do not have the form of their version. When that
/// shows only after some steps, the column counts in what came of them.
pub(crate) fn read<T: DeserializeOwned>(
    event_type: &'static str,
    steps: &[Step],
    version: i16,
    data: &str,
) -> Result<T, UnreadableEvent> {
    let malformed = |error: serde_json::Error| UnreadableEvent::Malformed {
        event_type,
        column: error.column(),
    };
    let behind = usize::try_from(version).ok().and_then(|version| version.checked_sub(1));
    match behind.and_then(|behind| steps.get(behind..)) {
        Some([]) => serde_json::from_str(data).map_err(malformed),
        Some(steps) => {
            let facts: Facts = serde_json::from_str(data).map_err(malformed)?;
            let facts = steps.iter().fold(facts, |facts, step| step(facts));
            // As text again, since a type may keep the text of a member.
            let data = serde_json::to_string(&facts).map_err(malformed)?;
            serde_json::from_str(&data).map_err(malformed)
        }
        None => Err(UnreadableEvent::UnknownType { event_type: event_type.to_owned(), version }),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    /// A visit, as of version 3. Version 1 had `minutes`, and version 2 `duration_s` and no `place`.
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Visited {
        duration_s: u64,
        place: String,
    }

    fn count_in_seconds(mut facts: Facts) -> Facts {
        if let Some(minutes) = facts.remove("minutes").and_then(|minutes| minutes.as_u64()) {
            facts.insert("duration_s".to_owned(), json!(minutes * 60));
        }
        facts
    }

    fn say_where(mut facts: Facts) -> Facts {
        // Rests on what the step before made of it.
        let place = if facts.get("duration_s") == Some(&json!(0)) { "nowhere" } else { "home" };
        facts.insert("place".to_owned(), json!(place));
        facts
    }

    const STEPS: [Step; 2] = [count_in_seconds, say_where];

    fn read_visit(version: i16, data: &str) -> Result<Visited, UnreadableEvent> {
        read("Visited", &STEPS, version, data)
    }

    fn visited(duration_s: u64, place: &str) -> Visited {
        Visited { duration_s, place: place.to_owned() }
    }

    #[test]
    fn every_version_is_brought_up_step_by_step() {
        assert_eq!(read_visit(1, r#"{"minutes":5}"#).unwrap(), visited(300, "home"));
        assert_eq!(read_visit(1, r#"{"minutes":0}"#).unwrap(), visited(0, "nowhere"));
        assert_eq!(read_visit(2, r#"{"duration_s":300}"#).unwrap(), visited(300, "home"));
        let newest = r#"{"duration_s":300,"place":"office"}"#;
        assert_eq!(read_visit(3, newest).unwrap(), visited(300, "office"));
    }

    #[test]
    fn a_version_is_read_in_its_own_form_alone() {
        for (version, data) in [
            (3, r#"{"minutes":5}"#),
            (3, r#"{"duration_s":300}"#),
            (2, r#"{"minutes":5}"#),
            (1, r#"{"minutes":"five"}"#),
            (1, r"[5]"),
            (2, "5"),
            (3, "5"),
        ] {
            let read = read_visit(version, data);
            let malformed = matches!(read, Err(UnreadableEvent::Malformed { .. }));
            assert!(malformed, "{version} {data}: {read:?}");
        }
    }

    #[test]
    fn a_version_that_is_not_known_is_named() {
        for version in [i16::MIN, -1, 0, 4, i16::MAX] {
            let read = read_visit(version, r#"{"duration_s":300,"place":"office"}"#);
            let Err(UnreadableEvent::UnknownType { version: named, .. }) = read else {
                panic!("{version}: {read:?}");
            };
            assert_eq!(named, version);
        }
    }
}
