//! AES-256-GCM-SIV, in a form that says its own version.
//!
//! The form: one byte of version (1), twelve of nonce, the ciphertext, sixteen of tag.
//!
//! Nonces are random. Under plain GCM that would limit a key to about 2^32 messages and a repeated
//! nonce would give the key away; GCM-SIV derives the actual counter and keys from nonce and
//! message together, so a repeat shows only whether two messages are the same, and one stream's
//! key seals some hundreds of texts. No counter has to be kept, which a restored backup would
//! wind back.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::SealError;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + NONCE_LEN;

/// A key of 32 bytes, wiped when dropped.
pub(super) type KeyBytes = Zeroizing<[u8; 32]>;

/// A key that can seal and open. The library wipes its copy when it frees it.
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    pub(super) fn new(key: &KeyBytes) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key.as_slice());
        Ok(Self(LessSafeKey::new(key.map_err(|_| SealError::Cipher)?)))
    }

    /// Seals `text`, bound to `place`.
    pub(super) fn seal(&self, place: &[u8], text: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| SealError::Cipher)?;
        let tag_bytes = AES_256_GCM_SIV.tag_len();
        let mut sealed = vec![0; HEADER_BYTES + text.len() + tag_bytes];
        sealed[0] = VERSION;
        sealed[1..HEADER_BYTES].copy_from_slice(&nonce);
        let nonce = Nonce::assume_unique_for_key(nonce);
        // From one buffer into the other: the text is never copied to where it is not wiped.
        let (ciphertext, tag) = sealed[HEADER_BYTES..].split_at_mut(text.len());
        self.0
            .seal_out_of_place_scatter(nonce, Aad::from(place), text, ciphertext, &[], tag)
            .map_err(|_| SealError::Cipher)?;
        Ok(sealed)
    }

    /// Opens what was sealed at the same `place`.
    pub(super) fn open(
        &self,
        place: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (header, rest) =
            sealed.split_at_checked(HEADER_BYTES).ok_or(SealError::UnknownFormat)?;
        if header[0] != VERSION {
            return Err(SealError::UnknownFormat);
        }
        let nonce = Nonce::try_assume_unique_for_key(&header[1..]);
        let nonce = nonce.map_err(|_| SealError::UnknownFormat)?;
        let (ciphertext, tag) = rest
            .len()
            .checked_sub(AES_256_GCM_SIV.tag_len())
            .and_then(|at| rest.split_at_checked(at))
            .ok_or(SealError::UnknownFormat)?;
        let mut text = Zeroizing::new(vec![0; ciphertext.len()]);
        self.0
            .open_separate_gather(nonce, Aad::from(place), ciphertext, tag, &mut text)
            .map_err(|_| SealError::Broken)?;
        Ok(text)
    }
}

/// A new key from the operating system's randomness.
pub(super) fn random_key() -> Result<KeyBytes, SealError> {
    let mut key = KeyBytes::default();
    rand::fill(key.as_mut_slice()).map_err(|_| SealError::Cipher)?;
    Ok(key)
}
