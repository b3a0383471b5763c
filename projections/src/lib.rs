//! Read models: one folder per question.
//!
//! The present is stored, the past is computed. The tables hold the answer for now; for any other
//! pair of dates the very same pure fold is run over histories that the caller reads from the log.
//! Each module has the fold, the write into its tables, the read of the present, and the answer
//! for the past, which shares its counting with the read.
//!
//! Deliberately absent: the log, checkpoints and parking (the projector has them), HTTP, narrative
//! and identity.

mod column;
mod error;
mod projection;
#[cfg(test)]
mod testing;

pub mod caseload;
pub mod engagement_timeline;
pub mod outcome_snapshot;

pub use error::ReadError;
pub use projection::{Changes, Projection, TouchedCase, Unfoldable};
