//! Chances of exactly `k`, without the cancellation of factorials.
//!
//! Source: C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000), which R's
//! `dbinom`, `dpois` and `dhyper` follow. The large parts of the factorials cancel on paper, so the
//! logarithm of a chance has the error of that logarithm alone.

use std::f64::consts::PI;

use super::sum::real;

/// `P(X = k)` of a binomial over `n` trials; `p` and `q = 1 - p` both given, since the one that is
/// small carries the digits.
pub(super) fn binomial(k: u64, n: u64, p: f64, q: f64) -> f64 {
    if p <= 0.0 || q <= 0.0 {
        let certain = if p <= 0.0 { 0 } else { n };
        return if k == certain { 1.0 } else { 0.0 };
    }
    if k == 0 || k == n {
        let (staying, leaving) = if k == 0 { (q, p) } else { (p, q) };
        let log = if leaving < 0.5 { libm::log1p(-leaving) } else { libm::log(staying) };
        return libm::exp(real(n) * log);
    }
    let (part, rest, whole) = (real(k), real(n - k), real(n));
    let log = stirling_error(n)
        - stirling_error(k)
        - stirling_error(n - k)
        - deviance(part, whole * p)
        - deviance(rest, whole * q);
    libm::exp(log) * (whole / (2.0 * PI * part * rest)).sqrt()
}

/// `P(X = k)` of a Poisson distribution with that mean.
pub(super) fn poisson(k: u64, mean: f64) -> f64 {
    if k == 0 || mean <= 0.0 {
        return if k == 0 { libm::exp(-mean) } else { 0.0 };
    }
    libm::exp(-stirling_error(k) - deviance(real(k), mean)) / (2.0 * PI * real(k)).sqrt()
}

/// `P(X = k)` white among `drawn` out of `white` and `black` ones.
pub(super) fn hypergeometric(k: u64, white: u64, black: u64, drawn: u64) -> f64 {
    let whole = white + black;
    let (p, q) = (real(drawn) / real(whole), real(whole - drawn) / real(whole));
    if drawn == 0 || drawn == whole {
        return 1.0;
    }
    let (whites, blacks) = (binomial(k, white, p, q), binomial(drawn - k, black, p, q));
    // Multiplied last: the product of two small chances may vanish where the quotient does not.
    whites / binomial(drawn, whole, p, q) * blacks
}

/// `x ln(x / mean) + mean - x`, without cancellation where the two are near each other.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) + mean - x;
    }
    let share = (x - mean) / (x + mean);
    let mut sum = (x - mean) * share;
    let mut power = 2.0 * x * share;
    let mut odd = 3.0;
    loop {
        power *= share * share;
        let next = sum + power / odd;
        // Exactly equal: the next term no longer counts.
        if next.to_bits() == sum.to_bits() {
            return sum;
        }
        sum = next;
        odd += 2.0;
    }
}

/// `ln(n!)` minus Stirling's `n ln n - n + ln(2 pi n) / 2`, for `n >= 1`.
fn stirling_error(n: u64) -> f64 {
    if let Some(error) = usize::try_from(n).ok().and_then(|n| STIRLING_ERRORS.get(n)) {
        return *error;
    }
    let x = real(n);
    let square = x * x;
    let tail = 1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0 - SIXTH / square) / square) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - tail / square) / square) / x
}

/// The sixth coefficient of Stirling's series, the last that counts from 16 on.
const SIXTH: f64 = 691.0 / 360_360.0;

/// The error for 0 (not used) to 15, where the series is not yet right to the last digit.
const STIRLING_ERRORS: [f64; 16] = [
    0.0,
    0.081_061_466_795_327_26,
    0.041_340_695_955_409_3,
    0.027_677_925_684_998_34,
    0.020_790_672_103_765_093,
    0.016_644_691_189_821_193,
    0.013_876_128_823_070_748,
    0.011_896_709_945_891_77,
    0.010_411_265_261_972_096,
    0.009_255_462_182_712_733,
    0.008_330_563_433_362_87,
    0.007_573_675_487_951_841,
    0.006_942_840_107_209_53,
    0.006_408_994_188_004_207,
    0.005_951_370_112_758_847_5,
    0.005_554_733_551_962_801,
];
