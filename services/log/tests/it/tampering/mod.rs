//! A log of 1,000 events that somebody tampers with, in the database and in an export: every way of
//! doing so is found, and said to be where it is.

mod columns;
mod export;
mod rows;
mod subject;
