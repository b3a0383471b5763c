//! Exact limits of a chance or a mean: where a tail of what was seen has a given chance.

use super::discrete::{Binomial, Discrete, Poisson};
use super::root::crossing;
use super::sum::real;

/// The mean at which `P(X <= k)` falls to the tail: the exact upper limit of a Poisson mean.
pub(super) fn poisson_upper(k: u64, tail: f64) -> f64 {
    let is_beyond = |mean: f64| Poisson { mean }.at_most(k) < tail;
    let mut high = 2.0 * real(k) + 30.0;
    while !is_beyond(high) {
        high *= 2.0;
    }
    crossing(real(k), high, is_beyond)
}

/// The mean at which `P(X >= k)` rises to the tail: the exact lower limit of a Poisson mean.
pub(super) fn poisson_lower(k: u64, tail: f64) -> f64 {
    if k == 0 {
        return 0.0;
    }
    crossing(0.0, real(k), |mean| Poisson { mean }.at_least(k) > tail)
}

/// The odds `p / (1 - p)` at which `P(X >= k)` of a binomial rises to the tail, for `k >= 1`: the
/// odds of the exact (Clopper-Pearson) lower limit.
pub(super) fn binomial_lower_odds(k: u64, n: u64, tail: f64) -> f64 {
    let at_least = |p: f64, q: f64| Binomial { n, p, q }.at_least(k);
    // The smaller of p and q is sought, so that their quotient keeps its digits.
    if at_least(0.5, 0.5) > tail {
        let p = crossing(0.0, 0.5, |p| at_least(p, 1.0 - p) > tail);
        p / (1.0 - p)
    } else {
        let q = crossing(0.0, 0.5, |q| at_least(1.0 - q, q) <= tail);
        (1.0 - q) / q
    }
}
