//! How risk went: time at each level, the moves between assessments, who fell, and who rose first.
//!
//! A spell at a level lasts from the assessment that found it to the next, the last one to the exit
//! or, where the case is not closed, to the date asked about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::{CodeList as _, RiskLevel};
use throughline_domain::rules::{Rule, Value};

use super::group::Counts2;
use super::{Table, TableError};
use crate::evaluated_case::EvaluatedCase;

/// The rule by which a reduction is sustained.
const SUSTAINED: &str = "sustained-reduction/1";

/// The question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trajectory {}

/// How one case's risk went.
#[derive(Debug, Clone, PartialEq)]
pub struct Went {
    /// Every assessed level with the seconds for which it was the latest.
    spells: Vec<(RiskLevel, i64)>,
    sustained: bool,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrajectoryTable {
    /// The cases.
    pub cases: u64,
    /// Cases that were assessed at least once.
    pub assessed: u64,
    /// Days at each level, of all cases together.
    pub days: BTreeMap<String, f64>,
    /// Assessments at a level (first member) that the next assessment moved to a level (second).
    pub moves: Counts2,
    /// Cases by their first level.
    pub first: BTreeMap<String, u64>,
    /// Cases by their latest level.
    pub last: BTreeMap<String, u64>,
    /// Cases that are below their first level now.
    pub fell: u64,
    /// Of those, the cases that had been above it in between.
    pub rose_before_they_fell: u64,
    /// Cases that are above their first level now.
    pub rose: u64,
    /// Cases with a sustained reduction (`sustained-reduction/1`).
    pub sustained: u64,
}

impl Table for Trajectory {
    type Observation = Went;
    type Answer = TrajectoryTable;

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Went> {
        let mut assessed: Vec<(Timestamp, RiskLevel)> = case
            .each(|event| {
                let CaseEvent::RiskAssessed(facts) = event else { return None };
                Some(facts.level)
            })
            .collect();
        // In the recorded reading facts come as they were recorded, and time runs all the same.
        assessed.sort_by_key(|(at, _)| *at);
        let end = case.exited_at().unwrap_or(case.asked().as_of);
        let until = assessed.iter().skip(1).map(|(at, _)| *at).chain([end]);
        let spells = assessed
            .iter()
            .zip(until)
            .map(|((from, level), until)| (*level, until.as_second() - from.as_second()))
            .map(|(level, seconds)| (level, seconds.max(0)))
            .collect();
        let rule = Rule::find(SUSTAINED).map(|rule| rule.ask(case.view()).value);
        Some(Went { spells, sustained: rule == Some(Value::Holds(true)) })
    }

    fn conclude(&self, observations: &[&Went]) -> Result<TrajectoryTable, TableError> {
        let mut table = TrajectoryTable {
            cases: observations.len() as u64,
            assessed: 0,
            days: BTreeMap::new(),
            moves: Counts2::new(),
            first: BTreeMap::new(),
            last: BTreeMap::new(),
            fell: 0,
            rose_before_they_fell: 0,
            rose: 0,
            sustained: 0,
        };
        let mut seconds: BTreeMap<RiskLevel, i64> = BTreeMap::new();
        for went in observations {
            table.take(went);
            for (level, spell) in &went.spells {
                *seconds.entry(*level).or_default() += spell;
            }
        }
        table.days = seconds.into_iter().map(|(level, sum)| (name(level), days(sum))).collect();
        Ok(table)
    }
}

impl TrajectoryTable {
    fn take(&mut self, went: &Went) {
        let levels: Vec<RiskLevel> = went.spells.iter().map(|(level, _)| *level).collect();
        let (Some(&first), Some(&last)) = (levels.first(), levels.last()) else { return };
        self.assessed += 1;
        *self.first.entry(name(first)).or_default() += 1;
        *self.last.entry(name(last)).or_default() += 1;
        for pair in levels.windows(2) {
            *self.moves.entry(name(pair[0])).or_default().entry(name(pair[1])).or_default() += 1;
        }
        let has_fallen = last < first;
        self.fell += u64::from(has_fallen);
        self.rose += u64::from(last > first);
        self.rose_before_they_fell +=
            u64::from(has_fallen && levels.iter().any(|level| *level > first));
        self.sustained += u64::from(went.sustained);
    }
}

fn name(level: RiskLevel) -> String {
    level.as_str().to_owned()
}

/// Summed in whole seconds first: a sum of floating-point numbers depends on their order.
#[expect(clippy::cast_precision_loss, reason = "seconds of all cases are far below 2^53")]
fn days(seconds: i64) -> f64 {
    seconds as f64 / 86_400.0
}
