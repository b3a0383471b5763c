//! Who a person is: sealed beside their registration, under their own key.

use serde::{Deserialize, Serialize};
use throughline_api::cases::sealed_words::Words;
use throughline_log::Plaintext;

/// Who a person is, in the form that the REST interface seals.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<jiff::civil::Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_as: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Words>,
}

impl Identity {
    /// The text to seal.
    pub(crate) fn into_plaintext(self) -> Result<Plaintext, serde_json::Error> {
        serde_json::to_string(&self).map(Plaintext::new)
    }
}
