//! What a run came to: as a table for people, and as one JSON document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::closed_loop::Window;
use super::conditions::Conditions;
use super::statistics::{Latencies, Spread};
use crate::commands::progress::grouped;

/// Everything that was measured in one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(super) workloads: Vec<Outcome>,
    /// The bare database, by what it was asked to do.
    pub(super) bare: BTreeMap<String, Figure>,
    pub(super) conditions: Conditions,
}

/// What one workload came to.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) name: &'static str,
    #[serde(flatten)]
    pub(super) figure: Figure,
    /// The median of the bare figure that stood beside it, in the same unit.
    #[serde(serialize_with = "rounded_if_any")]
    pub(super) bare: Option<f64>,
    /// Which figure that is.
    pub(super) bare_name: Option<String>,
    /// The median of the ratios round by round.
    #[serde(serialize_with = "rounded_if_any")]
    pub(super) ratio: Option<f64>,
    #[serde(serialize_with = "rounded_if_any")]
    pub(super) target: Option<f64>,
    /// What the target is about and which way it points.
    pub(super) target_is: Option<Target>,
    pub(super) holds: Option<bool>,
    /// How large it was, and other numbers to read it by.
    pub(super) details: BTreeMap<&'static str, f64>,
}

/// A figure over all rounds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) unit: &'static str,
    #[serde(serialize_with = "rounded")]
    median: f64,
    #[serde(serialize_with = "rounded")]
    min: f64,
    #[serde(serialize_with = "rounded")]
    max: f64,
    #[serde(serialize_with = "rounded_if_any")]
    pub(super) p50_us: Option<f64>,
    #[serde(serialize_with = "rounded_if_any")]
    pub(super) p99_us: Option<f64>,
}

/// What a target bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    RatioAtLeast,
    RatioAtMost,
    P99UsAtMost,
    MedianAtMost,
}

impl Figure {
    /// One number a round, and no calls to take percentiles of. Without a round there is no figure:
    /// no number, and null in the document.
    pub(super) fn of(unit: &'static str, rounds: &[f64]) -> Self {
        let none = Spread { median: f64::NAN, min: f64::NAN, max: f64::NAN };
        let Spread { median, min, max } = Spread::of(rounds).unwrap_or(none);
        Self { unit, median, min, max, p50_us: None, p99_us: None }
    }

    /// The median.
    pub(super) fn median(&self) -> f64 {
        self.median
    }

    /// Calls a second, round by round, with the percentiles over the calls of all rounds.
    pub(super) fn of_windows(unit: &'static str, windows: &[Window]) -> Self {
        let rates: Vec<f64> = windows.iter().map(|window| window.per_second).collect();
        Self::of(unit, &rates).with_percentiles(windows)
    }

    /// The same figure with the percentiles over the calls of all rounds.
    pub(super) fn with_percentiles(self, windows: &[Window]) -> Self {
        let all = Latencies::of(windows.iter().flat_map(|window| window.nanos.iter().copied()));
        Self { p50_us: all.percentile_us(50), p99_us: all.percentile_us(99), ..self }
    }
}

impl Outcome {
    /// A figure that stands alone.
    pub(super) fn new(name: &'static str, figure: Figure) -> Self {
        Self {
            name,
            figure,
            bare: None,
            bare_name: None,
            ratio: None,
            target: None,
            target_is: None,
            holds: None,
            details: BTreeMap::new(),
        }
    }

    /// Beside a bare figure: the ratio is the median of the ratios round by round, since what else
    /// a machine does at a time slows both of a round.
    pub(super) fn beside(mut self, bare_name: &str, bare: &Figure, ratios: &[f64]) -> Self {
        self.bare = Some(bare.median);
        self.bare_name = Some(bare_name.to_owned());
        self.ratio = Spread::of(ratios).map(|spread| spread.median);
        self
    }

    /// Held against a target.
    pub(super) fn held_to(mut self, target_is: Target, target: f64) -> Self {
        let (value, at_least) = match target_is {
            Target::RatioAtLeast => (self.ratio, true),
            Target::RatioAtMost => (self.ratio, false),
            Target::P99UsAtMost => (self.figure.p99_us, false),
            Target::MedianAtMost => (Some(self.figure.median), false),
        };
        self.target = Some(target);
        self.target_is = Some(target_is);
        let holds = |value: f64| if at_least { value >= target } else { value <= target };
        // Without a measurement nothing is shown to hold.
        self.holds = Some(value.is_some_and(holds));
        self
    }

    /// With one more number to read it by.
    pub(super) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.details.insert(name, value);
        self
    }
}

impl Report {
    /// Whether every target holds.
    pub(crate) fn holds(&self) -> bool {
        self.workloads.iter().all(|outcome| outcome.holds != Some(false))
    }

    /// The document.
    ///
    /// # Errors
    /// Never: it is numbers and names.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// The table, under the conditions it was measured in.
    pub(crate) fn to_table(&self) -> String {
        let heading = ["workload", "median (min-max)", "p50", "p99", "bare", "ratio", "target", ""];
        let mut rows = vec![heading.map(str::to_owned)];
        rows.extend(self.workloads.iter().map(Outcome::row));
        rows.extend(self.bare.iter().map(|(name, figure)| figure.row(name)));
        let widths: [usize; 8] = std::array::from_fn(|column| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        let mut table = self.conditions.to_string();
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                let _ = write!(line, "{cell:<width$}  ");
            }
            let _ = write!(table, "\n{}", line.trim_end());
        }
        for outcome in self.workloads.iter().filter(|outcome| !outcome.details.is_empty()) {
            let _ = write!(table, "\n{}:", outcome.name);
            for (name, value) in &outcome.details {
                let _ = write!(table, " {name}={}", number(*value));
            }
        }
        table
    }
}

impl Outcome {
    fn row(&self) -> [String; 8] {
        let [name, figure, p50, p99, ..] = self.figure.row(self.name);
        let bare = match (self.bare, &self.bare_name) {
            (Some(bare), Some(name)) => format!("{} {name}", number(bare)),
            _ => String::new(),
        };
        let ratio = self.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let target = match (self.target_is, self.target) {
            (Some(Target::RatioAtLeast), Some(target)) => format!(">= {target}"),
            (Some(Target::RatioAtMost), Some(target)) => format!("<= {target}"),
            (Some(Target::P99UsAtMost), Some(target)) => format!("p99 <= {} us", number(target)),
            (Some(Target::MedianAtMost), Some(target)) => {
                format!("<= {} {}", number(target), self.figure.unit)
            }
            _ => String::new(),
        };
        let verdict = match self.holds {
            Some(true) => "holds",
            Some(false) => "DOES NOT HOLD",
            None => "",
        };
        [name, figure, p50, p99, bare, ratio, target, verdict.to_owned()]
    }
}

impl Figure {
    fn row(&self, name: &str) -> [String; 8] {
        let Self { unit, median, min, max, .. } = self;
        let figure = format!("{} ({}-{}) {unit}", number(*median), number(*min), number(*max));
        let micros = |us: Option<f64>| us.map(|us| format!("{} us", number(us)));
        let (p50, p99) = (micros(self.p50_us), micros(self.p99_us));
        let empty = String::new;
        [
            name.to_owned(),
            figure,
            p50.unwrap_or_default(),
            p99.unwrap_or_default(),
            empty(),
            empty(),
            empty(),
            empty(),
        ]
    }
}

/// Whole where that says enough.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "none".to_owned();
    }
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown whole")]
    let whole = value.round() as u64;
    grouped(whole)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn rounded<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((value * 1000.0).round() / 1000.0)
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn rounded_if_any<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => rounded(value, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(rounds: &[f64]) -> Outcome {
        Outcome::new("replay", Figure::of("events/s", rounds))
    }

    #[test]
    fn a_ratio_is_held_to_its_target_in_its_own_direction() {
        let bare = Figure::of("events/s", &[100.0]);
        let beside = |ratio| outcome(&[50.0]).beside("copy_out", &bare, &[ratio]);
        assert_eq!(beside(0.7).held_to(Target::RatioAtLeast, 0.7).holds, Some(true));
        assert_eq!(beside(0.69).held_to(Target::RatioAtLeast, 0.7).holds, Some(false));
        assert_eq!(beside(1.5).held_to(Target::RatioAtMost, 1.5).holds, Some(true));
        assert_eq!(beside(1.51).held_to(Target::RatioAtMost, 1.5).holds, Some(false));
        assert_eq!(beside(0.7).holds, None);
    }

    #[test]
    fn a_figure_is_held_to_its_own_target() {
        assert_eq!(outcome(&[512.0]).held_to(Target::MedianAtMost, 512.0).holds, Some(true));
        assert_eq!(outcome(&[513.0]).held_to(Target::MedianAtMost, 512.0).holds, Some(false));
        let windows =
            [Window { per_second: 1.0, nanos: vec![9_000_000, 11_000_000], cpu_share: 0.0 }];
        let figure = Figure::of("us", &[1.0]).with_percentiles(&windows);
        let slow = Outcome::new("case_two_dates", figure).held_to(Target::P99UsAtMost, 10_000.0);
        assert_eq!((slow.figure.p99_us, slow.holds), (Some(11_000.0), Some(false)));
    }

    #[test]
    fn what_was_not_measured_does_not_hold() {
        assert_eq!(outcome(&[]).held_to(Target::MedianAtMost, 512.0).holds, Some(false));
        assert_eq!(outcome(&[1.0]).held_to(Target::P99UsAtMost, 1.0).holds, Some(false));
    }

    #[test]
    fn percentiles_are_over_the_calls_of_all_rounds() {
        let window = |per_second, nanos| Window { per_second, nanos, cpu_share: 0.0 };
        let windows = [window(2.0, vec![1000, 2000]), window(4.0, vec![3000, 4000, 5000])];
        let figure = Figure::of_windows("calls/s", &windows);
        assert_eq!((figure.median, figure.min, figure.max), (3.0, 2.0, 4.0));
        assert_eq!((figure.p50_us, figure.p99_us), (Some(3.0), Some(5.0)));
    }

    #[test]
    fn numbers_are_shown_as_they_are_read() {
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(number(0.126), "0.13");
        assert_eq!(number(3.0), "3");
        assert_eq!(number(f64::NAN), "none");
    }
}
