//! Editions: figures as they were published, with all that it takes to compute them again.
//!
//! An edition is one event of a stream of its own, so it is chained, backed up and never changed by
//! the same means as everything else. How it was decided: ADR 0034.

pub mod aggregate;
pub mod document;
pub mod error;
pub mod event;
pub mod publish_edition;

pub use aggregate::{EditionCommand, EditionHistory};
pub use document::{Edition, Versions};
pub use error::EditionError;
pub use event::EditionEvent;
pub use publish_edition::{EditionPublished, PublishEdition};
