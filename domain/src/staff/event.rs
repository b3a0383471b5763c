//! The events of workers and teams, and their stored form: as frozen as those of a case.

use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::case::event::UnreadableEvent;
use crate::recorded::Happened;
use crate::staff::{CapacitySet, TeamDissolved, TeamFormed, WorkerJoined, WorkerLeft, WorkerMoved};
use crate::upcast;

/// Writes the events of a stream whose types are all of version 1, with their stored form.
macro_rules! stored_events {
    ($(#[$doc:meta])* $events:ident { $($name:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum $events {
            $(
                #[doc = concat!("`", stringify!($name), "`, version 1.")]
                $name($name),
            )+
        }

        impl $events {
            /// The stored names of all types, with the newest version of each.
            pub const TYPES: &'static [(&'static str, i16)] = &[$((stringify!($name), 1),)+];

            /// The stored name of the type.
            #[must_use]
            pub fn type_name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)+ }
            }

            /// The version in which the event is stored.
            #[must_use]
            pub fn schema_version(&self) -> i16 {
                match self { $(Self::$name(_) => 1,)+ }
            }

            /// The coded facts as the exact JSON text to store.
            ///
            /// # Errors
            /// When a value has no JSON form; no type here has such a value.
            pub fn to_data(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$name(facts) => serde_json::to_string(facts),)+ }
            }

            /// Reads an event back from its stored form.
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
                        upcast::read(stringify!($name), &[], version, data).map(Self::$name)
                    })+
                    _ => Err(UnreadableEvent::UnknownType {
                        event_type: event_type.to_owned(),
                        version,
                    }),
                }
            }
        }

        impl DomainEvent for Happened<$events> {
            fn event_type(&self) -> String {
                self.event.type_name().to_owned()
            }

            fn event_version(&self) -> String {
                self.event.schema_version().to_string()
            }
        }
    };
}

pub(crate) use stored_events;

stored_events! {
    /// Something that happened to a team.
    TeamEvent {
        TeamFormed,
        TeamDissolved,
    }
}

stored_events! {
    /// Something that happened to a worker.
    WorkerEvent {
        WorkerJoined,
        CapacitySet,
        WorkerMoved,
        WorkerLeft,
    }
}
