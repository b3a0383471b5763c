//! An OpenID Connect issuer: its keys are found by discovery and fetched again when a token names a
//! key that is not known, at most once in half a minute.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, decode_header};
use serde::Deserialize;
use tokio::sync::RwLock;

use super::token::{Claims, Expected, TokenError};

/// The least time between two fetches of the issuer's keys.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);
/// How long the issuer may take to answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Verifies tokens with the keys that an issuer publishes.
#[derive(Debug)]
pub struct OidcIssuer {
    expected: Expected,
    http: reqwest::Client,
    keys: RwLock<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    set: Option<Arc<JwkSet>>,
    fetched: Option<Instant>,
}

#[derive(Deserialize)]
struct Discovery {
    jwks_uri: String,
}

impl OidcIssuer {
    /// An issuer by its URL, for tokens meant for `audience`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(issuer: String, audience: String) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(FETCH_TIMEOUT).build()?;
        let keys = RwLock::new(Keys::default());
        Ok(Self { expected: Expected { issuer, audience }, http, keys })
    }

    /// The claims of a token signed with a key of the issuer.
    ///
    /// # Errors
    /// [`TokenError`] for any other token, and when the keys cannot be fetched.
    pub async fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let header = decode_header(token).map_err(TokenError::Invalid)?;
        let key_id = header.kid.ok_or(TokenError::UnknownKey)?;
        // Two statements: the lock for reading must be gone before the keys are fetched.
        let known = find(self.keys.read().await.set.as_deref(), &key_id);
        let jwk = match known {
            Some(jwk) => jwk,
            None => {
                find(Some(&*self.fetch_keys().await?), &key_id).ok_or(TokenError::UnknownKey)?
            }
        };
        // The algorithm is the key's, not the token's: a token cannot choose how it is verified.
        let algorithm = algorithm(&jwk).ok_or(TokenError::UnknownKey)?;
        let key = DecodingKey::from_jwk(&jwk).map_err(TokenError::Invalid)?;
        self.expected.claims(token, &key, algorithm)
    }

    async fn fetch_keys(&self) -> Result<Arc<JwkSet>, TokenError> {
        let mut keys = self.keys.write().await;
        let fresh = keys.fetched.is_some_and(|at| at.elapsed() < REFRESH_INTERVAL);
        if let (true, Some(set)) = (fresh, &keys.set) {
            return Ok(Arc::clone(set));
        }
        let base = self.expected.issuer.trim_end_matches('/');
        let discovery: Discovery =
            self.fetch(&format!("{base}/.well-known/openid-configuration")).await?;
        let set = Arc::new(self.fetch::<JwkSet>(&discovery.jwks_uri).await?);
        *keys = Keys { set: Some(Arc::clone(&set)), fetched: Some(Instant::now()) };
        Ok(set)
    }

    async fn fetch<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, TokenError> {
        let answer = self.http.get(url).send().await.and_then(reqwest::Response::error_for_status);
        answer
            .map_err(TokenError::IssuerUnreachable)?
            .json()
            .await
            .map_err(TokenError::IssuerUnreachable)
    }
}

fn find(set: Option<&JwkSet>, key_id: &str) -> Option<Jwk> {
    set?.find(key_id)
        .filter(|jwk| jwk.common.public_key_use != Some(PublicKeyUse::Encryption))
        .cloned()
}

/// The algorithm a published key signs with: the one it names, or else the usual one of its kind.
/// Only asymmetric ones are taken.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    match jwk.common.key_algorithm {
        Some(KeyAlgorithm::RS256) => Some(Algorithm::RS256),
        Some(KeyAlgorithm::RS384) => Some(Algorithm::RS384),
        Some(KeyAlgorithm::RS512) => Some(Algorithm::RS512),
        Some(KeyAlgorithm::PS256) => Some(Algorithm::PS256),
        Some(KeyAlgorithm::PS384) => Some(Algorithm::PS384),
        Some(KeyAlgorithm::PS512) => Some(Algorithm::PS512),
        Some(KeyAlgorithm::ES256) => Some(Algorithm::ES256),
        Some(KeyAlgorithm::ES384) => Some(Algorithm::ES384),
        Some(KeyAlgorithm::EdDSA) => Some(Algorithm::EdDSA),
        None => usual_algorithm(&jwk.algorithm),
        Some(_) => None,
    }
}

fn usual_algorithm(parameters: &AlgorithmParameters) -> Option<Algorithm> {
    match parameters {
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => Some(Algorithm::ES256),
            EllipticCurve::P384 => Some(Algorithm::ES384),
            EllipticCurve::P521 | EllipticCurve::Ed25519 | _ => None,
        },
        AlgorithmParameters::OctetKeyPair(_) => Some(Algorithm::EdDSA),
        AlgorithmParameters::OctetKey(_) | AlgorithmParameters::Other(_) | _ => None,
    }
}
