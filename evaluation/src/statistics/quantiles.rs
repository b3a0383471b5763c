//! The middle and the spread of some numbers.
//!
//! Quantiles are those of type 7 (Hyndman and Fan 1996), which R, NumPy and spreadsheets give.

use serde::Serialize;

/// Some numbers, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    /// How many.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// The standard deviation of the sample; `None` of a single number.
    pub sd: Option<f64>,
    /// The least.
    pub min: f64,
    /// A quarter is at or below.
    pub lower_quartile: f64,
    /// Half is at or below.
    pub median: f64,
    /// Three quarters are at or below.
    pub upper_quartile: f64,
    /// The greatest.
    pub max: f64,
}

/// Sums up numbers, in any order; `None` of none.
#[must_use]
pub fn summary(values: &[f64]) -> Option<Summary> {
    let mut sorted = values.to_vec();
    // A sum of floating-point numbers depends on their order.
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let n = super::float(sorted.len() as u64);
    let mean = sorted.iter().sum::<f64>() / n;
    let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
    Some(Summary {
        n: sorted.len() as u64,
        mean,
        sd: (sorted.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
        min,
        lower_quartile: quantile(&sorted, 1, 4),
        median: quantile(&sorted, 1, 2),
        upper_quartile: quantile(&sorted, 3, 4),
        max,
    })
}

/// The quantile at `part / whole` of sorted numbers.
fn quantile(sorted: &[f64], part: usize, whole: usize) -> f64 {
    let place = (sorted.len() - 1) * part;
    let (below, rest) = (place / whole, place % whole);
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    low + (high - low) * super::float(rest as u64) / super::float(whole as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::testing::{assert_near, fixtures, floats};

    #[test]
    fn a_summary_is_that_of_numpy() {
        for case in fixtures("summary") {
            let found = summary(&floats(&case, "given")).unwrap();
            let expected = floats(&case, "expected");
            let found = [
                found.mean,
                found.sd.unwrap_or(0.0),
                found.lower_quartile,
                found.median,
                found.upper_quartile,
            ];
            for (found, expected) in found.into_iter().zip(expected) {
                assert_near(found, expected, 1e-12, &case);
            }
        }
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(&[3.0]).unwrap().sd, None);
    }
}
