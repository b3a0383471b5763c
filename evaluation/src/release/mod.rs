//! What leaves for evaluators: rows of coded facts under pseudonyms of one release ([`rows`]), or
//! tables of counts from which no small count can be derived ([`counts`]). How it was decided: ADR 0036.
//!
//! Keys come from outside; nothing here is random.

pub mod columns;
pub mod counts;
pub mod dates;
pub mod facts;
pub mod key;
pub mod package;
pub mod rows;
pub mod suppression;

pub use columns::{Column, Kind};
pub use counts::Counts;
pub use key::ReleaseKey;
pub use rows::Rows;

/// A file of a release: its columns, and its rows as text. An empty cell is a missing value.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The name, which the file has too.
    pub name: &'static str,
    /// What a row is.
    pub title: &'static str,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as the columns.
    pub rows: Vec<Vec<String>>,
}
