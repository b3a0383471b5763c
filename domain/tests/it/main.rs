//! The domain from outside: stored forms are frozen, and the two-clock fold, the lifecycle and the
//! commands hold for every history that can be made up.
//!
//! Properties run from a committed seed, so that a run today equals a run tomorrow. Explore with
//! `PROPTEST_RNG_SEED=<number> PROPTEST_CASES=<number>`; what fails is kept, and run first from
//! then on, in `tests/proptest-regressions`, which is committed.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod asking;
mod casework;
mod deciding;
mod definitions;
mod events;
mod golden;
mod lifecycle;
mod linked;
mod naive;
mod resuming;
mod seeded;
mod soup;
mod stored_form;
mod summaries;
mod two_clocks;
