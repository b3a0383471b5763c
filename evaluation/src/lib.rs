//! Cohorts, tables and editions: what an evaluator may know of many cases.
//!
//! One pass over the cases answers any number of questions ([`pass`]). Each case is folded once, at
//! the two dates ([`evaluated_case`]); it belongs to the cohort or not ([`membership`]); each table
//! takes one small observation of it ([`tables`]) and is computed from its observations alone, into
//! figures that are the same to the byte wherever they are computed ([`figures`]). How it was
//! decided: ADR 0034.
//!
//! Nothing here reads a clock, a file or a database, and nothing sealed comes here at all.

pub mod comparison;
pub mod edition;
pub mod evaluated_case;
pub mod figures;
pub mod levels;
pub mod membership;
pub mod pass;
pub mod release;
pub mod statistics;
pub mod tables;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use comparison::{Comparing, Comparison};
pub use evaluated_case::EvaluatedCase;
pub use figures::Figures;
pub use membership::{CohortCounts, Membership, Out};
pub use pass::{Finished, Pass};
pub use tables::{Question, TableError, Wrong};
