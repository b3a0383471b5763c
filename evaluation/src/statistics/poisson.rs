//! Rates of events over time at risk, and the ratio of two, exact.
//!
//! Source: Garwood 1936 for a rate; for a ratio the first count, given the sum of both, is binomial,
//! and its exact interval (Clopper and Pearson 1934) carries over. The p of a ratio sums the counts
//! that are no likelier than the observed one, as R has it.

use serde::Serialize;
use statrs::function::beta::beta_reg;
use statrs::function::factorial::ln_binomial;
use statrs::function::gamma::gamma_lr;

use super::roots::where_reaches;
use super::{Interval, float};

/// A rate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// Events per unit of time.
    pub rate: f64,
    /// The exact interval.
    pub interval: Interval,
}

/// The ratio of two rates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RateRatio {
    /// The first over the second; `None` where the second is nothing.
    pub ratio: Option<f64>,
    /// The exact interval.
    pub interval: Interval,
    /// The exact two-sided p of a ratio of 1.
    pub p: f64,
}

/// Counts this much likelier than the observed one still count as equally likely. As in R.
const TOLERANCE: f64 = 1e-7;

/// The rate of events over some time; `None` over none.
#[must_use]
pub fn rate(events: u64, time: f64, level: f64) -> Option<Rate> {
    if time <= 0.0 {
        return None;
    }
    let (k, tail) = (float(events), (1.0 - level) / 2.0);
    // Far beyond where the distribution has anything left.
    let most = 2.0 * k + 100.0;
    let lower =
        if events == 0 { 0.0 } else { where_reaches(tail, 0.0, most, |mean| gamma_lr(k, mean)) };
    let upper = where_reaches(1.0 - tail, 0.0, most, |mean| gamma_lr(k + 1.0, mean));
    Some(Rate { rate: k / time, interval: Interval::new(lower / time, upper / time) })
}

/// The ratio of two rates, each events and time; `None` where there is no time, or no event at all.
#[must_use]
pub fn rate_ratio(first: (u64, f64), second: (u64, f64), level: f64) -> Option<RateRatio> {
    let ((a, time_a), (b, time_b)) = (first, second);
    if time_a <= 0.0 || time_b <= 0.0 || a + b == 0 {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    let lower = if a == 0 {
        0.0
    } else {
        where_reaches(tail, 0.0, 1.0, |share| beta_reg(float(a), float(b) + 1.0, share))
    };
    let upper = (b > 0).then(|| {
        where_reaches(1.0 - tail, 0.0, 1.0, |share| beta_reg(float(a) + 1.0, float(b), share))
    });
    let ratio = |share: f64| share / (1.0 - share) * time_b / time_a;
    Some(RateRatio {
        ratio: (b > 0).then(|| float(a) / time_a / (float(b) / time_b)),
        interval: Interval { lower: ratio(lower), upper: upper.map(ratio) },
        p: binomial_two_sided_p(a, a + b, time_a / (time_a + time_b)),
    })
}

fn binomial_two_sided_p(k: u64, n: u64, share: f64) -> f64 {
    let ln = |k: u64| ln_binomial(n, k) + float(k) * share.ln() + float(n - k) * (-share).ln_1p();
    let observed = ln(k) + TOLERANCE.ln_1p();
    let p: f64 = (0..=n).map(ln).filter(|p| *p <= observed).map(f64::exp).sum();
    p.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::LEVEL;
    use crate::statistics::testing::{assert_near, fixtures};

    #[test]
    fn the_interval_of_a_rate_is_garwoods() {
        for case in fixtures("rate") {
            let (k, time) = (case["events"].as_u64().unwrap(), case["time"].as_f64().unwrap());
            let found = rate(k, time, LEVEL).unwrap().interval;
            assert_near(found.lower, case["lower"].as_f64().unwrap(), 1e-9, &case);
            assert_near(found.upper.unwrap(), case["upper"].as_f64().unwrap(), 1e-9, &case);
        }
        assert_eq!(rate(1, 0.0, LEVEL), None);
    }

    #[test]
    fn the_ratio_is_that_of_the_exact_binomial_test() {
        for case in fixtures("rate_ratio") {
            let count = |name: &str| case[name].as_u64().unwrap();
            let time = |name: &str| case[name].as_f64().unwrap();
            let (first, second) = ((count("a"), time("time_a")), (count("b"), time("time_b")));
            let found = rate_ratio(first, second, LEVEL).unwrap();
            assert_near(found.interval.lower, case["lower"].as_f64().unwrap(), 1e-8, &case);
            assert_eq!(found.interval.upper.is_some(), case["upper"].is_number(), "{case}");
            if let (Some(found), Some(expected)) = (found.interval.upper, case["upper"].as_f64()) {
                assert_near(found, expected, 1e-8, &case);
            }
            assert_near(found.p, case["p"].as_f64().unwrap(), 1e-8, &case);
        }
        assert_eq!(rate_ratio((0, 1.0), (0, 1.0), LEVEL), None);
    }
}
