//! The statistics of the evaluation: small functions, one file a question.
//!
//! What they share:
//! - Nothing returned is ever NaN or infinite. What cannot be told is an [`Undefined`] error, or
//!   `None` where the rest of the answer stands without it (no upper bound, no median yet).
//! - Intervals are two-sided, at a [`Level`]; p-values are two-sided.
//! - The order in which observations are given does not matter, to the last digit.
//! - Results are unrounded. What is stored, hashed or compared is first [`rounded`].
//!
//! The normal and Student distributions come from `statrs`. The discrete ones are in `discrete.rs`
//! and `mass.rs`: `statrs` subtracts logarithms of factorials there, which at a million events
//! leaves seven right digits in a tail; the method used here leaves twelve. Logarithms and
//! exponentials are those of `libm`, one code on every platform.
//!
//! Each function is held against SciPy, statsmodels, lifelines or R in `tests/fixtures`.
//!
//! Deliberately absent: cohorts, cases and dates. These functions know counts and numbers only.

mod discrete;
mod error;
mod fisher;
mod hodges_lehmann;
mod interval;
mod kaplan_meier;
mod kappa;
mod limits;
mod mann_whitney;
mod mass;
mod mcnemar;
mod normal;
mod odds;
mod poisson;
mod proportion;
mod quantiles;
mod rank_sum;
mod root;
mod rounding;
mod student;
mod sum;
mod welch;

pub use error::Undefined;
pub use fisher::{Fisher, OddsRatio, TwoByTwo};
pub use hodges_lehmann::{Shift, hodges_lehmann};
pub use interval::{Interval, Level, RatioInterval};
pub use kaplan_meier::{Ending, FollowUp, MedianTime, SurvivalCurve, SurvivalStep, kaplan_meier};
pub use kappa::{Agreement, Kappa, agreement};
pub use mann_whitney::{MannWhitney, PMethod, mann_whitney};
pub use mcnemar::McNemar;
pub use poisson::{EVENTS_MAX, Rate, RateRatio, rate_ratio};
pub use proportion::{Proportion, ProportionDifference, newcombe};
pub use quantiles::{Summary, quantile_of_sorted};
pub use rounding::{STATED_DIGITS, rounded};
pub use welch::{MeanDifference, welch};
