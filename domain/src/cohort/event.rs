//! The events of a cohort, and their stored form: as frozen as those of a case.

use serde::{Deserialize, Serialize};

use crate::case::event::UnreadableEvent;
use crate::cohort::{CohortDefined, CohortReleased};
use crate::upcast;

/// Something that happened to a cohort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum CohortEvent {
    /// `CohortDefined`, version 1.
    CohortDefined(CohortDefined),
    /// `CohortReleased`, version 1.
    CohortReleased(CohortReleased),
}

impl CohortEvent {
    /// The stored names of all types, with the newest version of each.
    pub const TYPES: &'static [(&'static str, i16)] =
        &[("CohortDefined", 1), ("CohortReleased", 1)];

    /// The stored name of the type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::CohortDefined(_) => "CohortDefined",
            Self::CohortReleased(_) => "CohortReleased",
        }
    }

    /// The version in which the event is stored.
    #[must_use]
    pub fn schema_version(&self) -> i16 {
        match self {
            Self::CohortDefined(_) | Self::CohortReleased(_) => 1,
        }
    }

    /// The coded facts as the exact JSON text to store.
    ///
    /// # Errors
    /// When a value has no JSON form; no type here has such a value.
    pub fn to_data(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::CohortDefined(facts) => serde_json::to_string(facts),
            Self::CohortReleased(facts) => serde_json::to_string(facts),
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
            "CohortDefined" => {
                upcast::read("CohortDefined", &[], version, data).map(Self::CohortDefined)
            }
            "CohortReleased" => {
                upcast::read("CohortReleased", &[], version, data).map(Self::CohortReleased)
            }
            _ => Err(UnreadableEvent::UnknownType { event_type: event_type.to_owned(), version }),
        }
    }
}
