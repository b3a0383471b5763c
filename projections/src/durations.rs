//! What a set of durations comes to, in days: mean, quartiles, the ninetieth percentile.
//!
//! Everything is computed in whole numbers, so that the same durations give the same figures on any
//! machine and in any order. A duration is taken in microseconds, the resolution of the log. A day
//! is 86,400 seconds. A figure is rounded once, at the end, to a hundredth of a day, halves up.
//!
//! A quantile is the linear interpolation between the two nearest durations (type 7 of Hyndman and
//! Fan, 1996: the default of R and `NumPy`, and `PERCENTILE.INC` of spreadsheets): of durations
//! `x[0] <= .. <= x[n-1]`, the quantile `q` lies at place `(n - 1) * q`.

use jiff::Timestamp;

const MICROSECONDS_A_DAY: i128 = 86_400_000_000;

/// Durations, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    microseconds: Vec<i64>,
}

/// A length of time in hundredths of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Days {
    hundredths: i64,
}

/// What at least one duration comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The sum over the number.
    pub mean: Days,
    /// The shortest.
    pub min: Days,
    /// The quantile 0.25.
    pub p25: Days,
    /// The quantile 0.5.
    pub median: Days,
    /// The quantile 0.75.
    pub p75: Days,
    /// The quantile 0.9.
    pub p90: Days,
    /// The longest.
    pub max: Days,
}

/// Whole microseconds from one moment to another. What ends before it begins took no time: dates
/// that are known to the day or the month alone can stand in the wrong order.
#[must_use]
pub fn microseconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_microsecond().saturating_sub(from.as_microsecond()).max(0)
}

impl Durations {
    /// Takes the time from one moment to another, as [`microseconds_between`] measures it.
    pub fn take(&mut self, from: Timestamp, to: Timestamp) {
        self.microseconds.push(microseconds_between(from, to));
    }

    /// Takes what others have taken.
    pub fn extend(&mut self, others: &Self) {
        self.microseconds.extend_from_slice(&others.microseconds);
    }

    /// How many were taken.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.microseconds.len() as u64
    }

    /// What they come to; `None` when there are none.
    #[must_use]
    pub fn spread(mut self) -> Option<Spread> {
        self.microseconds.sort_unstable();
        let sorted = &self.microseconds;
        let sum: i128 = sorted.iter().map(|n| i128::from(*n)).sum();
        let count = i128::try_from(sorted.len()).ok().filter(|n| *n > 0)?;
        Some(Spread {
            mean: Days::rounded(sum, count),
            min: percentile(sorted, 0)?,
            p25: percentile(sorted, 25)?,
            median: percentile(sorted, 50)?,
            p75: percentile(sorted, 75)?,
            p90: percentile(sorted, 90)?,
            max: percentile(sorted, 100)?,
        })
    }
}

impl Days {
    /// How many hundredths of a day, exactly.
    #[must_use]
    pub fn hundredths(self) -> i64 {
        self.hundredths
    }

    /// As a number of days: the one nearest to the hundredths.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "hundredths of all of recorded time are exact")]
    pub fn as_f64(self) -> f64 {
        self.hundredths as f64 / 100.0
    }

    /// The time from one moment to another, as [`microseconds_between`] measures it.
    #[must_use]
    pub fn between(from: Timestamp, to: Timestamp) -> Self {
        Self::rounded(i128::from(microseconds_between(from, to)), 1)
    }

    /// The sum of several times, in microseconds; never negative.
    #[must_use]
    pub fn sum(microseconds: i128) -> Self {
        Self::rounded(microseconds, 1)
    }

    /// `numerator / denominator` microseconds, halves up. Neither is negative.
    fn rounded(numerator: i128, denominator: i128) -> Self {
        let hundredth = MICROSECONDS_A_DAY / 100 * denominator;
        let hundredths = (2 * numerator + hundredth) / (2 * hundredth);
        Self { hundredths: i64::try_from(hundredths).unwrap_or(i64::MAX) }
    }
}

/// The quantile of `percent` hundredths; `None` of nothing.
fn percentile(sorted: &[i64], percent: usize) -> Option<Days> {
    let place = sorted.len().checked_sub(1)? * percent;
    let lower = i128::from(*sorted.get(place / 100)?);
    // The last place has no next one, and needs none: nothing of it is left over.
    let upper = sorted.get(place / 100 + 1).map_or(lower, |n| i128::from(*n));
    let left_over = i128::try_from(place % 100).ok()?;
    Some(Days::rounded(lower * 100 + (upper - lower) * left_over, 100))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::testing::day;

    fn of_days(days: &[i64]) -> Durations {
        let mut durations = Durations::default();
        let start = day("2014-01-01");
        for n in days {
            durations.take(start, start + SignedDuration::from_hours(24 * n));
        }
        durations
    }

    fn figures(days: &[i64]) -> [i64; 7] {
        let spread = of_days(days).spread().unwrap();
        let Spread { mean, min, p25, median, p75, p90, max } = spread;
        [mean, min, p25, median, p75, p90, max].map(Days::hundredths)
    }

    /// By hand, of 1, 2, 4, 8, 16: places 1, 2, 3 for the quartiles, and 3.6 for the ninetieth
    /// percentile, which is 8 + 0.6 * 8.
    #[test]
    fn quantiles_lie_between_the_nearest_durations() {
        assert_eq!(figures(&[16, 1, 8, 2, 4]), [620, 100, 200, 400, 800, 1280, 1600]);
        // Of 0, 1, 2, 3: places 0.75, 1.5, 2.25 and 2.7.
        assert_eq!(figures(&[3, 1, 2, 0]), [150, 0, 75, 150, 225, 270, 300]);
        assert_eq!(figures(&[5]), [500; 7]);
    }

    #[test]
    fn a_figure_is_rounded_once_and_halves_go_up() {
        // One day in eight is 0.125, and two thirds are 0.666...
        assert_eq!(figures(&[1, 0, 0, 0, 0, 0, 0, 0])[0], 13);
        assert_eq!(figures(&[1, 1, 0])[0], 67);
        let start = day("2014-01-01");
        let just_below = start + SignedDuration::from_micros(431_999_999); // 0.005 days
        assert_eq!(Days::between(start, just_below).hundredths(), 0);
        let half = start + SignedDuration::from_micros(432_000_000);
        assert_eq!(Days::between(start, half).hundredths(), 1);
    }

    #[test]
    fn nothing_comes_to_nothing() {
        assert_eq!(Durations::default().spread(), None);
    }

    #[test]
    fn what_ends_before_it_begins_took_no_time() {
        assert_eq!(Days::between(day("2014-01-02"), day("2014-01-01")).hundredths(), 0);
    }

    #[test]
    fn the_longest_times_do_not_overflow() {
        let mut durations = Durations::default();
        for _ in 0..3 {
            durations.take(Timestamp::MIN, Timestamp::MAX);
        }
        let spread = durations.spread().unwrap();
        assert_eq!(spread.mean, spread.max);
        assert!(spread.mean.hundredths() > 700_000_000);
    }
}
