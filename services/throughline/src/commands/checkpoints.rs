//! The checkpoints that a log is held against, and what is said of how they agree.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use throughline_log::{
    Agreement, CheckpointFileError, CheckpointLine, PublicKey, read_checkpoints,
};

/// What could not be believed, rather than read.
#[derive(Debug)]
pub(crate) enum Believed {
    /// These are.
    All(Vec<CheckpointLine>),
    /// One is not, for the reason given.
    Not(String),
}

/// Reads a file of checkpoints. Without a key, it says on standard error what that leaves open.
///
/// # Errors
/// When the file or the key cannot be read.
pub(crate) fn believed(file: &Path, public_key: Option<&str>) -> anyhow::Result<Believed> {
    let key = public_key.map(public_key_of).transpose()?;
    let name = file.display();
    if key.is_none() {
        eprintln!(
            "throughline: no --public-key is given: that the checkpoints of {name} hold shows that \
             the log fits them, and not who signed them"
        );
    }
    let opened = File::open(file).with_context(|| format!("could not read {name}"))?;
    match read_checkpoints(BufReader::new(opened), key.as_ref()) {
        Ok(lines) => Ok(Believed::All(lines)),
        Err(CheckpointFileError::Line { line, source }) => {
            Ok(Believed::Not(format!("{name} line {line}: {source}")))
        }
        Err(error @ (CheckpointFileError::Unread(_) | CheckpointFileError::TooLong)) => {
            Err(anyhow::Error::new(error).context(format!("could not read {name}")))
        }
    }
}

/// A key as it is given: itself, or the file that holds it.
fn public_key_of(given: &str) -> anyhow::Result<PublicKey> {
    match given.parse() {
        Ok(key) => Ok(key),
        Err(_) => PublicKey::from_file(PathBuf::from(given)).context("--public-key"),
    }
}

/// How a log that holds in itself differs from the one that was signed, if it does.
pub(crate) fn difference(agreement: &Agreement) -> Option<String> {
    let (place, difference) = agreement.differing?;
    let from = match agreement.last {
        Some(last) => {
            format!("it agrees up to position {} (checkpoint line {})", last.position, last.line)
        }
        None => "it agrees with no checkpoint".to_owned(),
    };
    Some(format!(
        "not the log that was signed: {from}, and at position {} (checkpoint line {}) {difference}",
        place.position, place.line
    ))
}
