//! What a group's values are like: the middle, the quarters, the ends, the mean and the spread.

use super::error::Undefined;
use super::sum::{mean_and_squares, size, sorted};

/// The values of a group in a few numbers, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// How many values.
    pub count: usize,
    /// The smallest.
    pub minimum: f64,
    /// A quarter of the values lie below.
    pub lower_quartile: f64,
    /// Half of the values lie below.
    pub median: f64,
    /// Three quarters of the values lie below.
    pub upper_quartile: f64,
    /// The largest.
    pub maximum: f64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The standard deviation of a sample (divisor `count - 1`); `None` of a single value.
    pub standard_deviation: Option<f64>,
}

impl Summary {
    /// The summary of the values, in any order.
    ///
    /// # Errors
    /// [`Undefined::NothingObserved`] of no values; [`Undefined::NotFinite`] when one is not finite,
    /// or the squares overflow.
    pub fn of(values: &[f64]) -> Result<Self, Undefined> {
        let sorted = sorted(values)?;
        let (mean, squares) = mean_and_squares(&sorted)?;
        let quantile = |share| quantile_of_sorted(&sorted, share).ok_or(Undefined::NothingObserved);
        let count = sorted.len();
        Ok(Self {
            count,
            minimum: quantile(0.0)?,
            lower_quartile: quantile(0.25)?,
            median: quantile(0.5)?,
            upper_quartile: quantile(0.75)?,
            maximum: quantile(1.0)?,
            mean,
            standard_deviation: (count > 1).then(|| (squares / size(count - 1)).sqrt()),
        })
    }
}

/// The quantile of values in rising order, between neighbours in proportion: the value at place
/// `(n - 1) * share` from the first.
///
/// `None` of no values, or of a share outside 0 to 1.
///
/// Source: R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", The American
/// Statistician 50 (1996), definition 7; the default of R and `NumPy`.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place lies between 0 and the number of values"
)]
pub fn quantile_of_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&share) {
        return None;
    }
    let place = size(sorted.len().checked_sub(1)?) * share;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    // Weighted, since the difference of two values may overflow; rounding must not leave the range.
    let weight = place - place.floor();
    Some((below * (1.0 - weight) + above * weight).max(below).min(above))
}
