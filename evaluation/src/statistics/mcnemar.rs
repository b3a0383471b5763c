//! McNemar's test, exact: is one kind of change more common than its opposite than chance allows?

/// McNemar's exact test on the pairs that changed. Pairs that did not change say nothing here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// How many changed one way, for example used at intake and not at exit.
    pub one_way: u64,
    /// How many changed the other way.
    pub other_way: u64,
    /// The exact two-sided p: 1 where as many changed one way as the other, none included.
    pub p: f64,
}

impl McNemar {
    /// The test of `one_way` changes against `other_way`: binomial with even chances over both.
    ///
    /// Source: Q. McNemar, "Note on the sampling error of the difference between correlated
    /// proportions or percentages", Psychometrika 12 (1947); exact as in R's `binom.test(b, b + c)`.
    #[must_use]
    pub fn of(one_way: u64, other_way: u64) -> Self {
        Self { one_way, other_way, p: exact_two_sided_p(one_way, other_way) }
    }
}

/// The two-sided p of `b` changes one way against `c` the other: `min(1, 2 P(X <= min(b, c)))` with
/// X binomial over `b + c` even chances.
///
/// Correctly rounded up to 126 discordant pairs; beyond, to about twelve digits.
fn exact_two_sided_p(b: u64, c: u64) -> f64 {
    let (n, fewer) = (b.saturating_add(c), b.min(c));
    if b == c {
        return 1.0;
    }
    let tail = if n <= EXACT_PAIRS_MAX { whole_tail(n, fewer) } else { scaled_tail(n, fewer) };
    (2.0 * tail).min(1.0)
}

/// With more pairs the sum of coefficients does not fit in 128 bits.
const EXACT_PAIRS_MAX: u64 = 126;

/// `P(X <= k)` out of whole numbers: one rounding, as the divisor is a power of two.
#[expect(clippy::cast_precision_loss, reason = "the one rounding")]
fn whole_tail(n: u64, k: u64) -> f64 {
    let (mut coefficient, mut sum) = (1_u128, 1_u128);
    for i in 0..k {
        // Divided before it is multiplied, so that no step exceeds the coefficient itself by much.
        let (n_left, next) = (u128::from(n - i), u128::from(i + 1));
        let (whole, rest) = (coefficient / next, coefficient % next);
        coefficient = whole * n_left + rest * n_left / next;
        sum += coefficient;
    }
    sum as f64 / (1_u128 << n) as f64
}

/// `P(X <= k)` as the term at `k` times what the smaller terms add to it. The term is built up with
/// its binary exponent apart, since a factor of `2^-n` would vanish.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of cases are exact as floating-point numbers"
)]
fn scaled_tail(n: u64, k: u64) -> f64 {
    let (mut term, mut exponent) = (1.0_f64, 0_i64);
    for i in 0..k {
        term *= (n - i) as f64 / (i + 1) as f64;
        if term > SCALE {
            term /= SCALE;
            exponent += SCALE_EXPONENT;
        }
    }
    let (mut share, mut shares) = (1.0_f64, 1.0_f64);
    for i in (0..k).rev() {
        share *= (i + 1) as f64 / (n - i) as f64;
        shares += share;
        if share < f64::EPSILON / 1024.0 {
            break;
        }
    }
    let mut power = exponent.saturating_sub(i64::try_from(n).unwrap_or(i64::MAX));
    let mut tail = term * shares;
    while power < 0 && tail > 0.0 {
        let step = power.max(-SCALE_EXPONENT);
        tail = libm::scalbn(tail, i32::try_from(step).unwrap_or(i32::MIN));
        power -= step;
    }
    tail
}

const SCALE_EXPONENT: i64 = 512;
const SCALE: f64 = 1.340_780_792_994_259_7e154; // 2^512

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "these must be exact")]
    fn the_published_figures_are_exact() {
        assert_eq!(McNemar::of(6, 0).p, 0.031_25);
        assert_eq!(McNemar::of(3, 1).p, 0.625);
        assert_eq!(McNemar::of(0, 0).p, 1.0);
        assert_eq!(SCALE, libm::scalbn(1.0, 512));
    }

    /// Written by `tests/fixtures/mcnemar.py`, out of fractions.
    const FIXTURE: &str = include_str!("../../tests/fixtures/mcnemar.csv");

    #[test]
    fn p_equals_that_of_exact_fractions() {
        let mut lines = 0;
        for line in FIXTURE.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let (b, c) = (fields[0].parse().unwrap(), fields[1].parse().unwrap());
            let expected: f64 = fields[2].parse().unwrap();
            let p = exact_two_sided_p(b, c);
            let tolerance = if b + c <= EXACT_PAIRS_MAX { 0.0 } else { 1e-12 * expected };
            assert!((p - expected).abs() <= tolerance, "{b} against {c}: {p} is not {expected}");
            lines += 1;
        }
        assert!(lines > 500, "the fixture is whole");
    }
}
