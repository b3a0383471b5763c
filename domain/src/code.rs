//! Codes that a programme or tenant chooses: areas, workers, stages, criteria, instrument keys.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest code accepted, in bytes.
pub const CODE_BYTES_MAX: usize = 64;

/// A short identifier in lower case: letters, digits and `_ - . / :`, beginning with a letter or
/// digit, at most [`CODE_BYTES_MAX`] bytes.
///
/// The pattern admits `mrp-south`, `3_months` and `dash-safelives/2009`, and leaves no room for a
/// sentence: free text about a person never becomes a coded fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Code(Box<str>);

/// Why a text is not a [`Code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a code is 1 to 64 lower-case letters, digits and _ - . / :, and starts with a letter or digit"
)]
pub struct NotACode;

impl Code {
    /// The code's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn accepts(text: &str) -> bool {
        let starts_well =
            text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        starts_well
            && text.len() <= CODE_BYTES_MAX
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-./:".contains(&b))
    }
}

impl FromStr for Code {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        if Self::accepts(text) { Ok(Self(text.into())) } else { Err(NotACode) }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Code {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_short_lower_case_and_has_no_spaces() {
        for good in ["mrp-south", "3_months", "dash-safelives/2009", "marac:repeat"] {
            assert_eq!(good.parse::<Code>().unwrap().as_str(), good);
        }
        for bad in ["", "Megan", "she moved out", "-x", "é", &"a".repeat(65)] {
            assert_eq!(bad.parse::<Code>(), Err(NotACode), "{bad}");
        }
    }
}
