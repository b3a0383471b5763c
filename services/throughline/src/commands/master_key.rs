//! The master key: from the environment, or a file in the data directory beside the private
//! database.

use std::env::{self, VarError};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use throughline_log::{MasterKey, MasterKeyError};

use crate::commands::data_dir;

/// The key itself, 32 bytes in base64.
const KEY: &str = "THROUGHLINE_MASTER_KEY";
/// The file that holds it.
const KEY_FILE: &str = "THROUGHLINE_MASTER_KEY_FILE";
/// A file that holds the key before it, while it is replaced.
const PREVIOUS_FILE: &str = "THROUGHLINE_MASTER_KEY_PREVIOUS_FILE";
/// The file of the data directory.
const OWN_FILE: &str = "master.key";
/// The key that takes its place, from before the first key is wrapped with it until it has.
const OWN_NEXT_FILE: &str = "master.key.next";
/// A key that is being written. It wraps nothing yet.
const OWN_UNFINISHED_FILE: &str = "master.key.unfinished";
/// Locked shared by whoever uses the data directory's own key, and alone by who replaces it.
const OWN_USERS_FILE: &str = "master.key.users";

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
        Configured::Value(value) => after_previous(MasterKey::from_env_value(&value).context(KEY)?),
        Configured::File(file) => after_previous(MasterKey::from_file(file).context(KEY_FILE)?),
        Configured::Nowhere if database_is_private => {
            let users = users_file(data_dir)?;
            users.lock_shared().context(OWN_USERS_FILE)?;
            // Held for as long as the process may use the key.
            std::mem::forget(users);
            own(data_dir)
        }
        Configured::Nowhere => bail!(
            "no master key is configured for the database: set {KEY_FILE} to a file of mode 0600 \
             that holds 32 random bytes in base64 (`openssl rand -base64 32`), or {KEY} to its \
             content, and keep a copy: without it nothing that was sealed can be read"
        ),
    }
}

/// A configured key, with the one before it if that is configured too.
fn after_previous(key: MasterKey) -> anyhow::Result<MasterKey> {
    match env::var_os(PREVIOUS_FILE).filter(|file| !file.is_empty()) {
        Some(file) => Ok(key.after(&MasterKey::from_file(file).context(PREVIOUS_FILE)?)),
        None => Ok(key),
    }
}

/// The data directory's own key. While it is replaced there are two of them, of which the next one
/// wraps: some of what is stored may be wrapped by it already.
fn own(data_dir: &Path) -> anyhow::Result<MasterKey> {
    let file = data_dir.join(OWN_FILE);
    if !file.exists() {
        match MasterKey::create_file(&file) {
            Ok(key) => return Ok(key),
            // Another process was first.
            Err(MasterKeyError::File { source, .. })
                if source.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    let key = MasterKey::from_file(&file)?;
    let next = data_dir.join(OWN_NEXT_FILE);
    if next.exists() { Ok(MasterKey::from_file(&next)?.after(&key)) } else { Ok(key) }
}

fn users_file(data_dir: &Path) -> anyhow::Result<File> {
    data_dir::create(data_dir)?;
    let path = data_dir.join(OWN_USERS_FILE);
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    file.with_context(|| format!("could not open {}", path.display()))
}

/// A master key on its way to the place of another.
pub(crate) struct Replacement {
    /// Opens all that is stored.
    pub(crate) old: MasterKey,
    /// Is to wrap it.
    pub(crate) new: MasterKey,
    /// The data directory whose own key is replaced, and the proof that nobody else uses it.
    own: Option<(PathBuf, File)>,
}

impl Replacement {
    /// Makes ready to replace the key. Killed from here on at any point, all that is stored still
    /// opens, and the replacement can be done again.
    ///
    /// A configured key is replaced by that of `new_key_file`, or, when the one before it is
    /// configured too, is itself the new one. The data directory's own is replaced by one that is
    /// made here.
    ///
    /// # Errors
    /// When there is no new key, or others use the data directory's own.
    pub(crate) fn prepare(
        data_dir: &Path,
        database_is_private: bool,
        new_key_file: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let configured = Configured::read()?;
        if database_is_private && matches!(configured, Configured::Nowhere) {
            ensure!(
                new_key_file.is_none(),
                "the data directory keeps a key of its own: leave --new-key-file out"
            );
            return Self::of_own(data_dir);
        }
        let old = choose(configured, data_dir, database_is_private)?;
        let new = match new_key_file {
            Some(file) => MasterKey::from_file(file).context("--new-key-file")?,
            None if env::var_os(PREVIOUS_FILE).is_some_and(|file| !file.is_empty()) => old.clone(),
            None => bail!(
                "there is no new key: give --new-key-file, or set {KEY_FILE} to the new key and \
                 {PREVIOUS_FILE} to the old one"
            ),
        };
        Ok(Self { old, new, own: None })
    }

    fn of_own(data_dir: &Path) -> anyhow::Result<Self> {
        let users = users_file(data_dir)?;
        match users.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another process uses the master key of {}: stop it first",
                data_dir.display()
            ),
            Err(TryLockError::Error(error)) => return Err(error).context(OWN_USERS_FILE),
        }
        let next = data_dir.join(OWN_NEXT_FILE);
        // One that is there already may have wrapped something: it is brought to its end.
        if !next.exists() {
            let unfinished = data_dir.join(OWN_UNFINISHED_FILE);
            match fs::remove_file(&unfinished) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed.context(OWN_UNFINISHED_FILE)?,
            }
            own(data_dir)?;
            MasterKey::create_file(&unfinished)?;
            rename(data_dir, OWN_UNFINISHED_FILE, OWN_NEXT_FILE)?;
        }
        let old = own(data_dir)?;
        let new = MasterKey::from_file(&next)?;
        Ok(Self { old, new, own: Some((data_dir.to_owned(), users)) })
    }

    /// Puts the new key in the place of the data directory's own, once everything is wrapped with
    /// it. Returns whether there was one; a configured key is its operator's to replace.
    ///
    /// # Errors
    /// When the file cannot be renamed: both keys are still there then, and are used.
    pub(crate) fn finish(self) -> anyhow::Result<bool> {
        let Some((data_dir, _users)) = self.own else {
            return Ok(false);
        };
        rename(&data_dir, OWN_NEXT_FILE, OWN_FILE)?;
        Ok(true)
    }
}

/// Renames a file of the directory, so that it stays renamed.
fn rename(directory: &Path, from: &str, to: &str) -> anyhow::Result<()> {
    fs::rename(directory.join(from), directory.join(to))
        .and_then(|()| File::open(directory)?.sync_all())
        .with_context(|| format!("could not rename {from} to {to}"))
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
