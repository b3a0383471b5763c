//! The key that signs checkpoints: from a file that the environment names, or in the data directory
//! beside the private database.

use std::env;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use throughline_log::{SigningKey, SigningKeyError};

use crate::commands::data_dir;

/// The file that holds it.
const KEY_FILE: &str = "THROUGHLINE_SIGNING_KEY_FILE";
/// The file of the data directory.
const OWN_FILE: &str = "signing.key";

/// The signing key that is configured, or the data directory's own, which is generated only for a
/// private database.
///
/// # Errors
/// One line, when there is none or it cannot be used. It says nothing of the key.
pub(crate) fn signing_key(
    data_dir: &Path,
    database_is_private: bool,
) -> anyhow::Result<SigningKey> {
    // An empty variable counts as none, as one in a unit file would be.
    let file = env::var_os(KEY_FILE).filter(|file| !file.is_empty());
    choose(file.map(PathBuf::from), data_dir, database_is_private)
}

fn choose(
    file: Option<PathBuf>,
    data_dir: &Path,
    database_is_private: bool,
) -> anyhow::Result<SigningKey> {
    match file {
        Some(file) => SigningKey::from_file(file).context(KEY_FILE),
        None if database_is_private => own(data_dir),
        None => bail!(
            "no key is configured to sign checkpoints with: set {KEY_FILE} to a file of mode 0600 \
             that holds an Ed25519 key (`openssl genpkey -algorithm ed25519`), and keep it where \
             nobody who can alter the database can read it"
        ),
    }
}

fn own(data_dir: &Path) -> anyhow::Result<SigningKey> {
    data_dir::create(data_dir)?;
    let file = data_dir.join(OWN_FILE);
    if !file.exists() {
        match SigningKey::create_file(&file) {
            Ok(key) => return Ok(key),
            // Another process was first.
            Err(SigningKeyError::File { source, .. })
                if source.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(SigningKey::from_file(&file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_database_gets_a_key_that_stays_and_another_gets_none() {
        let parent = tempfile::tempdir().unwrap();
        let data_dir = parent.path().join("data");
        let first = choose(None, &data_dir, true).unwrap().public_key();
        assert_eq!(choose(None, &data_dir, true).unwrap().public_key(), first);
        let named = Some(data_dir.join(OWN_FILE));
        assert_eq!(choose(named, Path::new("unused"), false).unwrap().public_key(), first);
        let error = choose(None, &data_dir, false).unwrap_err();
        assert!(error.to_string().contains(KEY_FILE), "{error}");
    }
}
