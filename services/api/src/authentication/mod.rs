//! Who is calling: bearer tokens (JWT) with tenant, subject and role.
//!
//! Keys come from an OpenID Connect issuer, or, where none is configured, from the service's own
//! development issuer.

pub mod development;
pub mod issuer;
pub mod token;

use std::sync::Arc;

pub use development::DevelopmentIssuer;
pub use issuer::OidcIssuer;
pub use token::{Claims, TokenError};

/// Verifies tokens.
#[derive(Debug, Clone)]
pub enum Authenticator {
    /// The service's own keys, for development and demonstration.
    Development(Arc<DevelopmentIssuer>),
    /// The keys that an OpenID Connect issuer publishes.
    Oidc(Arc<OidcIssuer>),
}

impl Authenticator {
    /// The claims of a token that holds.
    ///
    /// # Errors
    /// [`TokenError`] for any token that does not hold, without saying to the caller why.
    pub async fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        match self {
            Self::Development(issuer) => issuer.verify(token),
            Self::Oidc(issuer) => issuer.verify(token).await,
        }
    }

    /// Whether a tenant that is not known yet is created when a token names it.
    #[must_use]
    pub fn creates_tenants(&self) -> bool {
        matches!(self, Self::Development(_))
    }
}
