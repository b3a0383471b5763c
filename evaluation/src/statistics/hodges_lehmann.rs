//! By how much the values of one group are larger than those of another.

use super::error::Undefined;
use super::interval::{Interval, Level};
use super::mann_whitney::{Chance, PMethod};
use super::normal;
use super::rank_sum::Orders;
use super::sum::{size, sorted};

/// The Hodges-Lehmann shift, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The median of all differences of a value of the first group and one of the second.
    pub estimate: f64,
    /// The differences between which the shift lies; `None` where so few values cannot reach the
    /// level, however far apart they are.
    pub interval: Option<Interval>,
    /// How the ends of the interval were chosen: as the p of
    /// [`mann_whitney`](super::mann_whitney()).
    pub method: PMethod,
}

/// The Hodges-Lehmann shift of the first group from the second, with the interval that belongs to
/// the Mann-Whitney test: two of the differences, counted from either end.
///
/// It supposes distributions of one shape. The exact ends are R's in `wilcox.test(conf.int = TRUE)`;
/// with ties or many values the places come from the normal distribution, corrected for ties and
/// rounded to the nearest, where R solves for the shift instead. Never forms the differences: the
/// memory is that of the values.
///
/// Source: J. L. Hodges and E. L. Lehmann, "Estimates of Location Based on Rank Tests", Annals of
/// Mathematical Statistics 34 (1963); M. Hollander and D. A. Wolfe, "Nonparametric Statistical
/// Methods", 4.3.
///
/// # Errors
/// [`Undefined::NothingObserved`] when a group is empty; [`Undefined::NotFinite`] when a value or
/// the difference of two is not finite.
pub fn hodges_lehmann(first: &[f64], second: &[f64], level: Level) -> Result<Shift, Undefined> {
    let differences = Differences { first: sorted(first)?, second: sorted(second)? };
    let (smallest, largest) = differences.ends().ok_or(Undefined::NothingObserved)?;
    if !smallest.is_finite() || !largest.is_finite() {
        return Err(Undefined::NotFinite);
    }
    let pairs = differences.first.len() * differences.second.len();
    let chance = Chance::of(&differences.first, &differences.second);
    let place = differences.place_of_lower_end(&chance, level);
    let (below, above) = (differences.at(pairs.div_ceil(2)), differences.at(pairs / 2 + 1));
    Ok(Shift {
        estimate: f64::midpoint(below, above),
        interval: place.map(|place| Interval {
            lower: differences.at(place),
            upper: differences.at(pairs + 1 - place),
        }),
        method: chance.method(),
    })
}

/// All differences of a value of the first and one of the second, both in rising order.
struct Differences {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Differences {
    fn ends(&self) -> Option<(f64, f64)> {
        let smallest = self.first.first()? - self.second.last()?;
        let largest = self.first.last()? - self.second.first()?;
        Some((smallest, largest))
    }

    /// The place, from 1, of the difference that is the lower end.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place lies between 1 and the number of pairs"
    )]
    fn place_of_lower_end(&self, chance: &Chance, level: Level) -> Option<usize> {
        let (m, n) = (self.first.len(), self.second.len());
        match chance.method() {
            PMethod::Exact => {
                let orders = Orders::of(m, n);
                let is_reached = orders.at_most(0) <= level.tail();
                is_reached.then(|| orders.quantile(level.tail()).max(1))
            }
            PMethod::Asymptotic => {
                let below = size(m) * size(n) / 2.0 - normal::critical(level) * chance.deviation;
                let place = (below - 0.5).ceil();
                (place >= 1.0).then_some(place as usize)
            }
        }
    }

    /// The difference at a place, from 1, in rising order: the smallest number that so many
    /// differences do not exceed.
    fn at(&self, place: usize) -> f64 {
        let (mut low, mut high) = (key(f64::MIN), key(f64::MAX));
        while low < high {
            let middle = low.midpoint(high);
            if self.not_above(number(middle)) >= place {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        number(low) + 0.0
    }

    /// How many differences are not above the limit: the larger the first value, the more of the
    /// second must be passed over.
    fn not_above(&self, limit: f64) -> usize {
        let (mut passed, mut count) = (0, 0);
        for value in &self.first {
            while self.second.get(passed).is_some_and(|other| value - other > limit) {
                passed += 1;
            }
            count += self.second.len() - passed;
        }
        count
    }
}

/// A number's place among all numbers: neighbours among the one are neighbours among the other.
fn key(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn number(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}
