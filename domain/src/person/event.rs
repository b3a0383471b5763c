//! The events of a person, and their stored form: as frozen as those of a case.

use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::case::event::UnreadableEvent;
use crate::person::{LegalHoldPlaced, LegalHoldReleased, PersonRegistered, SubjectErased};
use crate::recorded::Happened;
use crate::upcast::{self, Step};

macro_rules! person_events {
    ($($name:ident = $version:literal $(from [$($step:path),+])?,)+) => {
        /// Something that happened to a person's record.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum PersonEvent {
            $(
                #[doc = concat!("`", stringify!($name), "`, version ", $version, ".")]
                $name($name),
            )+
        }

        impl PersonEvent {
            /// The stored names of all types, with the newest version of each.
            pub const TYPES: &'static [(&'static str, i16)] = &[$((stringify!($name), $version),)+];

            /// The stored name of the type.
            #[must_use]
            pub fn type_name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)+ }
            }

            /// The version in which the event is stored.
            #[must_use]
            pub fn schema_version(&self) -> i16 {
                match self { $(Self::$name(_) => $version,)+ }
            }

            /// The coded facts as the exact JSON text to store.
            ///
            /// # Errors
            /// When a value has no JSON form; no type here has such a value.
            pub fn to_data(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$name(facts) => serde_json::to_string(facts),)+ }
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
                    $(stringify!($name) => {
                        // As many as there are older versions, or this does not compile.
                        const STEPS: [Step; $version - 1] = [$($($step),+)?];
                        upcast::read(stringify!($name), &STEPS, version, data).map(Self::$name)
                    })+
                    _ => Err(UnreadableEvent::UnknownType {
                        event_type: event_type.to_owned(),
                        version,
                    }),
                }
            }
        }
    };
}

person_events! {
    PersonRegistered = 1,
    LegalHoldPlaced = 1,
    LegalHoldReleased = 1,
    SubjectErased = 1,
}

impl DomainEvent for Happened<PersonEvent> {
    fn event_type(&self) -> String {
        self.event.type_name().to_owned()
    }

    fn event_version(&self) -> String {
        self.event.schema_version().to_string()
    }
}
