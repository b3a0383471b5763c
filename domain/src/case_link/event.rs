//! The events of a link, and their stored form: as frozen as those of a case.

use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};

use crate::case::event::UnreadableEvent;
use crate::case_link::{CaseLinkEnded, CasesLinked};
use crate::recorded::Happened;
use crate::staff::event::stored_events;
use crate::upcast;

stored_events! {
    /// Something that happened to a link between two cases.
    CaseLinkEvent {
        CasesLinked,
        CaseLinkEnded,
    }
}
