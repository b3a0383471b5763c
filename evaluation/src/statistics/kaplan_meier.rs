//! Waiting times when some still wait: the Kaplan-Meier estimate.
//!
//! Source: Kaplan and Meier 1958; Greenwood's variance; intervals on the scale of log(-log), as R's
//! survfit has them with `conf.type = "log-log"`; the interval of the median is that of Brookmeyer
//! and Crowley 1982.

use serde::Serialize;

use super::{Interval, float, normal_quantile};

/// How long somebody waited, and whether what they waited for came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wait {
    /// How long, in any unit.
    pub time: f64,
    /// Whether it came; otherwise they still waited then.
    pub came: bool,
}

/// The share that still waits, after each time at which something came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// The steps, by time.
    pub steps: Vec<Step>,
    /// The time by which it came for half of them; `None` where it never did.
    pub median: Option<f64>,
    /// Its interval; `None` where that does not begin.
    pub median_interval: Option<Interval>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Step {
    /// When.
    pub time: f64,
    /// How many waited up to then.
    pub at_risk: u64,
    /// For how many it came.
    pub came: u64,
    /// The share that still waits.
    pub waiting: f64,
    /// Its interval; `None` where nobody waits any more.
    pub interval: Option<Interval>,
}

/// The curve of some waits, in any order; `None` of none.
#[must_use]
pub fn curve(waits: &[Wait], level: f64) -> Option<Curve> {
    if waits.is_empty() {
        return None;
    }
    let mut sorted = waits.to_vec();
    sorted.sort_by(|a, b| a.time.total_cmp(&b.time));
    let z = normal_quantile(level);
    let (mut waiting, mut variance, mut at_risk) = (1.0_f64, 0.0_f64, sorted.len() as u64);
    let mut steps = Vec::new();
    for at_once in sorted.chunk_by(|a, b| a.time.total_cmp(&b.time).is_eq()) {
        let came = at_once.iter().filter(|wait| wait.came).count() as u64;
        if came > 0 {
            waiting *= float(at_risk - came) / float(at_risk);
            variance += float(came) / (float(at_risk) * float(at_risk - came));
            let interval = (at_risk > came).then(|| log_log(waiting, variance, z));
            steps.push(Step { time: at_once[0].time, at_risk, came, waiting, interval });
        }
        at_risk -= at_once.len() as u64;
    }
    let first = |holds: &dyn Fn(&Step) -> bool| steps.iter().find(|s| holds(s)).map(|s| s.time);
    let median = first(&|step| step.waiting <= 0.5);
    let is_below = |end: Option<f64>| end.is_none_or(|end| end <= 0.5);
    let lower = first(&|step| is_below(step.interval.map(|interval| interval.lower)));
    let upper = first(&|step| is_below(step.interval.and_then(|interval| interval.upper)));
    Some(Curve { median, median_interval: lower.map(|lower| Interval { lower, upper }), steps })
}

fn log_log(waiting: f64, variance: f64, z: f64) -> Interval {
    let log = waiting.ln();
    let factor = (z * variance.sqrt() / log.abs()).exp();
    Interval::new(waiting.powf(factor), waiting.powf(1.0 / factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::LEVEL;
    use crate::statistics::testing::{assert_near, fixtures, floats};

    #[test]
    fn the_curve_is_that_of_lifelines() {
        for case in fixtures("kaplan_meier") {
            let came = case["came"].as_array().unwrap().iter().map(|came| came == true);
            let waits: Vec<Wait> = floats(&case, "times")
                .into_iter()
                .zip(came)
                .map(|(time, came)| Wait { time, came })
                .collect();
            let found = curve(&waits, LEVEL).unwrap();
            let expected = case["steps"].as_array().unwrap();
            assert_eq!(found.steps.len(), expected.len(), "{case}");
            for (step, expected) in found.steps.iter().zip(expected) {
                let expected: Vec<Option<f64>> =
                    expected.as_array().unwrap().iter().map(serde_json::Value::as_f64).collect();
                assert_near(step.time, expected[0].unwrap(), 0.0, &case);
                assert_near(step.waiting, expected[1].unwrap(), 1e-10, &case);
                if let Some(interval) = step.interval {
                    assert_near(interval.lower, expected[2].unwrap(), 1e-9, &case);
                    assert_near(interval.upper.unwrap(), expected[3].unwrap(), 1e-9, &case);
                }
            }
            assert_eq!(found.median, case["median"].as_f64(), "{case}");
        }
        assert_eq!(curve(&[], LEVEL), None);
    }
}
