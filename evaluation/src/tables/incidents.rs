//! Incidents before and after the referral, per person-year, so that a longer time of observation is
//! not mistaken for a change.
//!
//! Time at risk before: the months asked for, up to the referral. Time at risk after: from the
//! referral to the date asked about, or as many months as are asked for. An incident counts where it
//! happened, whenever it was reported.
//!
//! The same around another moment where one is named: the first change of placement for a reason, such
//! as a separation. What is said of the referral then holds of that, and the table is about the cases
//! that had it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::code_lists::CodeList as _;

use super::stated::Between;
use super::{Table, TableError, Wrong};
use crate::evaluated_case::EvaluatedCase;
use crate::statistics::{self, Level, rate_ratio};

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incidents {
    /// The reason of the change of placement that is looked at; the referral where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Code>,
    /// Calendar months before the referral.
    pub months_before: u16,
    /// Calendar months after it at most; up to the date asked about where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months_after: Option<u16>,
    /// Calendar months in one step of the series; no series where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_months: Option<u16>,
}

/// Months on either side at most.
const MONTHS_MAX: u16 = 1_200;
/// Steps of a series at most, before and after together.
const STEPS_MAX: i32 = 240;

/// One case: its incidents with their step, and the seconds at risk in each step.
#[derive(Debug, Clone, PartialEq)]
pub struct AtRisk {
    incidents: Vec<Incident>,
    before: i64,
    after: i64,
    steps: BTreeMap<i32, i64>,
}

#[derive(Debug, Clone, PartialEq)]
struct Incident {
    is_after: bool,
    step: Option<i32>,
    kind: &'static str,
    outcome: &'static str,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentsTable {
    /// The cases.
    pub cases: u64,
    /// All incidents.
    pub total: BeforeAfter,
    /// By kind.
    pub kinds: BTreeMap<String, BeforeAfter>,
    /// By police outcome.
    pub police_outcomes: BTreeMap<String, BeforeAfter>,
    /// By how many incidents a case had, before and after: how many cases.
    pub per_case: PerCase,
    /// By step from the referral, which is at 0: a step is named by the month it begins with.
    pub series: BTreeMap<String, Rate>,
}

/// How often incidents came before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BeforeAfter {
    /// Before the referral.
    pub before: Rate,
    /// After it.
    pub after: Rate,
    /// The rate after over the rate before; `None` where nobody was observed on one side.
    pub ratio: Option<Ratio>,
}

/// One rate over another. It supposes that incidents come one by one and independently, which those of
/// one case do not quite: the interval is then too narrow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ratio {
    /// The ratio; `None` where there was no incident before.
    pub estimate: Option<f64>,
    /// Its exact conditional 95% interval.
    pub between: Between,
    /// The exact two-sided p of the rates being equal.
    pub p: f64,
}

/// How many cases had how many incidents, by that number.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PerCase {
    /// Before the referral.
    pub before: BTreeMap<u64, u64>,
    /// After it.
    pub after: BTreeMap<u64, u64>,
    /// Cases with fewer incidents a year after than before.
    pub fewer: u64,
    /// Cases with as many, none at all among them.
    pub as_many: u64,
    /// Cases with more.
    pub more: u64,
}

/// How many incidents there were before and after.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Counts {
    before: u64,
    after: u64,
}

/// How often incidents came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rate {
    /// Incidents.
    pub incidents: u64,
    /// Years of 365.25 days that persons were observed for.
    pub person_years: f64,
    /// Incidents per person-year; `None` where nobody was observed.
    pub rate: Option<f64>,
    /// Garwood's exact 95% interval of the rate.
    pub between: Option<Between>,
}

impl Table for Incidents {
    type Observation = AtRisk;
    type Answer = IncidentsTable;

    fn check(&self) -> Vec<Wrong> {
        let longest = self.months_before.max(self.months_after.unwrap_or(0));
        let mut wrong = Vec::new();
        if longest > MONTHS_MAX {
            let member = if longest == self.months_before { "before" } else { "after" };
            wrong.push(Wrong::at(&format!("/months_{member}"), "is 1200 at most"));
        }
        if self.step_months == Some(0) {
            wrong.push(Wrong::at("/step_months", "is 1 at least"));
        }
        wrong
    }

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<AtRisk> {
        let moment = self.moment(case)?;
        let from = months_from(moment, -i32::from(self.months_before));
        let as_of = case.asked().as_of;
        let until = self
            .months_after
            .map_or(as_of, |months| as_of.min(months_from(moment, i32::from(months))));
        let incidents = case.each(|event| {
            let CaseEvent::IncidentReported(facts) = event else { return None };
            Some((facts.kind.as_str(), facts.police_outcome.map_or("not_said", |o| o.as_str())))
        });
        let bounds = self.bounds(moment, from, until);
        let step_of = |at: Timestamp| {
            bounds.iter().rfind(|(_, from, until)| *from <= at && at < *until).map(|(n, ..)| *n)
        };
        let incidents =
            incidents.filter(|(at, _)| from <= *at && *at < until).map(|(at, (kind, outcome))| {
                Incident { is_after: at >= moment, step: step_of(at), kind, outcome }
            });
        Some(AtRisk {
            incidents: incidents.collect(),
            before: seconds(from, moment),
            after: seconds(moment, until),
            steps: bounds.iter().map(|(n, from, until)| (*n, seconds(*from, *until))).collect(),
        })
    }

    fn conclude(&self, observations: &[&AtRisk]) -> Result<IncidentsTable, TableError> {
        let sum = |of: &dyn Fn(&AtRisk) -> i64| observations.iter().map(|at| of(at)).sum::<i64>();
        let (before, after) = (sum(&|at| at.before), sum(&|at| at.after));
        let (mut total, mut steps) = (Counts::default(), BTreeMap::<i32, (u64, i64)>::new());
        let mut kinds: BTreeMap<&str, Counts> = BTreeMap::new();
        let mut police_outcomes: BTreeMap<&str, Counts> = BTreeMap::new();
        let mut per_case = PerCase::default();
        for at_risk in observations {
            per_case.take(at_risk);
            for (step, seconds) in &at_risk.steps {
                steps.entry(*step).or_default().1 += seconds;
            }
            for incident in &at_risk.incidents {
                total.take(incident);
                kinds.entry(incident.kind).or_default().take(incident);
                police_outcomes.entry(incident.outcome).or_default().take(incident);
                if let Some(step) = incident.step {
                    steps.entry(step).or_default().0 += 1;
                }
            }
        }
        let rates = |counts: &Counts| BeforeAfter::of(*counts, before, after);
        let by = |counts: BTreeMap<&str, Counts>| {
            counts.iter().map(|(name, counts)| ((*name).to_owned(), rates(counts))).collect()
        };
        let series =
            steps.iter().map(|(step, (n, seconds))| (step.to_string(), Rate::of(*n, *seconds)));
        Ok(IncidentsTable {
            cases: observations.len() as u64,
            total: rates(&total),
            kinds: by(kinds),
            police_outcomes: by(police_outcomes),
            per_case,
            series: series.collect(),
        })
    }
}

impl Incidents {
    /// What the time before and the time after meet at.
    fn moment(&self, case: &EvaluatedCase<'_>) -> Option<Timestamp> {
        let Some(reason) = &self.around else { return Some(case.referral().received.at) };
        let changes = case.each(|event| {
            let CaseEvent::PlacementChanged(facts) = event else { return None };
            (facts.reason.as_ref() == Some(reason)).then_some(())
        });
        changes.map(|(at, ())| at).min()
    }

    /// The steps of the series, each with its number of months from the referral, cut at the ends of
    /// the time at risk.
    fn bounds(
        &self,
        moment: Timestamp,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<(i32, Timestamp, Timestamp)> {
        let Some(step) = self.step_months.filter(|months| *months > 0).map(i32::from) else {
            return Vec::new();
        };
        let first = -(i32::from(self.months_before) / step + 1);
        (first..first + STEPS_MAX)
            .map(|n| (n * step, months_from(moment, n * step), months_from(moment, (n + 1) * step)))
            .map(|(n, begins, ends)| (n, begins.max(from), ends.min(until)))
            .filter(|(_, begins, ends)| begins < ends)
            .collect()
    }
}

impl Counts {
    fn take(&mut self, incident: &Incident) {
        *if incident.is_after { &mut self.after } else { &mut self.before } += 1;
    }
}

impl PerCase {
    fn take(&mut self, at_risk: &AtRisk) {
        let mut counts = Counts::default();
        at_risk.incidents.iter().for_each(|incident| counts.take(incident));
        *self.before.entry(counts.before).or_default() += 1;
        *self.after.entry(counts.after).or_default() += 1;
        // a / x is to b / y as a * y is to b * x, in whole numbers.
        let weighed = |count: u64, seconds: i64| i128::from(count) * i128::from(seconds);
        let before = weighed(counts.before, at_risk.after);
        *match weighed(counts.after, at_risk.before).cmp(&before) {
            Ordering::Less => &mut self.fewer,
            Ordering::Equal => &mut self.as_many,
            Ordering::Greater => &mut self.more,
        } += 1;
    }
}

impl BeforeAfter {
    fn of(counts: Counts, before: i64, after: i64) -> Self {
        let rate = |count, seconds| statistics::Rate::new(count, years(seconds)).ok();
        let both = rate(counts.after, after).zip(rate(counts.before, before));
        let ratio = both.map(|(after, before)| rate_ratio(after, before, Level::P95));
        Self {
            before: Rate::of(counts.before, before),
            after: Rate::of(counts.after, after),
            ratio: ratio.map(|ratio| Ratio {
                estimate: ratio.estimate,
                between: ratio.interval.into(),
                p: ratio.p,
            }),
        }
    }
}

impl Rate {
    fn of(incidents: u64, seconds: i64) -> Self {
        let person_years = years(seconds);
        let rate = statistics::Rate::new(incidents, person_years).ok();
        Self {
            incidents,
            person_years,
            rate: rate.map(statistics::Rate::per_person_year),
            between: rate.map(|rate| rate.garwood(Level::P95).into()),
        }
    }
}

/// Seconds in years of 365.25 days.
#[expect(clippy::cast_precision_loss, reason = "seconds of all cases are far below 2^53")]
fn years(seconds: i64) -> f64 {
    seconds as f64 / (365.25 * 86_400.0)
}

/// So many calendar months after a moment, or before it (UTC); at most to the ends of time.
fn months_from(at: Timestamp, months: i32) -> Timestamp {
    let moved = at.to_zoned(TimeZone::UTC).checked_add(months.months());
    moved.map_or(if months < 0 { Timestamp::MIN } else { Timestamp::MAX }, |to| to.timestamp())
}

fn seconds(from: Timestamp, until: Timestamp) -> i64 {
    (until.as_second() - from.as_second()).max(0)
}
