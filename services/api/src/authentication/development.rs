//! The development issuer: keys of the service's own, so that a checkout can be tried without an
//! identity provider. The service says loudly that it is in use.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use throughline_domain::code::Code;

use super::token::{Claims, Expected, TokenError};
use crate::access::Role;

/// The issuer that development tokens name.
pub const ISSUER: &str = "throughline-development";
/// The audience that development tokens name.
pub const AUDIENCE: &str = "throughline";
/// The file that holds the key, in the data directory.
pub const KEY_FILE: &str = "development-issuer.key";

/// Issues and verifies tokens with an Ed25519 key from a file.
pub struct DevelopmentIssuer {
    signs: EncodingKey,
    verifies: DecodingKey,
    expected: Expected,
}

/// Why the development issuer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentIssuerError {
    /// The key file cannot be read or written.
    #[error("the development issuer's key file {} cannot be used", .path.display())]
    File {
        /// Where the file is.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Others may read the key file.
    #[error("the key file {} may be read by others: chmod 600 it", .path.display())]
    Exposed {
        /// Where the file is.
        path: PathBuf,
    },
    /// The file does not hold a key.
    #[error("the key file {} does not hold an Ed25519 key", .path.display())]
    Malformed {
        /// Where the file is.
        path: PathBuf,
    },
    /// The token cannot be signed.
    #[error("the token cannot be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

impl fmt::Debug for DevelopmentIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevelopmentIssuer").finish_non_exhaustive()
    }
}

impl DevelopmentIssuer {
    /// Opens the issuer of a data directory, making its key on first use.
    ///
    /// # Errors
    /// [`DevelopmentIssuerError`] when the key file cannot be used.
    pub fn open(data_dir: &Path) -> Result<Self, DevelopmentIssuerError> {
        let path = data_dir.join(KEY_FILE);
        let file_error = |source| DevelopmentIssuerError::File { path: path.clone(), source };
        fs::create_dir_all(data_dir).map_err(file_error)?;
        if !path.exists() {
            create_key_file(&path).map_err(file_error)?;
        }
        let mode = fs::metadata(&path).map_err(file_error)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(DevelopmentIssuerError::Exposed { path });
        }
        let text = fs::read_to_string(&path).map_err(file_error)?;
        let malformed = || DevelopmentIssuerError::Malformed { path: path.clone() };
        let pkcs8 = BASE64.decode(text.trim()).map_err(|_| malformed())?;
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| malformed())?;
        Ok(Self {
            signs: EncodingKey::from_ed_der(&pkcs8),
            verifies: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            expected: Expected { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned() },
        })
    }

    /// Issues a token.
    ///
    /// # Errors
    /// [`DevelopmentIssuerError::Sign`] when the key cannot sign.
    pub fn issue(
        &self,
        tenant: Code,
        subject: Code,
        role: Role,
        lifetime: SignedDuration,
    ) -> Result<String, DevelopmentIssuerError> {
        let now = Timestamp::now();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: subject,
            tenant,
            role,
            iat: now.as_second(),
            exp: now.as_second().saturating_add(lifetime.as_secs()),
        };
        encode(&Header::new(Algorithm::EdDSA), &claims, &self.signs)
            .map_err(DevelopmentIssuerError::Sign)
    }

    /// The claims of a token that this issuer issued and that still holds.
    ///
    /// # Errors
    /// [`TokenError`] for any other token.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        self.expected.claims(token, &self.verifies, Algorithm::EdDSA)
    }
}

/// Writes a new key beside its final place and links it there, so that of two processes that start
/// at once both end with the same whole key.
fn create_key_file(path: &Path) -> io::Result<()> {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .map_err(|_| io::Error::other("no randomness"))?;
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(BASE64.encode(pkcs8.as_ref()).as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("throughline-issuer-{}", uuid::Uuid::new_v4())))
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn issue(issuer: &DevelopmentIssuer, seconds: i64) -> String {
        let (tenant, subject) = ("city".parse().unwrap(), "worker".parse().unwrap());
        issuer.issue(tenant, subject, Role::Caseworker, SignedDuration::from_secs(seconds)).unwrap()
    }

    #[test]
    fn a_token_of_the_same_data_directory_holds() {
        let dir = Directory::new();
        let token = issue(&DevelopmentIssuer::open(&dir.0).unwrap(), 60);
        let claims = DevelopmentIssuer::open(&dir.0).unwrap().verify(&token).unwrap();
        assert_eq!((claims.tenant.as_str(), claims.role), ("city", Role::Caseworker));
        let mode = fs::metadata(dir.0.join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_token_of_another_issuer_or_time_does_not_hold() {
        let (dir, other) = (Directory::new(), Directory::new());
        let issuer = DevelopmentIssuer::open(&dir.0).unwrap();
        let elsewhere = issue(&DevelopmentIssuer::open(&other.0).unwrap(), 60);
        assert!(issuer.verify(&elsewhere).is_err());
        assert!(issuer.verify(&issue(&issuer, -60)).is_err(), "expired");
        assert!(issuer.verify("").is_err());
    }

    #[test]
    fn an_unsigned_or_altered_token_does_not_hold() {
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let dir = Directory::new();
        let issuer = DevelopmentIssuer::open(&dir.0).unwrap();
        let token = issue(&issuer, 60);
        let parts: Vec<&str> = token.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        assert!(issuer.verify(&format!("{none}.{}.", parts[1])).is_err());
        assert!(issuer.verify(&format!("{none}.{}.{}", parts[1], parts[2])).is_err());
        let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
        let raised = String::from_utf8(claims).unwrap().replace("caseworker", "team_manager");
        let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(raised), parts[2]);
        assert!(issuer.verify(&forged).is_err());
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let dir = Directory::new();
        DevelopmentIssuer::open(&dir.0).unwrap();
        let path = dir.0.join(KEY_FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            DevelopmentIssuer::open(&dir.0),
            Err(DevelopmentIssuerError::Exposed { .. })
        ));
    }
}
