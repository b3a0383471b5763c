//! Incidents before and after the referral, per person-year, so that a longer time of observation is
//! not mistaken for a change.
//!
//! Time at risk before: the months asked for, up to the referral. Time at risk after: from the
//! referral to the date asked about, or as many months as are asked for. An incident counts where it
//! happened, whenever it was reported.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::CodeList as _;

use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incidents {
    /// Calendar months before the referral.
    pub months_before: u16,
    /// Calendar months after it at most; up to the date asked about where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub months_after: Option<u16>,
    /// Calendar months in one step of the series; no series where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_months: Option<u16>,
}

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
    /// How many had which police outcome.
    pub police_outcomes: BTreeMap<String, BeforeAfterCounts>,
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
}

/// How many incidents there were before and after.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct BeforeAfterCounts {
    /// Before the referral.
    pub before: u64,
    /// After it.
    pub after: u64,
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
}

impl Table for Incidents {
    type Observation = AtRisk;
    type Answer = IncidentsTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<AtRisk> {
        let referred = case.referral().received.at;
        let from = months_from(referred, -i32::from(self.months_before));
        let as_of = case.asked().as_of;
        let until = self
            .months_after
            .map_or(as_of, |months| as_of.min(months_from(referred, i32::from(months))));
        let incidents = case.each(|event| {
            let CaseEvent::IncidentReported(facts) = event else { return None };
            Some((facts.kind.as_str(), facts.police_outcome.map_or("not_said", |o| o.as_str())))
        });
        let bounds = self.bounds(referred, from, until);
        let step_of = |at: Timestamp| {
            bounds.iter().rfind(|(_, from, until)| *from <= at && at < *until).map(|(n, ..)| *n)
        };
        let incidents =
            incidents.filter(|(at, _)| from <= *at && *at < until).map(|(at, (kind, outcome))| {
                Incident { is_after: at >= referred, step: step_of(at), kind, outcome }
            });
        Some(AtRisk {
            incidents: incidents.collect(),
            before: seconds(from, referred),
            after: seconds(referred, until),
            steps: bounds.iter().map(|(n, from, until)| (*n, seconds(*from, *until))).collect(),
        })
    }

    fn conclude(&self, observations: &[&AtRisk]) -> Result<IncidentsTable, TableError> {
        let sum = |of: &dyn Fn(&AtRisk) -> i64| observations.iter().map(|at| of(at)).sum::<i64>();
        let (before, after) = (sum(&|at| at.before), sum(&|at| at.after));
        let (mut total, mut steps) =
            (BeforeAfterCounts::default(), BTreeMap::<i32, (u64, i64)>::new());
        let mut kinds: BTreeMap<&str, BeforeAfterCounts> = BTreeMap::new();
        let mut police_outcomes: BTreeMap<String, BeforeAfterCounts> = BTreeMap::new();
        for at_risk in observations {
            for (step, seconds) in &at_risk.steps {
                steps.entry(*step).or_default().1 += seconds;
            }
            for incident in &at_risk.incidents {
                total.take(incident);
                kinds.entry(incident.kind).or_default().take(incident);
                police_outcomes.entry(incident.outcome.to_owned()).or_default().take(incident);
                if let Some(step) = incident.step {
                    steps.entry(step).or_default().0 += 1;
                }
            }
        }
        let rates = |counts: &BeforeAfterCounts| BeforeAfter {
            before: Rate::of(counts.before, before),
            after: Rate::of(counts.after, after),
        };
        let series =
            steps.iter().map(|(step, (n, seconds))| (step.to_string(), Rate::of(*n, *seconds)));
        Ok(IncidentsTable {
            cases: observations.len() as u64,
            total: rates(&total),
            kinds: kinds.iter().map(|(kind, counts)| ((*kind).to_owned(), rates(counts))).collect(),
            police_outcomes,
            series: series.collect(),
        })
    }
}

impl Incidents {
    /// The steps of the series, each with its number of months from the referral, cut at the ends of
    /// the time at risk.
    fn bounds(
        &self,
        referred: Timestamp,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<(i32, Timestamp, Timestamp)> {
        let Some(step) = self.step_months.filter(|months| *months > 0).map(i32::from) else {
            return Vec::new();
        };
        let first = -(i32::from(self.months_before) / step + 1);
        (first..first + STEPS_MAX)
            .map(|n| {
                (n * step, months_from(referred, n * step), months_from(referred, (n + 1) * step))
            })
            .map(|(n, begins, ends)| (n, begins.max(from), ends.min(until)))
            .filter(|(_, begins, ends)| begins < ends)
            .collect()
    }
}

impl BeforeAfterCounts {
    fn take(&mut self, incident: &Incident) {
        *if incident.is_after { &mut self.after } else { &mut self.before } += 1;
    }
}

impl Rate {
    #[expect(clippy::cast_precision_loss, reason = "seconds of all cases are far below 2^53")]
    fn of(incidents: u64, seconds: i64) -> Self {
        let person_years = seconds as f64 / (365.25 * 86_400.0);
        let rate = (seconds > 0).then(|| incidents as f64 / person_years);
        Self { incidents, person_years, rate }
    }
}

/// So many calendar months after a moment, or before it (UTC); at most to the ends of time.
fn months_from(at: Timestamp, months: i32) -> Timestamp {
    let moved = at.to_zoned(TimeZone::UTC).checked_add(months.months());
    moved.map_or(if months < 0 { Timestamp::MIN } else { Timestamp::MAX }, |to| to.timestamp())
}

fn seconds(from: Timestamp, until: Timestamp) -> i64 {
    (until.as_second() - from.as_second()).max(0)
}
