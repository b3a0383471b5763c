//! The key that signs checkpoints, and its public half, which shows that it was this key.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::rand;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::seal::write_durably;

const SEED_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;
/// What comes before the key in the document in which others keep an Ed25519 public key (RFC 8410).
const PUBLIC_KEY_INFO: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// A key in a PEM document, and some words beside it.
const FILE_BYTES_MAX: u64 = 4096;

/// An Ed25519 key that signs. It has no printed form.
#[derive(Clone)]
pub struct SigningKey(Arc<Ed25519KeyPair>);

/// The public half of a signing key; in text, its 32 bytes in base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// Why there is no signing key, or no public one.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file cannot be read or written.
    #[error("the key file {path} cannot be read or written", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than the owner may read the file.
    #[error("others may read the signing key file {path} (mode {mode:03o}): make it 0600", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text is not a signing key.
    #[error("a signing key is an Ed25519 key: 32 bytes, or a PKCS#8 document, in base64 or PEM")]
    NotAKey,
    /// The text is not a public key.
    #[error("a public key is an Ed25519 key: 32 bytes, or its usual document, in base64 or PEM")]
    NotAPublicKey,
    /// The operating system gave no randomness.
    #[error("no randomness for a signing key")]
    NoRandomness,
}

impl SigningKey {
    /// Reads the key from a file that its owner alone can read: 32 bytes or a PKCS#8 document, in
    /// base64 or PEM.
    ///
    /// # Errors
    /// When the file cannot be read, others may read it, or it holds something else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SigningKeyError> {
        let path = path.as_ref();
        let failed = |source| failed(path, source);
        let file = fs::File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let path = path.to_owned();
            return Err(SigningKeyError::Exposed { path, mode });
        }
        let mut text = Zeroizing::new(String::with_capacity(8192));
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        let bytes = Zeroizing::new(decode(&text).ok_or(SigningKeyError::NotAKey)?);
        let pair = if bytes.len() == SEED_BYTES {
            Ed25519KeyPair::from_seed_unchecked(&bytes)
        } else {
            // Other programs write the document without the public half.
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes)
        };
        pair.map(|pair| Self(Arc::new(pair))).map_err(|_| SigningKeyError::NotAKey)
    }

    /// Makes a new key and writes it to a file that must not be there yet.
    ///
    /// # Errors
    /// When the file is there, or cannot be written.
    pub fn create_file(path: impl AsRef<Path>) -> Result<Self, SigningKeyError> {
        let path = path.as_ref();
        let seed = random_seed()?;
        let mut text = Zeroizing::new(STANDARD.encode(seed.as_slice()));
        text.push('\n');
        write_durably(path, text.as_bytes()).map_err(|source| failed(path, source))?;
        Self::from_seed(&seed)
    }

    /// A new key that is kept nowhere. For tests.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> Result<Self, SigningKeyError> {
        Self::from_seed(&*random_seed()?)
    }

    /// The key whose seed this is (RFC 8032).
    ///
    /// # Errors
    /// Never for a seed; only when the cipher fails.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Result<Self, SigningKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        pair.map(|pair| Self(Arc::new(pair))).map_err(|_| SigningKeyError::NotAKey)
    }

    /// The public half.
    ///
    /// # Panics
    /// Never: an Ed25519 public key has 32 bytes.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref().try_into();
        PublicKey(bytes.expect("an Ed25519 public key has 32 bytes"))
    }

    /// Signs a message.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature = self.0.sign(message);
        signature.as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl PublicKey {
    /// Reads the key from a file: 32 bytes or the document that other programs write, in base64 or
    /// PEM.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, SigningKeyError> {
        let path = path.as_ref();
        let mut text = String::new();
        let file = fs::File::open(path).map_err(|source| failed(path, source))?;
        let read = file.take(FILE_BYTES_MAX).read_to_string(&mut text);
        read.map_err(|source| failed(path, source))?;
        text.parse()
    }

    /// Whether this key's other half signed the message.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl FromStr for PublicKey {
    type Err = SigningKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = decode(text).ok_or(SigningKeyError::NotAPublicKey)?;
        let key = bytes.strip_prefix(&PUBLIC_KEY_INFO).unwrap_or(&bytes);
        Ok(Self(key.try_into().map_err(|_| SigningKeyError::NotAPublicKey)?))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

/// What is in base64 between the first and last lines of a PEM document, or without them.
fn decode(text: &str) -> Option<Vec<u8>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let joined = Zeroizing::new(lines.collect::<String>());
    STANDARD.decode(joined.as_bytes()).ok()
}

fn random_seed() -> Result<Zeroizing<[u8; SEED_BYTES]>, SigningKeyError> {
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    rand::fill(seed.as_mut_slice()).map_err(|_| SigningKeyError::NoRandomness)?;
    Ok(seed)
}

fn failed(path: &Path, source: io::Error) -> SigningKeyError {
    let path = path.to_owned();
    SigningKeyError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first key of RFC 8032, 7.1.
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    /// The same, in the documents that other programs write.
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";
    const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
        -----END PUBLIC KEY-----\n";

    fn written(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signing.key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (directory, path)
    }

    #[test]
    fn every_form_of_a_key_is_the_same_key() {
        let public: PublicKey = PUBLIC.parse().unwrap();
        assert_eq!(public.to_string(), PUBLIC);
        assert_eq!(PUBLIC_PEM.parse::<PublicKey>().unwrap(), public);
        for text in [SEED, PEM] {
            let (_directory, path) = written(text, 0o600);
            let key = SigningKey::from_file(&path).unwrap();
            assert_eq!(key.public_key(), public);
            assert!(public.has_signed(b"text", &key.sign(b"text")));
            assert!(!public.has_signed(b"test", &key.sign(b"text")));
        }
    }

    #[test]
    fn a_new_key_is_for_its_owner_alone_and_never_written_twice() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signing.key");
        let key = SigningKey::create_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SigningKey::from_file(&path).unwrap().public_key(), key.public_key());
        assert!(matches!(SigningKey::create_file(&path), Err(SigningKeyError::File { .. })));
    }

    #[test]
    fn what_is_exposed_or_no_key_is_refused_and_not_repeated() {
        let (_directory, path) = written(SEED, 0o640);
        let refused = SigningKey::from_file(&path).unwrap_err();
        assert!(matches!(refused, SigningKeyError::Exposed { mode: 0o640, .. }), "{refused:?}");
        for text in ["", "canary", "bm90IGEga2V5"] {
            let (_directory, path) = written(text, 0o600);
            let refused = SigningKey::from_file(&path).unwrap_err();
            assert!(matches!(refused, SigningKeyError::NotAKey), "{refused:?}");
            assert!(matches!(text.parse::<PublicKey>(), Err(SigningKeyError::NotAPublicKey)));
        }
    }
}
