//! The master key: the one secret that is not in the database.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::SealError;
use super::cipher::{Cipher, KeyBytes, random_key};

/// What the wrapping key is derived for; callers' purposes have a prefix of their own.
const WRAPPING: &str = "throughline/wrap-tenant-keys/1";
const CALLERS_PREFIX: &str = "throughline/derived/1/";

/// More than the 44 characters and a line end that a key takes is not a key.
const FILE_BYTES_MAX: u64 = 128;

/// 32 random bytes that wrap the tenants' keys. It has no printed form.
///
/// While it is replaced, it carries the keys before it: what they wrapped still opens, and only the
/// newest wraps.
#[derive(Clone)]
pub struct MasterKey {
    current: Arc<KeyBytes>,
    previous: Vec<Arc<KeyBytes>>,
}

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read or written.
    #[error("the master key file {path} cannot be read or written", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than the owner may read the file.
    #[error("others may read the master key file {path} (mode {mode:03o}): make it 0600", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text is not a key.
    #[error("a master key is 32 bytes in base64")]
    NotAKey,
    /// The operating system gave no randomness.
    #[error("no randomness for a master key")]
    NoRandomness,
}

impl MasterKey {
    /// Reads the key from a file: 32 bytes in base64, readable by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be read, others may read it, or it holds something else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, MasterKeyError> {
        let path = path.as_ref();
        let failed = |source| failed(path, source);
        let file = fs::File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let path = path.to_owned();
            return Err(MasterKeyError::Exposed { path, mode });
        }
        let mut text = Zeroizing::new(String::with_capacity(256));
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        Self::from_env_value(&text)
    }

    /// Reads the key from a value such as an environment variable's: 32 bytes in base64.
    ///
    /// # Errors
    /// When the value is something else.
    pub fn from_env_value(value: &str) -> Result<Self, MasterKeyError> {
        let bytes =
            Zeroizing::new(STANDARD.decode(value.trim()).map_err(|_| MasterKeyError::NotAKey)?);
        let mut key = KeyBytes::default();
        if bytes.len() != key.len() {
            return Err(MasterKeyError::NotAKey);
        }
        key.copy_from_slice(&bytes);
        Ok(Self::of(key))
    }

    /// Makes a new key and writes it to a file that must not be there yet.
    ///
    /// # Errors
    /// When the file is there, or cannot be written.
    pub fn create_file(path: impl AsRef<Path>) -> Result<Self, MasterKeyError> {
        let path = path.as_ref();
        let key = Self::random()?;
        let mut text = Zeroizing::new(STANDARD.encode(key.current.as_slice()));
        text.push('\n');
        write_durably(path, text.as_bytes()).map_err(|source| failed(path, source))?;
        Ok(key)
    }

    /// A new key that is kept nowhere: what is sealed under it is lost with it. For tests.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> Result<Self, MasterKeyError> {
        let key = random_key().map_err(|_| MasterKeyError::NoRandomness)?;
        Ok(Self::of(key))
    }

    /// This key, which also opens what the keys of `previous` wrapped.
    #[must_use]
    pub fn after(mut self, previous: &Self) -> Self {
        self.previous.push(Arc::clone(&previous.current));
        self.previous.extend(previous.previous.iter().cloned());
        self
    }

    fn of(key: KeyBytes) -> Self {
        Self { current: Arc::new(key), previous: Vec::new() }
    }

    /// A key for another use, which shows nothing of this one: HKDF-SHA256 over the purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        *expand(&self.current, &[CALLERS_PREFIX.as_bytes(), purpose.as_bytes()])
    }

    /// Wraps a key under this one.
    pub(super) fn wrap(&self, place: &[u8], key: &KeyBytes) -> Result<Vec<u8>, SealError> {
        wrapping(&self.current)?.seal(place, key.as_slice())
    }

    /// Opens what this key, or one before it, wrapped.
    pub(super) fn unwrap(
        &self,
        place: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let mut opened = wrapping(&self.current)?.open(place, wrapped);
        for key in &self.previous {
            if opened != Err(SealError::Broken) {
                break;
            }
            opened = wrapping(key)?.open(place, wrapped);
        }
        opened
    }
}

fn wrapping(key: &KeyBytes) -> Result<Cipher, SealError> {
    Cipher::new(&expand(key, &[WRAPPING.as_bytes()]))
}

fn expand(key: &KeyBytes, purpose: &[&[u8]]) -> KeyBytes {
    let root = Salt::new(HKDF_SHA256, &[]).extract(key.as_slice());
    let mut key = KeyBytes::default();
    root.expand(purpose, HKDF_SHA256)
        .and_then(|okm| okm.fill(key.as_mut_slice()))
        .expect("HKDF-SHA256 gives 32 bytes for any purpose");
    key
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// A key that was used and then lost with the power would lose everything sealed under it.
pub(crate) fn write_durably(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.sync_all()?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::File::open(directory)?.sync_all()
}

fn failed(path: &Path, source: io::Error) -> MasterKeyError {
    let path = path.to_owned();
    MasterKeyError::File { path, source }
}
