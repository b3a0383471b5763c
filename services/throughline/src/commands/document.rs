//! What subcommands on documents share: naming one with its version, reading one from a file, and
//! who acts.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;
use throughline_api::body;
use throughline_api::problem::FieldError;
use throughline_domain::code::Code;
use throughline_log::CommandMeta;
use uuid::Uuid;

use super::actor::{ROLE, actor};

/// Bytes of a file that is read as a document, at most.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A document by its name: `ID`, or `ID@VERSION`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named {
    /// Its name.
    pub(crate) id: Code,
    /// Its version; the newest where none is named.
    pub(crate) version: Option<u16>,
}

/// Reads a name from the command line.
pub(crate) fn named(text: &str) -> Result<Named, String> {
    let (id, version) = match text.split_once('@') {
        Some((id, version)) => {
            let version: u16 = version.parse().map_err(|_| "a version is a number from 1")?;
            (id, Some(version))
        }
        None => (text, None),
    };
    let id: Code = id.parse().map_err(|error| format!("{error}"))?;
    Ok(Named { id, version })
}

/// A document from a file, or from standard input for `-`. Where it cannot be read, the place is told
/// and what would be right, in the words of the REST interface, and nothing of the text.
pub(crate) fn read<T: DeserializeOwned>(file: &Path, what: &str) -> anyhow::Result<T> {
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    } else {
        let opened = fs::File::open(file).context("could not open the file")?;
        opened.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    }
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        bail!("the file is longer than {what} may be");
    }
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        anyhow::anyhow!("the file is not JSON: line {}, column {}", error.line(), error.column())
    })?;
    body::from_value(value).map_err(|problem| {
        let told = |error: &FieldError| {
            let pointer = error.pointer.as_deref().filter(|pointer| !pointer.is_empty());
            format!("{} {}", pointer.unwrap_or("it"), error.detail)
        };
        let wrong: Vec<String> = problem.errors().iter().map(told).collect();
        anyhow::anyhow!("the file is not {what}: {}", wrong.join("; "))
    })
}

/// A command of whoever has the command line.
pub(crate) fn meta(given: Option<&Code>) -> CommandMeta {
    let command_id = Uuid::now_v7();
    CommandMeta {
        actor: actor(given),
        actor_role: ROLE.to_owned(),
        source_organisation: None,
        command_id,
        correlation_id: command_id,
        causation_id: None,
        traceparent: None,
        idempotency: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_named_with_or_without_its_version() {
        let name = |version| Named { id: "mrp".parse().unwrap(), version };
        assert_eq!(named("mrp"), Ok(name(None)));
        assert_eq!(named("mrp@2"), Ok(name(Some(2))));
        assert!(named("mrp@two").is_err() && named("M R P").is_err());
    }
}
