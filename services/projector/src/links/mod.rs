//! What passes between linked cases: follows the log, and records in one case what its worker may be
//! told of the other. See `ops/adr/0031-linked-cases.md`.
//!
//! Unlike a projection this writes to the log. What is passed has an id that follows from what it
//! comes from, so a repetition is found in the receiving case; the position is moved afterwards.

mod error;
mod follower;
mod lease;
mod metrics;
mod pass;
mod settings;
mod turn;

pub use follower::LinkFollower;
pub use settings::LinkSettings;
