//! Evaluation over HTTP: cohorts, who is in them, tables of them, and editions that never change.

pub mod cohorts;
pub mod comparison;
pub mod editions;
pub mod membership;
pub mod passing;
pub mod releases;
pub mod rerun;
pub mod tables;
