//! Medians and percentiles of what was measured.

/// The middle of several measurements, with the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Some(Self { median, min, max })
    }
}

/// How long each of many calls took, from the fastest to the slowest.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies(Vec<u64>);

impl Latencies {
    /// Of any number of calls, in nanoseconds.
    pub(super) fn of(nanos: impl IntoIterator<Item = u64>) -> Self {
        let mut nanos: Vec<u64> = nanos.into_iter().collect();
        nanos.sort_unstable();
        Self(nanos)
    }

    /// The time within which `percent` of a hundred calls were answered, in microseconds: the
    /// nearest rank, so it is a time that one call did take. `None` when there were no calls.
    pub(super) fn percentile_us(&self, percent: usize) -> Option<f64> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).map(|nanos| to_f64(*nanos) / 1000.0)
    }
}

/// A count or a number of nanoseconds as a figure. Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "no measurement has sixteen digits")]
pub(super) fn to_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_middle_two() {
        let odd = Spread::of(&[3.0, 1.0, 10.0]).unwrap();
        assert_eq!(odd, Spread { median: 3.0, min: 1.0, max: 10.0 });
        let even = Spread::of(&[4.0, 1.0, 2.0, 10.0]).unwrap();
        assert_eq!(even, Spread { median: 3.0, min: 1.0, max: 10.0 });
        assert_eq!(Spread::of(&[7.0]).unwrap(), Spread { median: 7.0, min: 7.0, max: 7.0 });
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let latencies = Latencies::of((1..=200).rev().map(|micros| micros * 1000));
        assert_eq!(latencies.percentile_us(50), Some(100.0));
        assert_eq!(latencies.percentile_us(99), Some(198.0));
        assert_eq!(latencies.percentile_us(100), Some(200.0));
        assert_eq!(latencies.percentile_us(0), Some(1.0));
    }

    #[test]
    fn the_percentiles_of_few_calls_are_calls_that_were_made() {
        let latencies = Latencies::of([5_500, 1_000]);
        assert_eq!(latencies.percentile_us(50), Some(1.0));
        assert_eq!(latencies.percentile_us(99), Some(5.5));
        assert_eq!(Latencies::default().percentile_us(99), None);
    }
}
