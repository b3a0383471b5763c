//! Verifications as operations: a build's rows held against the log in the background, however many
//! cases there are.
//!
//! One is asked for ([`request_verification`]), taken up by some process's [`crate::Rebuilder`] while
//! no rebuild is worked on, and taken up again, from its beginning, by another when that process
//! dies. See `ops/adr/0025-verifications-are-operations.md`.

mod record;
mod request;
mod work;

pub use record::{Verification, VerificationPhase, find_verification, verifications};
pub use request::{cancel_verification, count_cases, is_followed, request_verification};

pub(crate) use work::take_and_work;
