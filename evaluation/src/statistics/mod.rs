//! The statistics of the tables: small functions, each held against other programs' results
//! (`tests/fixtures`).
//!
//! What is not defined, such as a share of nobody, is `None`, never a number that is none. Every
//! interval is at the level that its caller asks for; the tables ask for [`LEVEL`].

pub mod fisher;
pub mod kaplan_meier;
pub mod kappa;
pub mod mann_whitney;
pub mod mcnemar;
pub mod poisson;
pub mod proportion;
pub mod quantiles;
mod roots;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF as _, Normal};

/// The level of the tables' intervals.
pub const LEVEL: f64 = 0.95;

/// An interval of confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub lower: f64,
    /// Its upper end; `None` where it has none.
    pub upper: Option<f64>,
}

impl Interval {
    fn new(lower: f64, upper: f64) -> Self {
        Self { lower, upper: Some(upper) }
    }
}

/// The standard normal quantile that leaves half of what a level leaves out above it: 1.96 for 0.95.
fn normal_quantile(level: f64) -> f64 {
    Normal::standard().inverse_cdf(f64::midpoint(1.0, level))
}

/// The share of the standard normal distribution beyond `z` on both sides.
fn normal_two_sided_p(z: f64) -> f64 {
    statrs::function::erf::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// A count as a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
pub(crate) mod testing {
    use serde_json::Value;

    /// Written by `tests/fixtures/make.py`.
    const FIXTURES: &str = include_str!("../../tests/fixtures/statistics.json");

    /// The cases of one function: what it was given, and what another program made of it.
    pub(crate) fn fixtures(name: &str) -> Vec<Value> {
        let fixtures: Value = serde_json::from_str(FIXTURES).unwrap();
        let cases = fixtures[name].as_array().unwrap().clone();
        assert!(cases.len() >= 20, "the fixture of {name} is whole");
        cases
    }

    pub(crate) fn counts(case: &Value, name: &str) -> Vec<u64> {
        case[name].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect()
    }

    pub(crate) fn floats(case: &Value, name: &str) -> Vec<f64> {
        case[name].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
    }

    /// Equal, within a share of the expected number.
    #[track_caller]
    pub(crate) fn assert_near(found: f64, expected: f64, tolerance: f64, case: &Value) {
        let off = (found - expected).abs();
        assert!(off <= tolerance * expected.abs().max(1e-12), "{found} is not {expected}: {case}");
    }
}
