//! What does not fit where it stands, said without a word of what stands there.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// Maps whose keys are the writer's own: a pointer stops at them.
const MAPS: [&str; 2] = ["answers", "values"];

/// Something about a line that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Where it is, as a JSON Pointer; empty for the line itself.
    pub(crate) pointer: String,
    /// What would be right.
    pub(crate) detail: String,
}

impl Misfit {
    pub(crate) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => write!(f, "the line {}", self.detail),
            pointer => write!(f, "{pointer} {}", self.detail),
        }
    }
}

/// Reads `text` as a type, refusing every member that the type has no place for.
///
/// Members are looked at wherever the type is read straight from the text; in what the decoder has
/// to put aside first (an untagged enum) they go unseen.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8], below: &str) -> Result<T, Misfit> {
    let mut unknown_in = None;
    let mut ignored = |path: serde_ignored::Path<'_>| {
        unknown_in.get_or_insert_with(|| holder(&path));
    };
    let mut json = serde_json::Deserializer::from_slice(text);
    let value =
        serde_path_to_error::deserialize(serde_ignored::Deserializer::new(&mut json, &mut ignored))
            .map_err(|error| explain(error.path(), &error.inner().to_string(), below))?;
    if json.end().is_err() {
        return Err(Misfit::new(below, "goes on after its end"));
    }
    match unknown_in {
        Some(path) => {
            Err(Misfit::new(format!("{below}{path}"), "has a member that is not known here"))
        }
        None => Ok(value),
    }
}

/// The pointer to what holds an unknown member. The member's own name is the writer's.
fn holder(path: &serde_ignored::Path<'_>) -> String {
    fn pointer(path: &serde_ignored::Path<'_>) -> String {
        use serde_ignored::Path;
        match path {
            Path::Root => String::new(),
            Path::Seq { parent, index } => format!("{}/{index}", pointer(parent)),
            Path::Map { parent, key } => format!("{}/{key}", pointer(parent)),
            Path::Some { parent }
            | Path::NewtypeStruct { parent }
            | Path::NewtypeVariant { parent } => pointer(parent),
        }
    }
    if let serde_ignored::Path::Map { parent, .. } = path { pointer(parent) } else { pointer(path) }
}

fn explain(path: &Path, message: &str, below: &str) -> Misfit {
    let mut pointer = pointer(path, below);
    if let Some(rest) = message.strip_prefix("missing field `") {
        pointer.push('/');
        pointer.push_str(rest.split('`').next().unwrap_or_default());
        return Misfit::new(pointer, "is required");
    }
    let detail = if message.starts_with("unknown variant") {
        let expected = message.rsplit_once(", expected ").map_or("", |(_, codes)| codes);
        format!("is not a known code; expected {}", expected.replace('`', ""))
    } else if message.starts_with("a code is ") {
        "is not a code: 1 to 64 lower-case letters, digits and _ - . / :".to_owned()
    } else if message.starts_with("duplicate field") || message.starts_with("given twice") {
        "has a member twice".to_owned()
    } else {
        "is not of the right type or form".to_owned()
    };
    Misfit::new(pointer, detail)
}

fn pointer(path: &Path, below: &str) -> String {
    let mut pointer = below.to_owned();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(key);
                if MAPS.contains(&key.as_str()) {
                    break;
                }
            }
            Segment::Enum { .. } => {}
            Segment::Unknown => break,
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only read")]
        inner: Inner,
        #[expect(dead_code, reason = "only read")]
        values: BTreeMap<String, u8>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only read")]
        number: u8,
    }

    #[track_caller]
    fn said(text: &str) -> String {
        read::<Outer>(text.as_bytes(), "/data").unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_pointed_to() {
        assert_eq!(said(r#"{"values": {}}"#), "/data/inner is required");
        assert_eq!(
            said(r#"{"inner": {"number": "canary"}, "values": {}}"#),
            "/data/inner/number is not of the right type or form"
        );
    }

    #[test]
    fn an_unknown_member_is_refused_without_its_name() {
        for name in ["canary", "its/canary", "its.canary"] {
            let text = format!(r#"{{"inner": {{"number": 1, "{name}": 2}}, "values": {{}}}}"#);
            assert_eq!(said(&text), "/data/inner has a member that is not known here");
        }
    }

    #[test]
    fn a_key_of_the_writers_own_is_not_repeated() {
        let text = r#"{"inner": {"number": 1}, "values": {"canary": -1}}"#;
        assert_eq!(said(text), "/data/values is not of the right type or form");
    }

    #[test]
    fn a_member_given_twice_is_refused() {
        let text = r#"{"inner": {"number": 1, "number": 1}, "values": {}}"#;
        assert!(said(text).ends_with(" has a member twice"), "{}", said(text));
    }
}
