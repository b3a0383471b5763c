//! What a token says, and what makes it hold.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;

use crate::access::Role;

/// Clock skew forgiven when a token expires, in seconds.
const EXPIRY_LEEWAY_S: u64 = 5;
/// A longer token is refused unread, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// What a token says about its bearer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Who bears it; a worker's subject is the `worker` of their cases.
    pub sub: Code,
    /// Whose data it opens.
    pub tenant: Code,
    /// The part the bearer plays.
    pub role: Role,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// Why a token does not hold. For the log; the caller learns only that it does not.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is longer than any token of ours.
    #[error("the token is over {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// It is signed with an algorithm, or by a key, that is not the issuer's.
    #[error("the token names no key of the issuer")]
    UnknownKey,
    /// The signature, the issuer, the audience, the time or the claims are wrong.
    #[error("the token does not hold")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    /// The issuer's keys cannot be had.
    #[error("the issuer's keys cannot be fetched")]
    IssuerUnreachable(#[source] reqwest::Error),
}

/// What every token must match.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The issuer.
    pub issuer: String,
    /// The audience.
    pub audience: String,
}

impl Expected {
    /// The claims of a token signed with `key` by `algorithm`, and no other algorithm.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] when anything about it is wrong.
    pub fn claims(
        &self,
        token: &str,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = EXPIRY_LEEWAY_S;
        decode::<Claims>(token, key, &validation)
            .map(|data| data.claims)
            .map_err(TokenError::Invalid)
    }
}
