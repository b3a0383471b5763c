//! What is to be sealed, and what was.

use std::fmt;

use zeroize::Zeroizing;

/// Narrative or identity in the clear. It is wiped when dropped, and has no printed form.
#[derive(Clone, PartialEq, Eq)]
pub struct Plaintext(Zeroizing<String>);

impl Plaintext {
    /// Takes a text into care. Copies made before are not wiped.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

/// What became of the sealed part of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsealed {
    /// The event has none.
    Nothing,
    /// Here it is.
    Text(Plaintext),
    /// Its key was destroyed: it can never be read again.
    Erased,
}
