//! Student's t distribution: the critical value of an interval.

use statrs::function::beta::beta_reg;

use super::interval::Level;
use super::normal;
use super::root::crossing;

/// Beyond so many degrees of freedom the expansion is right to the last digits.
const EXPANDED_FROM: f64 = 1000.0;

/// The `t` with which an interval `estimate ± t * error` has the level, for any positive degrees of
/// freedom.
///
/// By halving over the regularised incomplete beta function of `statrs`, whose own inverse fails in
/// the tails; for many degrees of freedom, where that function loses digits, by the expansion from
/// the normal distribution (Abramowitz and Stegun 26.7.5).
pub(super) fn critical(level: Level, freedom: f64) -> f64 {
    let z = normal::critical(level);
    if freedom >= EXPANDED_FROM {
        return expanded(z, freedom);
    }
    // The chance of |T| > t is I(v / (v + t^2); v/2, 1/2).
    let outside = 2.0 * level.tail();
    let is_beyond = |t: f64| {
        let share = freedom / (freedom + t * t);
        share <= 0.0 || beta_reg(freedom / 2.0, 0.5, share) < outside
    };
    let mut high = z.max(1.0);
    while !is_beyond(high) {
        high *= 2.0;
    }
    crossing(0.0, high, is_beyond)
}

fn expanded(z: f64, freedom: f64) -> f64 {
    let square = z * z;
    let first = (square + 1.0) / 4.0;
    let second = ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    let third = (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
    let fourth = ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0)
        / 92_160.0;
    let v = freedom;
    z * (1.0 + (first + (second + (third + fourth / v) / v) / v) / v)
}
