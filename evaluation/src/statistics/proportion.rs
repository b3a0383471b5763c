//! Shares and their intervals: what share of a group, and how far apart two groups are.

use super::error::Undefined;
use super::interval::{Interval, Level};
use super::normal;
use super::sum::real;

/// A share: so many of so many. The whole is never zero, and the part never larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    part: u64,
    whole: u64,
}

impl Proportion {
    /// `part` of `whole`.
    ///
    /// # Errors
    /// [`Undefined::NothingObserved`] of a whole of nothing; [`Undefined::PartExceedsWhole`].
    pub fn new(part: u64, whole: u64) -> Result<Self, Undefined> {
        if whole == 0 {
            Err(Undefined::NothingObserved)
        } else if part > whole {
            Err(Undefined::PartExceedsWhole { part, whole })
        } else {
            Ok(Self { part, whole })
        }
    }

    /// The numerator.
    #[must_use]
    pub fn part(self) -> u64 {
        self.part
    }

    /// The denominator.
    #[must_use]
    pub fn whole(self) -> u64 {
        self.whole
    }

    /// The share, 0 to 1.
    #[must_use]
    pub fn share(self) -> f64 {
        real(self.part) / real(self.whole)
    }

    /// The share in percent, 0 to 100.
    #[must_use]
    pub fn percent(self) -> f64 {
        100.0 * real(self.part) / real(self.whole)
    }

    /// The Wilson score interval of the share, without continuity correction.
    ///
    /// Units: a share, within 0 to 1; the lower end of none and the upper end of all are exactly 0
    /// and 1. It holds the observed share at every level.
    ///
    /// Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
    /// JASA 22 (1927).
    #[must_use]
    pub fn wilson(self, level: Level) -> Interval {
        let (part, rest, whole) = (real(self.part), real(self.whole - self.part), real(self.whole));
        let z = normal::critical(level);
        let half_width = z * (part * rest / whole + z * z / 4.0).sqrt();
        let outer = part + z * z / 2.0 + half_width;
        let share = self.share();
        // The ends solve (n + z^2) x^2 - (2k + z^2) x + k^2 / n = 0. The lower one by the product of
        // the two, which does not cancel when the share is small.
        let lower = part * part / whole / outer;
        let upper = if rest == 0.0 { 1.0 } else { outer / (whole + z * z) };
        Interval { lower: lower.clamp(0.0, share), upper: upper.clamp(share, 1.0) }
    }
}

/// The difference of two independent shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProportionDifference {
    /// The first share minus the second, -1 to 1.
    pub estimate: f64,
    /// Newcombe's interval, within -1 to 1.
    pub interval: Interval,
}

/// The first share minus the second, with Newcombe's hybrid score interval (his method 10, without
/// continuity correction): the distances to the Wilson ends are combined.
///
/// Source: R. G. Newcombe, "Interval estimation for the difference between independent
/// proportions", Statistics in Medicine 17 (1998).
#[must_use]
pub fn newcombe(first: Proportion, second: Proportion, level: Level) -> ProportionDifference {
    let (a, b) = (first.wilson(level), second.wilson(level));
    let (p, q) = (first.share(), second.share());
    let estimate = p - q;
    let lower = estimate - distance(p - a.lower, b.upper - q);
    let upper = estimate + distance(a.upper - p, q - b.lower);
    ProportionDifference {
        estimate,
        interval: Interval { lower: lower.max(-1.0), upper: upper.min(1.0) },
    }
}

/// Of two distances at right angles. `hypot` would do, but differs between platforms.
fn distance(a: f64, b: f64) -> f64 {
    (a * a + b * b).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_datasets_of_the_report_agree_on_51_percent() {
        let agreeing = Proportion::new(57, 111).unwrap();
        assert_eq!(format!("{:.2}", agreeing.percent()), "51.35");
    }

    #[test]
    fn what_is_no_share_is_refused() {
        assert_eq!(Proportion::new(0, 0), Err(Undefined::NothingObserved));
        let refused = Err(Undefined::PartExceedsWhole { part: 2, whole: 1 });
        assert_eq!(Proportion::new(2, 1), refused);
    }
}
