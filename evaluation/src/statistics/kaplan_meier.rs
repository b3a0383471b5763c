//! How long until something happens, when for some it has not happened yet.

use super::error::Undefined;
use super::interval::{Interval, Level};
use super::normal;
use super::sum::real;

/// How the time of following someone ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With what was waited for.
    Event,
    /// Without it, so far as is known: closed, or still waiting on the date asked about.
    Censored,
}

/// For how long someone was followed, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FollowUp {
    /// The time, not below zero, in any one unit.
    pub time: f64,
    /// How it ended.
    pub ending: Ending,
}

/// Kaplan and Meier's estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalCurve {
    /// One step for each distinct time, of events or of censoring alone, rising.
    pub steps: Vec<SurvivalStep>,
    /// By when it has happened to half.
    pub median: MedianTime,
}

/// What is known at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalStep {
    /// The time, in the unit of the observations.
    pub time: f64,
    /// Followed until this time at least. Who is censored at a time is at risk at it.
    pub at_risk: u64,
    /// To how many it happened at this time.
    pub events: u64,
    /// How many are followed no longer, without the event.
    pub censored: u64,
    /// The chance that it has not happened by this time, included.
    pub survival: f64,
    /// Greenwood's variance of the survival; `None` at a survival of 0, where it is undefined.
    pub variance: Option<f64>,
    /// The interval of the survival on the log-log scale; `None` at a survival of 0 or 1, where
    /// that scale has no value.
    pub interval: Option<Interval>,
}

/// By when it has happened to half, with Brookmeyer and Crowley's interval on the log-log scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MedianTime {
    /// The first time at which the survival is not above one half (R gives the middle where it is
    /// exactly one half for a while); `None` if it is never so low.
    pub estimate: Option<f64>,
    /// The first time whose interval's lower end is not above one half; `None` if there is none.
    pub lower: Option<f64>,
    /// The first time whose interval's upper end is not above one half; `None` if there is none: the
    /// median has no upper bound.
    pub upper: Option<f64>,
}

/// Kaplan and Meier's estimate of how long it takes, with Greenwood's variance and a log-log
/// interval at each time.
///
/// Source: E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations", JASA
/// 53 (1958); M. Greenwood (1926); J. D. Kalbfleisch and R. L. Prentice, "The Statistical Analysis of
/// Failure Time Data" (1980), 1.3; R. Brookmeyer and J. Crowley, "A confidence interval for the
/// median survival time", Biometrics 38 (1982). As R's `survfit(conf.type = "log-log")`.
///
/// # Errors
/// [`Undefined::NothingObserved`] of nobody; [`Undefined::NotFinite`] and [`Undefined::NotPositive`]
/// of a time that is no number or below zero.
pub fn kaplan_meier(followed: &[FollowUp], level: Level) -> Result<SurvivalCurve, Undefined> {
    let steps = steps(&in_order(followed)?, normal::critical(level));
    let first = |is_there: &dyn Fn(&SurvivalStep) -> bool| {
        steps.iter().find(|step| is_there(step)).map(|step| step.time)
    };
    let ends_by = |end: fn(Interval) -> f64| {
        first(&|step| step.interval.is_some_and(|interval| end(interval) <= HALF))
    };
    let median = MedianTime {
        estimate: first(&|step| step.survival <= HALF),
        lower: ends_by(|interval| interval.lower),
        upper: ends_by(|interval| interval.upper),
    };
    Ok(SurvivalCurve { steps, median })
}

/// One half, and the noise of a product that is exactly that on paper.
const HALF: f64 = 0.5 + 1e-12;

fn in_order(followed: &[FollowUp]) -> Result<Vec<FollowUp>, Undefined> {
    if followed.is_empty() {
        return Err(Undefined::NothingObserved);
    }
    let mut ordered = Vec::with_capacity(followed.len());
    for FollowUp { time, ending } in followed {
        if !time.is_finite() {
            return Err(Undefined::NotFinite);
        }
        if *time < 0.0 {
            return Err(Undefined::NotPositive);
        }
        // Zero has two signs; adding zero leaves one.
        ordered.push(FollowUp { time: time + 0.0, ending: *ending });
    }
    ordered.sort_unstable_by(|a, b| a.time.total_cmp(&b.time));
    Ok(ordered)
}

fn steps(ordered: &[FollowUp], z: f64) -> Vec<SurvivalStep> {
    let mut at_risk = ordered.len() as u64;
    let (mut survival, mut greenwood) = (1.0, 0.0);
    let mut steps = Vec::new();
    for together in ordered.chunk_by(|a, b| a.time.total_cmp(&b.time).is_eq()) {
        let gone = together.len() as u64;
        let events = together.iter().filter(|one| one.ending == Ending::Event).count() as u64;
        let left = at_risk - events;
        survival *= real(left) / real(at_risk);
        greenwood += if left == 0 { 0.0 } else { real(events) / real(at_risk) / real(left) };
        let is_open = survival > 0.0;
        steps.push(SurvivalStep {
            time: together[0].time,
            at_risk,
            events,
            censored: gone - events,
            survival,
            variance: is_open.then_some(survival * survival * greenwood),
            interval: (is_open && survival < 1.0).then(|| log_log(survival, greenwood, z)),
        });
        at_risk -= gone;
    }
    steps
}

/// The interval whose ends are those of `ln(-ln S)`, carried back: within 0 to 1 by itself.
fn log_log(survival: f64, greenwood: f64, z: f64) -> Interval {
    let log = libm::log(survival);
    let factor = libm::exp(z * greenwood.sqrt() / log.abs());
    Interval { lower: libm::exp(log * factor), upper: libm::exp(log / factor) }
}
