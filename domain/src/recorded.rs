//! An event with its places and times: all that a reader needs to know of the log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{EventId, Position, Version};
use crate::time::Occurred;

/// An event with its id and the time it happened, before the log gives it a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happened<E> {
    /// The id the event is known by for ever.
    pub event_id: EventId,
    /// When it happened, as the caller says.
    pub occurred: Occurred,
    /// What happened.
    pub event: E,
}

/// An event as the log holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<E> {
    /// Its place in the tenant's log.
    pub position: Position,
    /// Its place in its own stream.
    pub version: Version,
    /// When the log took it: rises strictly with the position.
    pub recorded_at: Timestamp,
    /// Its id.
    pub event_id: EventId,
    /// When it happened.
    pub occurred: Occurred,
    /// What happened.
    pub event: E,
}
