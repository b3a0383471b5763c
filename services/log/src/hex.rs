//! Hashes in text: two lower-case hexadecimal digits a byte.

use crate::hash::Hash;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A link of a chain in text: two lower-case hexadecimal digits a byte.
#[must_use]
pub fn encode(hash: &[u8; 32]) -> String {
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The hash of a text, if it is one; capital digits are not.
pub(crate) fn decode(text: &str) -> Option<Hash> {
    let digit = |byte: u8| DIGITS.iter().zip(0..).find(|(digit, _)| **digit == byte);
    let mut hash = Hash::default();
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != hash.len() {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        let ((_, high), (_, low)): ((_, u8), (_, u8)) = (digit(*high)?, digit(*low)?);
        *byte = high << 4 | low;
    }
    Some(hash)
}
