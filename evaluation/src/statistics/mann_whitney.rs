//! Are the values of one group larger than those of another? The Mann-Whitney U.

use super::error::Undefined;
use super::normal;
use super::rank_sum::{EXACT_BELOW, Orders};
use super::sum::{size, sorted};

/// How a p-value was had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PMethod {
    /// Every order of the values was counted.
    Exact,
    /// By the normal distribution, with corrections for ties and continuity.
    Asymptotic,
}

/// The Mann-Whitney test of two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// In how many of the pairs of one value each the first group's is the larger; ties count half.
    pub u_first: f64,
    /// The same for the second group; the two add up to the number of pairs.
    pub u_second: f64,
    /// The mean rank of the first group's values among all; equal values share theirs.
    pub mean_rank_first: f64,
    /// The same for the second group.
    pub mean_rank_second: f64,
    /// How many standard deviations the first group's U is above what chance alone gives, corrected
    /// for ties and not for continuity, as it is mostly stated; `None` where all values are equal.
    pub z: Option<f64>,
    /// The two-sided p: 1 where all values are equal.
    pub p: f64,
    /// How the p was had.
    pub method: PMethod,
    /// The common-language effect size: the chance that a value of the first group exceeds one of
    /// the second, ties counted half. 0.5 is no difference.
    pub first_exceeds: f64,
}

/// The Mann-Whitney test, in any order of the values.
///
/// The p is exact when no two values are equal and both groups have fewer than 50; else
/// it is asymptotic. This is R's choice in `wilcox.test`; SciPy's differs for groups above 8.
///
/// Source: Mann and Whitney (1947); correction for ties as in E. L. Lehmann, "Nonparametrics" (1975),
/// 1.4; effect size: K. O. McGraw and S. P. Wong, "A common language effect size statistic",
/// Psychological Bulletin 111 (1992).
///
/// # Errors
/// [`Undefined::NothingObserved`] when a group is empty; [`Undefined::NotFinite`].
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Result<MannWhitney, Undefined> {
    let (first, second) = (sorted(first)?, sorted(second)?);
    let (m, n) = (first.len(), second.len());
    if m == 0 || n == 0 {
        return Err(Undefined::NothingObserved);
    }
    let halves = half_wins(&first, &second);
    let pairs = size(m) * size(n);
    let u_first = size(halves) / 2.0;
    let chance = Chance::of(&first, &second);
    let p = match chance.method() {
        PMethod::Exact => {
            // Without ties U is whole; the smaller tail is that of the smaller of the two.
            let smaller = (halves / 2).min(m * n - halves / 2);
            2.0 * Orders::of(m, n).at_most(smaller)
        }
        PMethod::Asymptotic => chance.asymptotic_p(u_first - pairs / 2.0),
    };
    Ok(MannWhitney {
        u_first,
        u_second: pairs - u_first,
        mean_rank_first: mean_rank(u_first, m),
        mean_rank_second: mean_rank(pairs - u_first, n),
        z: (chance.deviation > 0.0).then(|| (u_first - pairs / 2.0) / chance.deviation),
        p: p.min(1.0),
        method: chance.method(),
        first_exceeds: u_first / pairs,
    })
}

/// What U comes to as the mean rank of a group of `n` values.
fn mean_rank(u: f64, n: usize) -> f64 {
    u / size(n) + f64::midpoint(size(n), 1.0)
}

/// Twice the U of the first group: two for each pair won and one for each tie.
fn half_wins(first: &[f64], second: &[f64]) -> usize {
    let below = |value: &f64| second.partition_point(|other| other < value);
    let not_above = |value: &f64| second.partition_point(|other| other <= value);
    first.iter().map(|value| below(value) + not_above(value)).sum()
}

/// What U does when chance alone orders the values of two groups.
pub(super) struct Chance {
    can_be_counted: bool,
    /// The standard deviation of U; 0 where all values are equal.
    pub(super) deviation: f64,
}

impl Chance {
    /// Of two groups that are not empty.
    pub(super) fn of(first: &[f64], second: &[f64]) -> Self {
        let mut values = [first, second].concat();
        values.sort_unstable_by(f64::total_cmp);
        let orders = |n: f64| n * (n - 1.0) * (n + 1.0);
        let tied: f64 = values
            .chunk_by(|a, b| a.total_cmp(b).is_eq())
            .map(|equal| orders(size(equal.len())))
            .sum();
        let (n, pairs) = (size(values.len()), size(first.len()) * size(second.len()));
        let is_small = first.len() < EXACT_BELOW && second.len() < EXACT_BELOW;
        Self {
            can_be_counted: is_small && tied == 0.0,
            deviation: (pairs * (n + 1.0) / 12.0 * ((orders(n) - tied) / orders(n))).sqrt(),
        }
    }

    pub(super) fn method(&self) -> PMethod {
        if self.can_be_counted { PMethod::Exact } else { PMethod::Asymptotic }
    }

    /// The two-sided p of a U so far from its mean; half a pair nearer, as U moves in steps.
    fn asymptotic_p(&self, distance: f64) -> f64 {
        let nearer = (distance.abs() - 0.5).max(0.0);
        if self.deviation > 0.0 { 2.0 * normal::upper_tail(nearer / self.deviation) } else { 1.0 }
    }
}
