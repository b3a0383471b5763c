//! What happens in casework: commands, events, rules and the two-clock fold.
//!
//! Pure: no I/O, clock, randomness or logging. Ids and the present moment are passed in. Nothing
//! here knows how events are stored ([`recorded::Recorded`] is all a reader needs), and only
//! the aggregates of `case`, `case_link`, `cohort`, `edition`, `person`, `programme` and `staff`
//! name the event-sourcing framework.
//!
//! Deliberately absent: free text and identity. They are sealed beside the events by the log and
//! never pass through a rule, a fold or a projection.

pub mod allocation_schedule;
pub mod case;
pub mod case_link;
pub mod code;
pub mod code_lists;
pub mod cohort;
pub mod edition;
pub mod ids;
pub mod instrument;
pub mod person;
pub mod programme;
pub mod recorded;
pub mod rules;
pub mod staff;
pub mod time;
pub mod two_clocks;
mod upcast;
