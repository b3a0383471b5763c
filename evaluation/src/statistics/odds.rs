//! The odds ratio of a two-by-two table under its margins: Fisher's noncentral hypergeometric
//! distribution, in which a table's chance is weighted by the ratio to the power of its first cell.

use std::cmp::Ordering;

use super::discrete::{Discrete, Hypergeometric};
use super::interval::RatioInterval;
use super::root::crossing;
use super::sum::real;

/// The tables under their margins when the odds ratio is `ratio`.
struct Noncentral {
    tables: Hypergeometric,
    ratio: f64,
}

/// The weights of a distribution, taken from its mode outward: below, at and above a number.
struct Weights {
    below: f64,
    at: f64,
    above: f64,
    mean: f64,
}

impl Noncentral {
    fn step(&self, k: u64) -> f64 {
        self.tables.step(k) * self.ratio
    }

    fn mode(&self) -> u64 {
        let (mut low, mut high) = self.tables.support();
        while low < high {
            let middle = low.midpoint(high);
            if self.step(middle) <= 1.0 { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// The weights relative to that of the mode, so that none overflows, and terms that no longer
    /// count are left out.
    fn weights(&self, seen: u64) -> Weights {
        let ((first, last), mode) = (self.tables.support(), self.mode());
        let (mut below, mut at, mut above) = (0.0, 0.0, 0.0);
        let (mut whole, mut moment) = (0.0, 0.0);
        let mut add = |k: u64, weight: f64| {
            *match k.cmp(&seen) {
                Ordering::Less => &mut below,
                Ordering::Equal => &mut at,
                Ordering::Greater => &mut above,
            } += weight;
            whole += weight;
            // From the mode, so that the mean keeps its digits.
            moment += weight * (real(k) - real(mode));
            weight > NEGLIGIBLE * whole
        };
        let mut weight = 1.0;
        add(mode, weight);
        for k in mode..last {
            weight *= self.step(k);
            if !add(k + 1, weight) {
                break;
            }
        }
        weight = 1.0;
        for k in (first..mode).rev() {
            weight /= self.step(k);
            if !add(k, weight) {
                break;
            }
        }
        Weights {
            below: below / whole,
            at: at / whole,
            above: above / whole,
            mean: real(mode) + moment / whole,
        }
    }
}

const NEGLIGIBLE: f64 = 1e-20;

/// The ratio under which the first cell is expected to be what it is: the conditional
/// maximum-likelihood estimate. `None` without bound; 0 at the other end.
pub(super) fn most_likely(tables: Hypergeometric, seen: u64) -> Option<f64> {
    let (fewest, most) = tables.support();
    if seen == most {
        return None;
    }
    if seen == fewest {
        return Some(0.0);
    }
    let mean = |ratio| Noncentral { tables, ratio }.weights(seen).mean;
    Some(ratio_where(|ratio| mean(ratio) > real(seen)))
}

/// The ratios at which each tail, what was seen included, has the chance `tail`.
pub(super) fn interval(tables: Hypergeometric, seen: u64, tail: f64) -> RatioInterval {
    let (fewest, most) = tables.support();
    let weights = |ratio| Noncentral { tables, ratio }.weights(seen);
    let at_least = |ratio| {
        let weights = weights(ratio);
        weights.at + weights.above
    };
    let at_most = |ratio| {
        let weights = weights(ratio);
        weights.at + weights.below
    };
    RatioInterval {
        lower: if seen == fewest { 0.0 } else { ratio_where(|ratio| at_least(ratio) > tail) },
        upper: (seen < most).then(|| ratio_where(|ratio| at_most(ratio) < tail)),
    }
}

/// The ratio beyond which the condition holds, wherever between nothing and all it lies.
fn ratio_where(is_beyond: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (1.0, 1.0);
    while !is_beyond(high) {
        high *= 16.0;
    }
    while is_beyond(low) {
        low /= 16.0;
    }
    crossing(low, high, is_beyond)
}
