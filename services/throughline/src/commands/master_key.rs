//! The master key: from the environment, or a file in the data directory beside the private
//! database.

use std::env::{self, VarError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use throughline_log::{MasterKey, MasterKeyError};

use crate::commands::data_dir;

/// The key itself, 32 bytes in base64.
const KEY: &str = "THROUGHLINE_MASTER_KEY";
/// The file that holds it.
const KEY_FILE: &str = "THROUGHLINE_MASTER_KEY_FILE";
/// The file of the data directory.
const OWN_FILE: &str = "master.key";

/// The master key that is configured, or the data directory's own.
///
/// It is generated only for a private database, which lies in the same directory: what another
/// database holds would be lost with a key that nobody knows of.
///
/// # Errors
/// One line, when there is none or it cannot be used. It says nothing of the key.
pub(crate) fn master_key(data_dir: &Path, database_is_private: bool) -> anyhow::Result<MasterKey> {
    let configured = Configured::read()?;
    choose(configured, data_dir, database_is_private)
}

/// Where the environment says the key is.
enum Configured {
    Value(String),
    File(PathBuf),
    Nowhere,
}

impl Configured {
    /// An empty variable counts as none, as one in a unit file would be.
    fn read() -> anyhow::Result<Self> {
        let value = match env::var(KEY) {
            Ok(value) => Some(value),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => bail!("{KEY} is not text"),
        };
        let file = env::var_os(KEY_FILE).filter(|file| !file.is_empty());
        match (value.filter(|value| !value.trim().is_empty()), file) {
            (Some(_), Some(_)) => bail!("both {KEY} and {KEY_FILE} are set: set one of them"),
            (Some(value), None) => Ok(Self::Value(value)),
            (None, Some(file)) => Ok(Self::File(file.into())),
            (None, None) => Ok(Self::Nowhere),
        }
    }
}

fn choose(
    configured: Configured,
    data_dir: &Path,
    database_is_private: bool,
) -> anyhow::Result<MasterKey> {
    match configured {
        Configured::Value(value) => MasterKey::from_env_value(&value).context(KEY),
        Configured::File(file) => MasterKey::from_file(file).context(KEY_FILE),
        Configured::Nowhere if database_is_private => own(data_dir),
        Configured::Nowhere => bail!(
            "no master key is configured for the database: set {KEY_FILE} to a file of mode 0600 \
             that holds 32 random bytes in base64 (`openssl rand -base64 32`), or {KEY} to its \
             content, and keep a copy: without it nothing that was sealed can be read"
        ),
    }
}

fn own(data_dir: &Path) -> anyhow::Result<MasterKey> {
    data_dir::create(data_dir)?;
    let file = data_dir.join(OWN_FILE);
    if !file.exists() {
        match MasterKey::create_file(&file) {
            Ok(key) => return Ok(key),
            // Another process was first.
            Err(MasterKeyError::File { source, .. })
                if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(MasterKey::from_file(&file)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_database_gets_a_key_that_stays() {
        let parent = tempfile::tempdir().unwrap();
        let data_dir = parent.path().join("data");
        let first = choose(Configured::Nowhere, &data_dir, true).unwrap();
        let again = choose(Configured::Nowhere, &data_dir, true).unwrap();
        assert_eq!(first.derive("test"), again.derive("test"));
        let mode = data_dir.join(OWN_FILE).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_for_another_database_is_never_made_up() {
        let parent = tempfile::tempdir().unwrap();
        let error = choose(Configured::Nowhere, parent.path(), false).unwrap_err();
        assert!(error.to_string().contains("THROUGHLINE_MASTER_KEY_FILE"), "{error}");
        assert_eq!(parent.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_a_key_is_not_repeated() {
        let value = Configured::Value("canary".to_owned());
        let error = choose(value, Path::new("unused"), true).unwrap_err();
        let said = format!("{error:#}");
        assert!(said.starts_with("THROUGHLINE_MASTER_KEY: "), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}
