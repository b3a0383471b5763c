//! The standard normal distribution.

use std::f64::consts::SQRT_2;

use statrs::function::erf::erfc_inv;

use super::interval::Level;

/// The `z` with which an interval `estimate ± z * error` has the level: 1.96 for 95 percent.
pub(super) fn critical(level: Level) -> f64 {
    SQRT_2 * erfc_inv(2.0 * level.tail())
}

/// The chance of a value above `z`.
pub(super) fn upper_tail(z: f64) -> f64 {
    libm::erfc(z / SQRT_2) / 2.0
}
