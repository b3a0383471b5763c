//! Tokens that held a moment ago: a caller sends the same one with every request, and verifying a
//! signature costs more than the rest of a request.
//!
//! A token is remembered for as long as an issuer's keys are believed, and never beyond its own
//! end. What is remembered is a digest: a dump of this memory opens nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use super::token::Claims;

/// How long a verified token is believed.
const BELIEVED_MAX: Duration = Duration::from_secs(30);
/// Past this many, all are verified anew.
const TOKENS_MAX: usize = 4096;

type Digest = [u8; 32];

#[derive(Debug, Default)]
pub(super) struct KnownTokens(Mutex<HashMap<Digest, Known>>);

#[derive(Debug)]
struct Known {
    claims: Arc<Claims>,
    verified: Instant,
}

impl KnownTokens {
    /// The claims of a token that held a moment ago and has not ended since.
    pub(super) fn find(&self, token: &str) -> Option<Arc<Claims>> {
        let key = key(token);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { claims, verified } = known.get(&key)?;
        if verified.elapsed() < BELIEVED_MAX && Timestamp::now().as_second() < claims.exp {
            return Some(Arc::clone(claims));
        }
        known.remove(&key);
        None
    }

    /// Remembers a token that holds.
    pub(super) fn learn(&self, token: &str, claims: &Arc<Claims>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TOKENS_MAX {
            known.clear();
        }
        let claims = Arc::clone(claims);
        known.insert(key(token), Known { claims, verified: Instant::now() });
    }
}

fn key(token: &str) -> Digest {
    let mut key = Digest::default();
    key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    fn claims(seconds_left: i64) -> Arc<Claims> {
        let now = Timestamp::now().as_second();
        Arc::new(Claims {
            iss: "issuer".to_owned(),
            aud: "audience".to_owned(),
            sub: "worker".parse().unwrap(),
            tenant: "city".parse().unwrap(),
            role: Role::Caseworker,
            iat: now,
            exp: now + seconds_left,
        })
    }

    #[test]
    fn a_token_is_known_by_every_byte_of_it() {
        let known = KnownTokens::default();
        let held = claims(60);
        known.learn("header.claims.signature", &held);
        assert_eq!(known.find("header.claims.signature"), Some(held));
        for other in ["", "header.claims.signaturf", "header.claims.signature "] {
            assert_eq!(known.find(other), None, "{other}");
        }
    }

    #[test]
    fn a_token_that_has_ended_is_not_believed() {
        let known = KnownTokens::default();
        known.learn("token", &claims(0));
        assert_eq!(known.find("token"), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let known = KnownTokens::default();
        for n in 0..3 * TOKENS_MAX {
            known.learn(&n.to_string(), &claims(60));
        }
        assert!(known.0.lock().unwrap().len() <= TOKENS_MAX);
    }
}
