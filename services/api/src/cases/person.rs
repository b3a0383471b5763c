//! Who a person is: sealed beside their registration, under a key of their own.

use serde::{Deserialize, Serialize};
use throughline_log::Plaintext;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cases::sealed_words::Words;

/// A person who is known, or the identity of a new one. Identity is stored sealed, under a key of
/// the person's own.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonBody {
    /// A person who is known; nothing else is given then.
    pub person_id: Option<Uuid>,
    /// Given name.
    #[schema(value_type = Option<String>)]
    pub given_name: Option<Words>,
    /// Family name.
    #[schema(value_type = Option<String>)]
    pub family_name: Option<Words>,
    /// Date of birth.
    #[schema(value_type = Option<String>, format = Date)]
    pub date_of_birth: Option<jiff::civil::Date>,
    /// Other names the person goes by.
    #[schema(value_type = Option<String>)]
    pub known_as: Option<Words>,
    /// Where the person lives.
    #[schema(value_type = Option<String>)]
    pub address: Option<Words>,
    /// Telephone number.
    #[schema(value_type = Option<String>)]
    pub phone: Option<Words>,
    /// Email address.
    #[schema(value_type = Option<String>)]
    pub email: Option<Words>,
}

/// What is sealed beside `PersonRegistered`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<Words>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<Words>,
    /// Date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<jiff::civil::Date>,
    /// Other names the person goes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_as: Option<Words>,
    /// Where the person lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Words>,
    /// Telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Words>,
    /// Email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Words>,
}

impl PersonBody {
    /// The identity alone.
    #[must_use]
    pub fn into_identity(self) -> Identity {
        Identity {
            given_name: self.given_name,
            family_name: self.family_name,
            date_of_birth: self.date_of_birth,
            known_as: self.known_as,
            address: self.address,
            phone: self.phone,
            email: self.email,
        }
    }
}

impl Identity {
    /// Whether nothing is known of the person.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The text to seal.
    ///
    /// # Errors
    /// When it has no JSON form; every identity has.
    pub fn into_plaintext(self) -> Result<Plaintext, serde_json::Error> {
        serde_json::to_string(&self).map(Plaintext::new)
    }
}
