//! A person: an id, an identity that is sealed under a key of the person's own, the legal holds on
//! it, and its erasure.
//!
//! One file per use case, holding its command, event, rule and tests; [`aggregate`] dispatches and
//! folds.

pub mod aggregate;
pub mod erase_subject;
pub mod error;
pub mod event;
pub mod place_legal_hold;
pub mod register_person;
pub mod release_legal_hold;
#[cfg(test)]
pub(crate) mod testing;

pub use aggregate::{Person, PersonCommand, PersonIntent};
pub use erase_subject::{EraseSubject, SubjectErased};
pub use error::PersonError;
pub use event::PersonEvent;
pub use place_legal_hold::{LegalHoldPlaced, PlaceLegalHold};
pub use register_person::{PersonRegistered, RegisterPerson};
pub use release_legal_hold::{LegalHoldReleased, ReleaseLegalHold};
