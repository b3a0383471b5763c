//! One link after another: what a row must be, given the one before it.

use crate::hash::{self, Hash};
use crate::micros::Micros;
use crate::row::EventRow;
use crate::verify::Flaw;

/// A link of the chain with what the next row is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) hash: Hash,
    /// `None` before the first event.
    pub(crate) recorded_at: Option<Micros>,
}

impl Link {
    pub(crate) fn genesis(hash: Hash) -> Self {
        Self { hash, recorded_at: None }
    }

    /// The link of `row`, if that is what can follow this one. The position is the caller's to
    /// check.
    pub(crate) fn follow(&self, row: &EventRow<'_>, stored: &Hash) -> Result<Self, Flaw> {
        let recorded_at = Some(row.recorded_at);
        if self.recorded_at >= recorded_at {
            return Err(Flaw::RecordedAtNotRising);
        }
        if hash::event(&self.hash, row) != *stored {
            return Err(Flaw::HashMismatch);
        }
        Ok(Self { hash: *stored, recorded_at })
    }
}
