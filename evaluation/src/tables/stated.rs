//! Statistics as tables state them: typed, with a name each. What cannot be told is absent.

use serde::Serialize;

use crate::statistics::{
    Ending, FollowUp, Interval, Level, PMethod, Proportion, RatioInterval, SurvivalCurve, TwoByTwo,
    hodges_lehmann, kaplan_meier, mann_whitney, newcombe,
};
use crate::statistics::{Summary, SurvivalStep};

/// A two-sided 95% interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Between {
    /// The lower end; `None` where there is none.
    pub lower: Option<f64>,
    /// The upper end; `None` where there is none.
    pub upper: Option<f64>,
}

/// The values of some cases in a few numbers, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Distribution {
    /// How many values.
    pub count: u64,
    /// The arithmetic mean.
    pub mean: f64,
    /// The standard deviation of a sample; `None` of a single value.
    pub standard_deviation: Option<f64>,
    /// The smallest.
    pub min: f64,
    /// A quarter lies below (between neighbours in proportion, as in R and `NumPy`).
    pub lower_quartile: f64,
    /// Half lies below.
    pub median: f64,
    /// Three quarters lie below.
    pub upper_quartile: f64,
    /// The largest.
    pub max: f64,
}

/// A share of some cases, with Wilson's interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StatedShare {
    /// How many have it.
    pub cases: u64,
    /// Out of how many.
    pub of: u64,
    /// The share in per cent; `None` of nobody.
    pub percent: Option<f64>,
    /// Wilson's 95% interval, in per cent.
    pub percent_between: Option<Between>,
}

/// The shares of two groups set beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SharesBeside {
    /// The share in the first group.
    pub first: StatedShare,
    /// The share in the second group.
    pub second: StatedShare,
    /// The first less the second, in percentage points; `None` where a group is empty.
    pub difference: Option<f64>,
    /// Newcombe's 95% interval of the difference.
    pub difference_between: Option<Between>,
    /// Fisher's exact two-sided p.
    pub fisher_exact_p: Option<f64>,
    /// The odds ratio as observed; `None` without bound, and where a row or column is empty.
    pub odds_ratio: Option<f64>,
    /// The exact conditional 95% interval of the odds ratio.
    pub odds_ratio_between: Option<Between>,
}

/// The values of two groups set beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ValuesBeside {
    /// The values of the first group; `None` where it has none.
    pub first: Option<Distribution>,
    /// The values of the second group.
    pub second: Option<Distribution>,
    /// The Mann-Whitney test; `None` where a group has no values.
    pub mann_whitney: Option<RankTest>,
    /// By how much the first is larger: Hodges and Lehmann's shift, in the unit of the values.
    pub shift: Option<f64>,
    /// Its 95% interval; `None` where so few values cannot have one.
    pub shift_between: Option<Between>,
}

/// The Mann-Whitney test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RankTest {
    /// In how many pairs of one value each the first group's is larger; ties count half.
    pub u_first: f64,
    /// The same for the second.
    pub u_second: f64,
    /// The mean rank of the first group's values among all; equal values share theirs.
    pub mean_rank_first: f64,
    /// The same for the second.
    pub mean_rank_second: f64,
    /// How many standard deviations `u_first` is above what chance alone gives, corrected for ties and
    /// not for continuity; `None` where all values are equal.
    pub z: Option<f64>,
    /// The two-sided p.
    pub p: f64,
    /// How the p was had: `exact`, or `asymptotic` with corrections for ties and continuity.
    pub method: &'static str,
}

/// How long it takes, for those too to whom it has not happened: Kaplan and Meier's estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// Followed.
    pub cases: u64,
    /// To how many it happened.
    pub events: u64,
    /// The first time at which it has happened to half; `None` while it has not.
    pub median: Option<f64>,
    /// The 95% interval of the median.
    pub median_between: Option<Between>,
    /// A step for each time at which something happened or somebody was followed no longer.
    pub steps: Vec<Step>,
}

/// One step of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Step {
    /// The time.
    pub time: f64,
    /// Followed until then at least.
    pub at_risk: u64,
    /// To how many it happened then.
    pub events: u64,
    /// How many are followed no longer, without it.
    pub censored: u64,
    /// The chance that it has not happened by then.
    pub survival: f64,
    /// Its 95% interval; `None` at 0 and 1, where there is none.
    pub survival_between: Option<Between>,
}

impl From<Interval> for Between {
    fn from(Interval { lower, upper }: Interval) -> Self {
        Self { lower: Some(lower), upper: Some(upper) }
    }
}

impl From<RatioInterval> for Between {
    fn from(RatioInterval { lower, upper }: RatioInterval) -> Self {
        Self { lower: Some(lower), upper }
    }
}

impl Distribution {
    /// Of some values; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let summary = Summary::of(values).ok()?;
        Some(Self {
            count: summary.count as u64,
            mean: summary.mean,
            standard_deviation: summary.standard_deviation,
            min: summary.minimum,
            lower_quartile: summary.lower_quartile,
            median: summary.median,
            upper_quartile: summary.upper_quartile,
            max: summary.maximum,
        })
    }
}

impl StatedShare {
    /// `cases` of so many.
    #[must_use]
    pub fn of(cases: u64, of: u64) -> Self {
        let share = Proportion::new(cases, of).ok();
        Self {
            cases,
            of,
            percent: share.map(Proportion::percent),
            percent_between: share.map(|share| percents(share.wilson(Level::P95))),
        }
    }
}

impl SharesBeside {
    /// Of two groups, each as how many of how many.
    #[must_use]
    pub fn of(first: (u64, u64), second: (u64, u64)) -> Self {
        let both = Proportion::new(first.0, first.1).ok();
        let both = both.zip(Proportion::new(second.0, second.1).ok());
        let difference = both.map(|(a, b)| newcombe(a, b, Level::P95));
        let fisher = both.and_then(|(a, b)| TwoByTwo::of(a, b).fisher(Level::P95).ok());
        let odds = fisher.and_then(|fisher| fisher.odds_ratio);
        Self {
            first: StatedShare::of(first.0, first.1),
            second: StatedShare::of(second.0, second.1),
            difference: difference.map(|difference| 100.0 * difference.estimate),
            difference_between: difference.map(|difference| percents(difference.interval)),
            fisher_exact_p: fisher.map(|fisher| fisher.p),
            odds_ratio: odds.and_then(|odds| odds.sample),
            odds_ratio_between: odds.map(|odds| odds.interval.into()),
        }
    }
}

impl ValuesBeside {
    /// Of two groups.
    #[must_use]
    pub fn of(first: &[f64], second: &[f64]) -> Self {
        let test = mann_whitney(first, second).ok();
        let shift = hodges_lehmann(first, second, Level::P95).ok();
        Self {
            first: Distribution::of(first),
            second: Distribution::of(second),
            mann_whitney: test.map(|test| RankTest {
                u_first: test.u_first,
                u_second: test.u_second,
                mean_rank_first: test.mean_rank_first,
                mean_rank_second: test.mean_rank_second,
                z: test.z,
                p: test.p,
                method: match test.method {
                    PMethod::Exact => "exact",
                    PMethod::Asymptotic => "asymptotic",
                },
            }),
            shift: shift.map(|shift| shift.estimate),
            shift_between: shift.and_then(|shift| shift.interval).map(Between::from),
        }
    }
}

impl Curve {
    /// Of times, each with whether it happened then; `None` of nobody.
    #[must_use]
    pub fn of(times: &[(f64, bool)]) -> Option<Self> {
        let followed = times.iter().map(|(time, happened)| FollowUp {
            time: *time,
            ending: if *happened { Ending::Event } else { Ending::Censored },
        });
        let SurvivalCurve { steps, median } =
            kaplan_meier(&followed.collect::<Vec<_>>(), Level::P95).ok()?;
        let between = Between { lower: median.lower, upper: median.upper };
        Some(Self {
            cases: times.len() as u64,
            events: steps.iter().map(|step| step.events).sum(),
            median: median.estimate,
            median_between: (between.lower.is_some() || between.upper.is_some()).then_some(between),
            steps: steps.iter().map(Step::of).collect(),
        })
    }
}

impl Step {
    fn of(step: &SurvivalStep) -> Self {
        Self {
            time: step.time,
            at_risk: step.at_risk,
            events: step.events,
            censored: step.censored,
            survival: step.survival,
            survival_between: step.interval.map(Between::from),
        }
    }
}

fn percents(interval: Interval) -> Between {
    Between { lower: Some(100.0 * interval.lower), upper: Some(100.0 * interval.upper) }
}
