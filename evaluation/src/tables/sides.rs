//! A measure at two stages, counted from pairs, whichever way these came.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use throughline_domain::code::Code;
use throughline_domain::code_lists::MissingReason;

use crate::levels::{self, LEVELS_MAX};
use crate::statistics::McNemar;
use crate::tables::TableError;

/// What is known of one case at one stage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A value, and what it was measured with.
    Value {
        /// The value.
        value: String,
        /// The instrument.
        instrument: Code,
    },
    /// A reason why there is none.
    Missing(MissingReason),
    /// Nothing at all.
    NotRecorded,
}

/// A measure at two stages, over one cohort.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomeTable {
    /// The cohort: cases whose referral was accepted.
    pub cases: u64,
    /// Cases with a value at both stages.
    pub pairs: u64,
    /// Cases without.
    pub missing: u64,
    /// The instruments that the pairs were measured with, by name.
    pub instruments: Vec<Code>,
    /// The levels, in order.
    pub levels: Vec<String>,
    /// Pairs by level: rows are the first stage, columns the second.
    pub matrix: Vec<Vec<u64>>,
    /// How many pairs each level had at both stages.
    pub changes: Vec<LevelChange>,
    /// Why values are missing at the first stage, over the whole cohort.
    pub missing_from: MissingCounts,
    /// The same at the second stage.
    pub missing_to: MissingCounts,
    /// Whether there was any at all, before and after.
    pub any_use: AnyUse,
    /// The exact two-sided McNemar p of those who stopped against those who began.
    pub mcnemar_exact_p: f64,
}

/// One level at both stages, among the pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelChange {
    /// The level.
    pub level: String,
    /// Pairs with it at the first stage.
    pub from: u64,
    /// Pairs with it at the second stage.
    pub to: u64,
    /// The change as a percentage of `from`; `None` when that is 0.
    pub percent: Option<f64>,
}

/// How many values are missing, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct MissingCounts {
    /// Nobody asked.
    pub not_asked: u64,
    /// The person declined to answer.
    pub declined: u64,
    /// The person does not know.
    pub unknown_to_client: u64,
    /// It was not safe to ask.
    pub unsafe_to_ask: u64,
    /// Nothing was recorded at the stage.
    pub not_recorded: u64,
}

/// Any use against none, among the pairs. The levels `none`, `0` and `no` are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AnyUse {
    /// Used at the first stage.
    pub used_from: u64,
    /// Used at the second stage.
    pub used_to: u64,
    /// Used at the first and not at the second.
    pub stopped: u64,
    /// Used at the second and not at the first.
    pub began: u64,
    /// Used at both.
    pub both: u64,
    /// Used at neither.
    pub neither: u64,
}

impl OutcomeTable {
    /// Builds the table from how many cases have which sides.
    ///
    /// # Errors
    /// [`TableError::TooManyLevels`] when the measure has too many distinct values.
    pub fn of(measure: &str, counts: &BTreeMap<(Side, Side), u64>) -> Result<Self, TableError> {
        let pairs: Vec<Pair<'_>> = counts.iter().filter_map(Pair::of).collect();
        let values = pairs.iter().flat_map(|pair| [pair.from, pair.to]).collect();
        let levels = levels::ordered(measure, &values);
        if levels.len() > LEVELS_MAX {
            return Err(TableError::TooManyLevels { levels_max: LEVELS_MAX });
        }
        let matrix = matrix(&levels, &pairs);
        let any_use = AnyUse::of(&pairs);
        let cases = counts.values().sum();
        let paired = pairs.iter().map(|pair| pair.count).sum();
        let instruments: BTreeSet<&Code> = pairs.iter().flat_map(|pair| pair.instruments).collect();
        Ok(Self {
            cases,
            pairs: paired,
            missing: cases - paired,
            instruments: instruments.into_iter().cloned().collect(),
            changes: changes(&levels, &matrix),
            levels,
            matrix,
            missing_from: MissingCounts::of(counts.iter().map(|((from, _), n)| (from, *n))),
            missing_to: MissingCounts::of(counts.iter().map(|((_, to), n)| (to, *n))),
            mcnemar_exact_p: McNemar::of(any_use.stopped, any_use.began).p,
            any_use,
        })
    }
}

/// Cases with the same two values.
struct Pair<'a> {
    from: &'a str,
    to: &'a str,
    instruments: [&'a Code; 2],
    count: u64,
}

impl<'a> Pair<'a> {
    fn of((sides, count): (&'a (Side, Side), &u64)) -> Option<Self> {
        let (
            Side::Value { value: from, instrument: first },
            Side::Value { value: to, instrument: second },
        ) = sides
        else {
            return None;
        };
        Some(Self { from, to, instruments: [first, second], count: *count })
    }
}

fn matrix(levels: &[String], pairs: &[Pair<'_>]) -> Vec<Vec<u64>> {
    let place: BTreeMap<&str, usize> = levels.iter().map(String::as_str).zip(0..).collect();
    let mut matrix = vec![vec![0; levels.len()]; levels.len()];
    for pair in pairs {
        matrix[place[pair.from]][place[pair.to]] += pair.count;
    }
    matrix
}

fn changes(levels: &[String], matrix: &[Vec<u64>]) -> Vec<LevelChange> {
    let change = |(level, place): (&String, usize)| {
        let from = matrix[place].iter().sum();
        let to = matrix.iter().map(|row| row[place]).sum();
        LevelChange { level: level.clone(), from, to, percent: percent_change(from, to) }
    };
    levels.iter().zip(0..).map(change).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of cases are exact as floating-point numbers"
)]
fn percent_change(from: u64, to: u64) -> Option<f64> {
    (from != 0).then(|| 100.0 * (to as f64 - from as f64) / from as f64)
}

impl MissingCounts {
    fn of<'a>(sides: impl Iterator<Item = (&'a Side, u64)>) -> Self {
        let mut counts = Self::default();
        for (side, cases) in sides {
            *match side {
                Side::Value { .. } => continue,
                Side::Missing(MissingReason::NotAsked) => &mut counts.not_asked,
                Side::Missing(MissingReason::Declined) => &mut counts.declined,
                Side::Missing(MissingReason::UnknownToClient) => &mut counts.unknown_to_client,
                Side::Missing(MissingReason::UnsafeToAsk) => &mut counts.unsafe_to_ask,
                Side::NotRecorded => &mut counts.not_recorded,
            } += cases;
        }
        counts
    }
}

impl AnyUse {
    fn of(pairs: &[Pair<'_>]) -> Self {
        let mut any = Self::default();
        for Pair { from, to, count, .. } in pairs {
            let used = (is_use(from), is_use(to));
            any.used_from += if used.0 { *count } else { 0 };
            any.used_to += if used.1 { *count } else { 0 };
            *match used {
                (true, true) => &mut any.both,
                (true, false) => &mut any.stopped,
                (false, true) => &mut any.began,
                (false, false) => &mut any.neither,
            } += count;
        }
        any
    }
}

/// Whether a value is any use at all.
pub(super) fn is_use(value: &str) -> bool {
    !matches!(value, "none" | "0" | "no")
}
