//! What cohorts show: tables and their statistics.
//!
//! Pure: no clock, chance, database or network. So far the statistics alone; see [`statistics`].

pub mod statistics;
