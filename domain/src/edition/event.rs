//! The events of an edition, and their stored form: as frozen as those of a case.

use serde::{Deserialize, Serialize};

use crate::case::event::UnreadableEvent;
use crate::edition::EditionPublished;
use crate::upcast;

/// Something that happened to an edition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum EditionEvent {
    /// `EditionPublished`, version 1.
    EditionPublished(Box<EditionPublished>),
}

impl EditionEvent {
    /// The stored names of all types, with the newest version of each.
    pub const TYPES: &'static [(&'static str, i16)] = &[("EditionPublished", 1)];

    /// The stored name of the type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::EditionPublished(_) => "EditionPublished",
        }
    }

    /// The version in which the event is stored.
    #[must_use]
    pub fn schema_version(&self) -> i16 {
        match self {
            Self::EditionPublished(_) => 1,
        }
    }

    /// The coded facts as the exact JSON text to store.
    ///
    /// # Errors
    /// When a value has no JSON form; no type here has such a value.
    pub fn to_data(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::EditionPublished(facts) => serde_json::to_string(facts),
        }
    }

    /// Reads an event back from its stored form, of whatever version, as the newest.
    ///
    /// # Errors
    /// [`UnreadableEvent`] when the type, version or facts are not known.
    pub fn from_stored(
        event_type: &str,
        version: i16,
        data: &str,
    ) -> Result<Self, UnreadableEvent> {
        match event_type {
            "EditionPublished" => {
                upcast::read("EditionPublished", &[], version, data).map(Self::EditionPublished)
            }
            _ => Err(UnreadableEvent::UnknownType { event_type: event_type.to_owned(), version }),
        }
    }
}
