//! A person: an id, and an identity that is sealed under a key of the person's own.

pub mod aggregate;

pub use aggregate::{Person, PersonError, PersonEvent, PersonRegistered, RegisterPerson};
