//! How sure: a confidence level, and the intervals at it.

use super::error::Undefined;

/// A confidence level, strictly between 0 and 1: the share of such intervals that hold the truth.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Level(f64);

impl Level {
    /// 95 percent, the level of every published table.
    pub const P95: Self = Self(0.95);

    /// A level as a share, for example 0.99.
    ///
    /// # Errors
    /// [`Undefined::Level`] unless `0 < share < 1` and both tails are larger than `1e-9`, beyond
    /// which no interval here has been checked.
    pub fn new(share: f64) -> Result<Self, Undefined> {
        let is_level = share > 0.0 && (1.0 - share) / 2.0 > 1e-9;
        if is_level { Ok(Self(share)) } else { Err(Undefined::Level) }
    }

    /// The level as a share.
    #[must_use]
    pub fn share(self) -> f64 {
        self.0
    }

    /// What is left outside at each end: half of what the level leaves.
    ///
    /// Half of one minus a decimal is not the decimal meant (0.95 leaves 0.025000000000000022), but
    /// it is what every statistics package computes, so theirs and ours agree to the last digits.
    pub(super) fn tail(self) -> f64 {
        (1.0 - self.0) / 2.0
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::P95
    }
}

/// A two-sided interval, both ends included and finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub lower: f64,
    /// The upper end, not below the lower one.
    pub upper: f64,
}

impl Interval {
    /// Whether the value lies in the interval.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }
}

/// A two-sided interval of a ratio, which may have no upper end: nothing was seen to divide by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioInterval {
    /// The lower end, 0 or more.
    pub lower: f64,
    /// The upper end; `None` where the data bound the ratio from below alone.
    pub upper: Option<f64>,
}

impl RatioInterval {
    /// Whether the value lies in the interval.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        self.lower <= value && self.upper.is_none_or(|upper| value <= upper)
    }
}
