//! Discrete distributions with one mode: their tails, and what is as unlikely as what was seen.

use super::mass;
use super::sum::real;

/// A distribution over whole numbers whose chances rise to a mode and fall from it.
pub(super) trait Discrete {
    /// The smallest and the largest possible number.
    fn support(&self) -> (u64, u64);

    /// `P(X = k)`.
    fn mass(&self, k: u64) -> f64;

    /// `P(X = k + 1) / P(X = k)`, for both within the support; never rises with `k`.
    fn step(&self, k: u64) -> f64;

    /// The most likely number, the smaller of two.
    fn mode(&self) -> u64 {
        let (first, last) = self.support();
        first_where(first, last, |k| self.step(k) <= 1.0)
    }

    /// `P(X <= k)`.
    fn at_most(&self, k: u64) -> f64 {
        let (first, last) = self.support();
        if k < first {
            0.0
        } else if k >= last {
            1.0
        } else if k < self.mode() {
            self.mass(k) * falling(first, k, self)
        } else {
            (1.0 - self.mass(k + 1) * rising(k + 1, last, self)).max(0.0)
        }
    }

    /// `P(X >= k)`.
    fn at_least(&self, k: u64) -> f64 {
        let (first, last) = self.support();
        if k <= first {
            1.0
        } else if k > last {
            0.0
        } else if k > self.mode() {
            self.mass(k) * rising(k, last, self)
        } else {
            (1.0 - self.mass(k - 1) * falling(first, k - 1, self)).max(0.0)
        }
    }

    /// The chance of all numbers that are no likelier than `k`: the two-sided p by the principle of
    /// minimum likelihood, of Fisher's and the exact binomial test in R and SciPy.
    ///
    /// For a distribution with an end. Chances that differ by less than `1e-7` of themselves count
    /// as equal, as in R.
    fn as_unlikely_as(&self, k: u64) -> f64 {
        let (first, last) = self.support();
        let (seen, mode) = (self.mass(k) * (1.0 + TIE), self.mode());
        if seen >= self.mass(mode) {
            return 1.0;
        }
        let both = if k < mode {
            // One past the end stands for nothing there.
            let other = first_where(mode, last + 1, |j| self.mass(j) <= seen);
            self.at_most(k) + self.at_least(other)
        } else {
            let other = first_where(first, mode, |j| self.mass(j) > seen);
            let below = if other == first { 0.0 } else { self.at_most(other - 1) };
            below + self.at_least(k)
        };
        both.min(1.0)
    }
}

/// Within which share two chances count as equal.
const TIE: f64 = 1e-7;

/// The first of `low..high` where the condition holds, `high` if it holds at none; it must hold at
/// all that follow one where it holds.
fn first_where(low: u64, high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// `P(X >= k) / P(X = k)`, for `k` at or above the mode: no term is larger than the one before.
fn rising<D: Discrete + ?Sized>(k: u64, last: u64, of: &D) -> f64 {
    let (mut share, mut shares) = (1.0, 1.0);
    for j in k..last {
        share *= of.step(j);
        shares += share;
        if share < NEGLIGIBLE * shares {
            break;
        }
    }
    shares
}

/// `P(X <= k) / P(X = k)`, for `k` at or below the mode.
fn falling<D: Discrete + ?Sized>(first: u64, k: u64, of: &D) -> f64 {
    let (mut share, mut shares) = (1.0, 1.0);
    for j in (first..k).rev() {
        share /= of.step(j);
        shares += share;
        if share < NEGLIGIBLE * shares {
            break;
        }
    }
    shares
}

/// So small a term no longer counts, nor do the at most some ten thousand that follow it: they fall
/// geometrically.
const NEGLIGIBLE: f64 = 1e-20;

/// The number of events among `n`, each with the chance `p`; `q` is `1 - p`, given apart since the
/// smaller of the two carries the digits.
pub(super) struct Binomial {
    pub(super) n: u64,
    pub(super) p: f64,
    pub(super) q: f64,
}

impl Discrete for Binomial {
    fn support(&self) -> (u64, u64) {
        (0, self.n)
    }

    fn mass(&self, k: u64) -> f64 {
        mass::binomial(k, self.n, self.p, self.q)
    }

    fn step(&self, k: u64) -> f64 {
        real(self.n - k) / real(k + 1) * (self.p / self.q)
    }
}

/// The number of events in a time in which `mean` are expected.
pub(super) struct Poisson {
    pub(super) mean: f64,
}

impl Discrete for Poisson {
    fn support(&self) -> (u64, u64) {
        (0, u64::MAX)
    }

    fn mass(&self, k: u64) -> f64 {
        mass::poisson(k, self.mean)
    }

    fn step(&self, k: u64) -> f64 {
        self.mean / real(k + 1)
    }
}

/// The number of white ones among `drawn` out of `white` and `black` ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hypergeometric {
    pub(super) white: u64,
    pub(super) black: u64,
    pub(super) drawn: u64,
}

impl Discrete for Hypergeometric {
    fn support(&self) -> (u64, u64) {
        (self.drawn.saturating_sub(self.black), self.drawn.min(self.white))
    }

    fn mass(&self, k: u64) -> f64 {
        mass::hypergeometric(k, self.white, self.black, self.drawn)
    }

    fn step(&self, k: u64) -> f64 {
        real(self.white - k) * real(self.drawn - k)
            / (real(k + 1) * real(self.black + k + 1 - self.drawn))
    }
}
