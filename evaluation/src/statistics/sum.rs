//! Sums and means that do not depend on the order of what is summed.

use super::error::Undefined;

/// A count as a real number. Exact up to 2^53, which no count of cases reaches.
#[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^53")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

/// A number of observations as a real number.
pub(super) fn size(count: usize) -> f64 {
    real(count as u64)
}

/// The values in rising order.
///
/// # Errors
/// [`Undefined::NotFinite`] when one of them is not a finite number.
pub(super) fn sorted(values: &[f64]) -> Result<Vec<f64>, Undefined> {
    if !values.iter().all(|value| value.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    // Zero has two signs; adding zero leaves one, so that equal values are equal to the bit.
    let mut sorted: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(sorted)
}

/// The sum, with the rounding errors carried along.
///
/// Source: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen",
/// ZAMM 54 (1974).
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

/// The mean and the sum of squared deviations from it, of values in rising order.
///
/// # Errors
/// [`Undefined::NothingObserved`] of no values; [`Undefined::NotFinite`] when a square overflows.
pub(super) fn mean_and_squares(sorted: &[f64]) -> Result<(f64, f64), Undefined> {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
        return Err(Undefined::NothingObserved);
    };
    let mean = sum(sorted.iter().copied()) / size(sorted.len());
    let squares = sum(sorted.iter().map(|value| (value - mean) * (value - mean)));
    if mean.is_finite() && squares.is_finite() {
        // A rounded mean of equal values may lie beside them; it must not lie outside the range.
        Ok((mean.clamp(*first, *last), if first < last { squares } else { 0.0 }))
    } else {
        Err(Undefined::NotFinite)
    }
}
