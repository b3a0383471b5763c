//! The state of every case of a programme at two dates, from the log alone.
//!
//! No projection is read, so that a projection can be checked against it; and nothing sealed is
//! fetched, so that no identity or narrative can come out.

mod case_row;
mod fold;
mod output;

pub(crate) use fold::{Folded, Question, every_case, fold};
pub(crate) use output::{Format, write};
