//! Who is calling: bearer tokens (JWT) with tenant, subject and role.
//!
//! Keys come from an OpenID Connect issuer, or, where none is configured, from the service's own
//! development issuer.

pub mod development;
pub mod issuer;
mod known_tokens;
pub mod token;

use std::sync::Arc;

pub use development::DevelopmentIssuer;
pub use issuer::OidcIssuer;
use known_tokens::KnownTokens;
pub use token::{Claims, TokenError};

/// Verifies tokens. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Authenticator {
    issuer: Issuer,
    known: Arc<KnownTokens>,
}

/// Whose tokens are accepted.
#[derive(Debug, Clone)]
pub enum Issuer {
    /// The service's own keys, for development and demonstration.
    Development(Arc<DevelopmentIssuer>),
    /// The keys that an OpenID Connect issuer publishes.
    Oidc(Arc<OidcIssuer>),
}

impl Authenticator {
    /// Accepts the tokens of one issuer.
    #[must_use]
    pub fn new(issuer: Issuer) -> Self {
        Self { issuer, known: Arc::default() }
    }

    /// The claims of a token that holds.
    ///
    /// # Errors
    /// [`TokenError`] for any token that does not hold, without saying to the caller why.
    pub async fn verify(&self, token: &str) -> Result<Arc<Claims>, TokenError> {
        if let Some(claims) = self.known.find(token) {
            return Ok(claims);
        }
        let claims = Arc::new(match &self.issuer {
            Issuer::Development(issuer) => issuer.verify(token)?,
            Issuer::Oidc(issuer) => issuer.verify(token).await?,
        });
        self.known.learn(token, &claims);
        Ok(claims)
    }

    /// Whether a tenant that is not known yet is created when a token names it.
    #[must_use]
    pub fn creates_tenants(&self) -> bool {
        matches!(self.issuer, Issuer::Development(_))
    }
}
