//! The statistics against SciPy, statsmodels, lifelines and R, and against themselves.
//!
//! Properties run from a committed seed, as the domain's do.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod edges;
mod fixture;
mod properties;
mod scipy;
mod scipy_groups;
mod second_opinion;
mod seeded;
