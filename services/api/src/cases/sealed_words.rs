//! Words in a caseworker's own language: sealed before they are stored, opened only for those who
//! may read them, never printed.

use serde::{Deserialize, Deserializer, Serialize};
use throughline_log::Plaintext;

use crate::problem::{self, Problem};

/// The longest text taken, in bytes.
pub const WORDS_BYTES_MAX: usize = 64 * 1024;

/// A text about a person. It has no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Words(String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > WORDS_BYTES_MAX {
            return Err(serde::de::Error::custom("too long"));
        }
        Ok(Self(text))
    }
}

/// What is sealed beside an event of a case.
#[derive(Default, Serialize, Deserialize)]
pub struct SealedWords {
    /// What happened, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrative: Option<Words>,
    /// Why a fact was corrected or taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Words>,
}

impl SealedWords {
    /// A narrative alone.
    #[must_use]
    pub fn narrative(narrative: Option<Words>) -> Self {
        Self { narrative, reason: None }
    }

    /// The text to seal; none where there are no words.
    ///
    /// # Errors
    /// [`problem::INTERNAL`] when it has no JSON form; every text has.
    pub fn into_plaintext(self) -> Result<Option<Plaintext>, Problem> {
        if self.narrative.is_none() && self.reason.is_none() {
            return Ok(None);
        }
        let text = serde_json::to_string(&self).map_err(|_| Problem::new(problem::INTERNAL))?;
        Ok(Some(Plaintext::new(text)))
    }

    /// Reads what was sealed.
    ///
    /// # Errors
    /// [`problem::INTERNAL`] when it is not of this form.
    pub fn read(plaintext: &Plaintext) -> Result<Self, Problem> {
        serde_json::from_str(plaintext.expose()).map_err(|_| Problem::new(problem::INTERNAL))
    }
}
