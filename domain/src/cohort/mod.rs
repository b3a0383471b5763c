//! Cohorts: which cases an evaluation is about. Data, as programmes are: a document with a version,
//! never changed once it is there, so that a figure can name what it was counted over.

pub mod check;
pub mod definition;

pub use check::{Contradiction, ContradictionKind, contradictions};
pub use definition::{Cohort, MeasuredAt, Window};
