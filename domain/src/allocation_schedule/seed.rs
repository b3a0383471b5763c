//! The seed of a schedule: 32 bytes from which every arm follows, concealed while it is in use.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::code::Code;

/// Bytes of a seed.
pub const SEED_BYTES: usize = 32;

/// A seed, wiped when dropped. It has no printed form: [`Seed::to_hex`] is for sealing it.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(Zeroizing<[u8; SEED_BYTES]>);

/// A text that is no seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seed is 64 hexadecimal digits in lower case")]
pub struct NotASeed;

impl Seed {
    /// A seed of these bytes, which should be random.
    #[must_use]
    pub fn new(bytes: [u8; SEED_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The SHA-256 of the seed's bytes in hexadecimal: it binds whoever gives it to the seed, and
    /// gives nothing of it away.
    #[must_use]
    pub fn commitment(&self) -> Code {
        code_of(&Sha256::digest(self.0.as_slice()))
    }

    /// The bytes in hexadecimal.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(self.0.as_slice())
    }

    /// The same as a code, for the event that discloses it.
    #[must_use]
    pub fn disclosed(&self) -> Code {
        code_of(self.0.as_slice())
    }

    /// SHA-256 over the seed's bytes, then each part.
    pub(super) fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0.as_slice());
        for part in parts {
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl FromStr for Seed {
    type Err = NotASeed;

    fn from_str(text: &str) -> Result<Self, NotASeed> {
        let digits = text.as_bytes();
        let is_lower_hex = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 2 * SEED_BYTES || !digits.iter().all(is_lower_hex) {
            return Err(NotASeed);
        }
        let mut bytes = Zeroizing::new([0; SEED_BYTES]);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let value = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
            *byte = value(pair[0]) << 4 | value(pair[1]);
        }
        Ok(Self(bytes))
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn code_of(bytes: &[u8]) -> Code {
    hex(bytes).parse().expect("64 lower-case hexadecimal digits are a code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_reads_back_from_its_text_and_is_not_printed() {
        let seed = Seed::new(std::array::from_fn(|n| u8::try_from(n * 7 % 256).unwrap()));
        assert_eq!(seed.to_hex().parse(), Ok(seed.clone()));
        assert_eq!(seed.disclosed().as_str(), seed.to_hex());
        assert_eq!(format!("{seed:?}"), "Seed(..)");
    }

    #[test]
    fn what_is_no_seed_is_not_read() {
        let hex = Seed::new([0xab; 32]).to_hex();
        for text in ["", &hex[1..], &format!("{hex}0"), &hex.to_uppercase(), &"g".repeat(64)] {
            assert_eq!(text.parse::<Seed>(), Err(NotASeed), "{text}");
        }
    }
}
