//! Page cursors: sealed, so that a caller can neither read nor make one, and bound to the question
//! they continue.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{self, FieldError, Problem};

/// The key that seals cursors.
#[derive(Clone)]
pub struct CursorKey(Arc<LessSafeKey>);

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey")
    }
}

impl CursorKey {
    /// A key from 32 bytes.
    ///
    /// # Panics
    /// Never: 32 bytes are what the algorithm takes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key).expect("32 bytes make a key");
        Self(Arc::new(LessSafeKey::new(key)))
    }

    /// Seals where a page ended. The nonce is fixed: with this algorithm that gives away no more
    /// than that two cursors are the same, and it makes the same page end in the same cursor.
    ///
    /// # Errors
    /// [`problem::INTERNAL`] when the place cannot be written.
    pub fn seal<T: Serialize>(&self, question: &str, place: &T) -> Result<String, Problem> {
        let internal = || Problem::new(problem::INTERNAL);
        let mut bytes = serde_json::to_vec(place).map_err(|_| internal())?;
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        self.0
            .seal_in_place_append_tag(nonce, Aad::from(question.as_bytes()), &mut bytes)
            .map_err(|_| internal())?;
        Ok(BASE64.encode(bytes))
    }

    /// Opens a cursor of the same question.
    ///
    /// # Errors
    /// [`problem::INVALID`] for anything else.
    pub fn open<T: DeserializeOwned>(&self, question: &str, cursor: &str) -> Result<T, Problem> {
        let mut bytes = BASE64.decode(cursor).map_err(|_| not_ours())?;
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let opened = self
            .0
            .open_in_place(nonce, Aad::from(question.as_bytes()), &mut bytes)
            .map_err(|_| not_ours())?;
        serde_json::from_slice(opened).map_err(|_| not_ours())
    }
}

fn not_ours() -> Problem {
    let error = FieldError::parameter("cursor", "is not a cursor of this question");
    Problem::new(problem::INVALID).with(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_for_its_own_question_only() {
        let key = CursorKey::new(&[7; 32]);
        let cursor = key.seal("caseloads of 1", &(3, "x")).unwrap();
        assert_eq!(key.open::<(i32, String)>("caseloads of 1", &cursor), Ok((3, "x".to_owned())));
        assert!(key.open::<(i32, String)>("caseloads of 2", &cursor).is_err());
        assert!(CursorKey::new(&[8; 32]).open::<(i32, String)>("caseloads of 1", &cursor).is_err());
        assert!(key.open::<(i32, String)>("caseloads of 1", "bm90IG91cnM").is_err());
    }
}
