//! Shares of a count, with intervals, and the difference of two.
//!
//! Source: Wilson 1927, the score interval; Newcombe 1998, method 10, for a difference.

use serde::Serialize;

use super::{Interval, float, normal_quantile};

/// A share with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Between 0 and 1.
    pub share: f64,
    /// Wilson's interval.
    pub interval: Interval,
}

/// The difference of two shares with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The first less the second: between -1 and 1.
    pub difference: f64,
    /// Newcombe's interval.
    pub interval: Interval,
}

/// The share that `part` is of `whole`; `None` of nothing, or where the part is more.
#[must_use]
pub fn share(part: u64, whole: u64, level: f64) -> Option<Share> {
    if whole == 0 || part > whole {
        return None;
    }
    let (k, n, z) = (float(part), float(whole), normal_quantile(level));
    let (p, z2) = (k / n, z * z);
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the formula gives 0 and 1 but for rounding.
    let lower = if part == 0 { 0.0 } else { (centre - half).max(0.0) };
    let upper = if part == whole { 1.0 } else { (centre + half).min(1.0) };
    Some(Share { share: p, interval: Interval::new(lower, upper) })
}

/// The share of the first group less that of the second, each as part and whole; `None` where either
/// is a share of nothing.
#[must_use]
pub fn difference(first: (u64, u64), second: (u64, u64), level: f64) -> Option<Difference> {
    let (a, b) = (share(first.0, first.1, level)?, share(second.0, second.1, level)?);
    let upper = |share: Share| share.interval.upper.unwrap_or(1.0);
    let difference = a.share - b.share;
    let below = (a.share - a.interval.lower).hypot(upper(b) - b.share);
    let above = (upper(a) - a.share).hypot(b.share - b.interval.lower);
    let interval = Interval::new((difference - below).max(-1.0), (difference + above).min(1.0));
    Some(Difference { difference, interval })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::LEVEL;
    use crate::statistics::testing::{assert_near, counts, fixtures, floats};

    #[test]
    fn wilsons_interval_is_that_of_statsmodels() {
        for case in fixtures("wilson") {
            let [k, n] = counts(&case, "given")[..] else { panic!("{case}") };
            let expected = floats(&case, "expected");
            let found = share(k, n, LEVEL).unwrap().interval;
            assert_near(found.lower, expected[0], 1e-10, &case);
            assert_near(found.upper.unwrap(), expected[1], 1e-10, &case);
        }
        assert_eq!(share(0, 0, LEVEL), None);
        assert_eq!(share(2, 1, LEVEL), None);
    }

    #[test]
    fn newcombes_interval_is_that_of_statsmodels() {
        for case in fixtures("newcombe") {
            let [k1, n1, k2, n2] = counts(&case, "given")[..] else { panic!("{case}") };
            let expected = floats(&case, "expected");
            let found = difference((k1, n1), (k2, n2), LEVEL).unwrap().interval;
            assert!((found.lower - expected[0]).abs() < 1e-10, "{case} {found:?}");
            assert!((found.upper.unwrap() - expected[1]).abs() < 1e-10, "{case} {found:?}");
        }
    }
}
