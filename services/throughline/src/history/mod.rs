//! A history: what was recorded elsewhere before this service, as lines of JSON.
//!
//! One event a line, in the order of recording. Described in full, with an example, in
//! `ops/history-format.md`; in short:
//!
//! ```json
//! {"recorded_at": "2014-03-04T09:00:00Z", "case": "c-17", "type": "ContactAttempted",
//!  "occurred_at": "2014-03-01T00:00:00Z", "precision": "day", "event_id": "first-call",
//!  "actor": "mrp-south", "data": {"channel": "phone", "outcome": "reached"},
//!  "narrative": "sealed on arrival"}
//! ```
//!
//! `data` is the stored form of the event, which the golden files of the domain freeze. Ids are
//! UUIDs, or names of the writer's own ([`names`]).
//!
//! A line is read ([`mod@line`], [`facts`]), then decided by the domain at its `recorded_at`
//! ([`decide`]): a history cannot hold what the service would have refused then. What is wrong with
//! a line is said without a word of it ([`error`]), since it may be about a person.

mod decide;
mod error;
mod facts;
mod feed;
mod intent;
mod line;
mod lines;
mod load;
mod misfit;
mod names;
mod past;

#[cfg(test)]
pub(crate) use load::decide_alone;
pub(crate) use load::{LoadRefused, Summary, load};
