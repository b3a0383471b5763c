//! Read models: one folder per question.
//!
//! The present is stored, the past is computed. The tables hold the answer for now; for any other
//! pair of dates the very same pure fold is run over histories that the caller reads from the log.
//! Each module has the fold, its tables' columns, the read of the present, and the answer for the
//! past, which shares its counting with the read. `rows.rs` writes all of them.
//!
//! Deliberately absent: the log, checkpoints and parking (the projector has them), HTTP, narrative
//! and identity.

mod cell;
mod column;
mod error;
mod place;
mod projection;
mod rows;
mod table;
#[cfg(test)]
use throughline_evaluation::testing;

pub mod agency_response;
pub mod caseload;
pub mod contact_override;
pub mod durations;
pub mod engagement_timeline;
pub mod outcome_snapshot;
pub mod referral_pipeline;
pub mod risk_disagreement;
pub mod risk_trajectory;
pub mod workload;

pub use cell::{Cell, Kind, Row};
pub use error::ReadError;
pub use place::Place;
pub use projection::{Projection, TouchedCase, Unfoldable};
pub use rows::{CaseRows, Extent, TableRows};
pub use table::{Column, Table};
