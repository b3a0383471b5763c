//! How far apart the means of two groups are.

use super::error::Undefined;
use super::interval::{Interval, Level};
use super::student;
use super::sum::{mean_and_squares, size, sorted};

/// The difference of two means, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// The mean of the first group minus that of the second.
    pub estimate: f64,
    /// The standard error of the difference; 0 where neither group varies.
    pub standard_error: f64,
    /// Welch and Satterthwaite's degrees of freedom; `None` where neither group varies.
    pub degrees_of_freedom: Option<f64>,
    /// Welch's interval; `None` where neither group varies, since nothing then says how sure it is.
    pub interval: Option<Interval>,
}

/// The mean of the first group minus that of the second, with an interval that does not suppose the
/// groups to vary alike.
///
/// Source: B. L. Welch, "The generalization of Student's problem when several different population
/// variances are involved", Biometrika 34 (1947).
///
/// # Errors
/// [`Undefined::TooFew`] below two values in either group; [`Undefined::NotFinite`] when a value is
/// not finite, or the squares overflow.
pub fn welch(first: &[f64], second: &[f64], level: Level) -> Result<MeanDifference, Undefined> {
    let (first, second) = (Group::of(first)?, Group::of(second)?);
    let estimate = first.mean - second.mean;
    let variance = first.variance_of_mean + second.variance_of_mean;
    if !estimate.is_finite() || !variance.is_finite() {
        return Err(Undefined::NotFinite);
    }
    let standard_error = variance.sqrt();
    if standard_error == 0.0 {
        let (degrees_of_freedom, interval) = (None, None);
        return Ok(MeanDifference { estimate, standard_error, degrees_of_freedom, interval });
    }
    // As shares of the variance, whose squares neither vanish nor overflow.
    let spread = |group: &Group| {
        let share = group.variance_of_mean / variance;
        share * share / (group.size - 1.0)
    };
    let freedom = 1.0 / (spread(&first) + spread(&second));
    let half_width = student::critical(level, freedom) * standard_error;
    Ok(MeanDifference {
        estimate,
        standard_error,
        degrees_of_freedom: Some(freedom),
        interval: Some(Interval { lower: estimate - half_width, upper: estimate + half_width }),
    })
}

struct Group {
    size: f64,
    mean: f64,
    variance_of_mean: f64,
}

impl Group {
    fn of(values: &[f64]) -> Result<Self, Undefined> {
        let values = sorted(values)?;
        if values.len() < 2 {
            return Err(Undefined::TooFew { given: values.len(), needed: 2 });
        }
        let (mean, squares) = mean_and_squares(&values)?;
        let size = size(values.len());
        Ok(Self { size, mean, variance_of_mean: squares / (size - 1.0) / size })
    }
}
