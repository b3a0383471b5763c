//! The events of a schedule, and their stored form: as frozen as those of a case.

use serde::{Deserialize, Serialize};

use crate::allocation_schedule::{AllocationScheduleClosed, AllocationScheduleOpened, ArmDrawn};
use crate::case::event::UnreadableEvent;
use crate::upcast::{self, Step};

macro_rules! schedule_events {
    ($($name:ident = $version:literal,)+) => {
        /// Something that happened to a schedule.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum ScheduleEvent {
            $(
                #[doc = concat!("`", stringify!($name), "`, version ", $version, ".")]
                $name($name),
            )+
        }

        impl ScheduleEvent {
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
                        const STEPS: [Step; $version - 1] = [];
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

schedule_events! {
    AllocationScheduleOpened = 1,
    ArmDrawn = 1,
    AllocationScheduleClosed = 1,
}
