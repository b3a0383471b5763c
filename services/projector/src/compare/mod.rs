//! Comparing: a build's rows held against the log, case by case, column by column.
//!
//! One repeatable-read snapshot gives the build's checkpoint, its parked cases and its rows; the
//! histories come from the log, which never changes, up to that checkpoint. So the comparison is of
//! one moment, however long it takes and whatever is written meanwhile. Memory: some hundred cases
//! with their rows.

mod cases;
mod comparison;
mod rows;
mod snapshot;
pub(crate) mod stored;
mod verify;

pub use comparison::{Comparison, DIFFERENCES_MAX, Difference, DifferenceKind, Sample, TableRows};
pub use verify::{VerifyError, verify};

pub(crate) use verify::{BuildAsked, new_and_live, verify_paced};
