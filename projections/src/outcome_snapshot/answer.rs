//! An outcome table out of histories: the answer for any dates.

use std::collections::BTreeMap;

use throughline_domain::case::CaseEvent;
use throughline_domain::code_lists::CaseRole;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;
use throughline_evaluation::tables::sides::{OutcomeTable, Side};

use super::{CaseOutcomes, Value, fold};
use crate::ReadError;

/// What is compared, of whom.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The programme.
    pub programme: &'a str,
    /// The key of a value, or [`super::RISK_LEVEL`].
    pub measure: &'a str,
    /// The stage compared from.
    pub from: &'a str,
    /// The stage compared to.
    pub to: &'a str,
    /// Values of one instrument only.
    pub instrument: Option<&'a str>,
    /// Cases about one role only.
    pub role: Option<CaseRole>,
    /// Cases of one area only.
    pub area: Option<&'a str>,
}

/// Gathers an outcome table case by case, keeping counts only.
#[derive(Debug)]
pub struct Answer<'a> {
    question: Question<'a>,
    counts: BTreeMap<(Side, Side), u64>,
}

impl<'a> Answer<'a> {
    /// Begins with no cases.
    #[must_use]
    pub fn new(question: Question<'a>) -> Self {
        Self { question, counts: BTreeMap::new() }
    }

    /// Takes one case of the tenant, in the cohort or not.
    pub fn take(&mut self, history: &[Recorded<CaseEvent>], asked: &Asked) {
        if let Some(case) = fold(history, asked) {
            self.take_case(&case);
        }
    }

    /// Takes one case that is folded already.
    pub fn take_case(&mut self, case: &CaseOutcomes) {
        if self.question.is_about(case) {
            let sides = (
                self.question.side(case, self.question.from),
                self.question.side(case, self.question.to),
            );
            *self.counts.entry(sides).or_default() += 1;
        }
    }

    /// The table.
    ///
    /// # Errors
    /// [`ReadError::TooManyLevels`] when the measure has too many distinct values.
    pub fn finish(self) -> Result<OutcomeTable, ReadError> {
        Ok(OutcomeTable::of(self.question.measure, &self.counts)?)
    }
}

impl Question<'_> {
    fn is_about(&self, case: &CaseOutcomes) -> bool {
        case.is_accepted
            && case.programme.as_str() == self.programme
            && self.role.is_none_or(|role| case.role == role)
            && self.area.is_none_or(|area| case.area.as_str() == area)
    }

    fn side(&self, case: &CaseOutcomes, stage: &str) -> Side {
        let latest = case
            .values
            .iter()
            .filter(|(key, _)| key.key.as_str() == self.measure && key.stage.as_str() == stage)
            .filter(|(key, _)| self.instrument.is_none_or(|i| key.instrument.as_str() == i))
            .max_by_key(|(_, value)| value.place);
        match latest {
            Some((key, Value { value: Ok(value), .. })) => {
                Side::Value { value: value.clone(), instrument: key.instrument.clone() }
            }
            Some((_, Value { value: Err(reason), .. })) => Side::Missing(*reason),
            None => Side::NotRecorded,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outcome_snapshot::{AnyUse, MissingCounts};
    use crate::testing::{
        Fact, assessed, corrected, day, history, measured, opened, referred, retracted,
    };

    const PHYSICAL: Question<'_> = Question {
        programme: "drive",
        measure: "physical",
        from: "intake",
        to: "exit",
        instrument: None,
        role: None,
        area: None,
    };

    fn table(question: Question<'_>, cases: impl IntoIterator<Item = Vec<Fact>>) -> OutcomeTable {
        let mut answer = Answer::new(question);
        for case in cases {
            answer.take(&history(case), &Asked::LATEST);
        }
        answer.finish().unwrap()
    }

    /// A Drive case with a value at intake and at exit, each given unless it is null.
    fn a_case(key: &str, from: serde_json::Value, to: serde_json::Value) -> Vec<Fact> {
        let mut facts = opened("drive", "2016-04-01");
        for (stage, value, date) in [("intake", from, "2016-04-02"), ("exit", to, "2017-02-01")] {
            if !value.is_null() {
                facts.push(measured(stage, &json!({key: value}), date));
            }
        }
        facts
    }

    /// Source: Drive Year 1 report, 2017; pairs rebuilt from its marginals and movements.
    #[test]
    fn the_published_physical_abuse_table_is_given_back() {
        let levels = ["none", "standard", "moderate", "high"];
        let published = [[6, 0, 0, 0], [0, 1, 0, 0], [0, 0, 3, 2], [6, 0, 0, 16]];
        let mut cases = Vec::new();
        for (from, row) in levels.iter().zip(published) {
            for (to, count) in levels.iter().zip(row) {
                let case = a_case("physical", json!(from), json!(to));
                cases.extend(std::iter::repeat_n(case, count));
            }
        }
        cases.extend(std::iter::repeat_n(a_case("physical", json!("high"), json!(null)), 14));
        let table = table(PHYSICAL, cases);

        assert_eq!((table.cases, table.pairs, table.missing), (48, 34, 14));
        assert_eq!(table.levels, levels);
        assert_eq!(table.matrix, published.map(|row| row.map(|n| n as u64).to_vec()));
        let counts: Vec<_> = table.changes.iter().map(|c| (c.from, c.to)).collect();
        assert_eq!(counts, [(6, 12), (1, 1), (5, 3), (22, 18)]);
        let percents: Vec<_> = table.changes.iter().map(|c| c.percent.unwrap().round()).collect();
        assert_eq!(percents, [100.0, 0.0, -40.0, -18.0]);
        assert_eq!((table.any_use.stopped, table.any_use.began), (6, 0));
        assert!((table.mcnemar_exact_p - 0.03125).abs() < f64::EPSILON);
        assert_eq!(table.missing_to.not_recorded, 14);
        assert_eq!(table.missing_from, MissingCounts::default());
    }

    /// Source: the same, sexual abuse.
    #[test]
    fn the_published_sexual_abuse_figures_are_given_back() {
        let movements = [
            ("high", "high", 4),
            ("high", "none", 3),
            ("none", "standard", 1),
            ("none", "none", 21),
        ];
        let cases = movements.into_iter().flat_map(|(from, to, count)| {
            std::iter::repeat_n(a_case("sexual", json!(from), json!(to)), count)
        });
        let table = table(Question { measure: "sexual", ..PHYSICAL }, cases);
        let expected =
            AnyUse { used_from: 7, used_to: 5, stopped: 3, began: 1, both: 4, neither: 21 };
        assert_eq!((table.pairs, table.any_use), (29, expected));
        assert!((table.mcnemar_exact_p - 0.625).abs() < f64::EPSILON);
    }

    #[test]
    fn each_kind_of_missing_value_is_counted() {
        let missing = |reason: &str| json!({"missing": reason});
        let table = table(
            PHYSICAL,
            [
                a_case("physical", missing("unsafe_to_ask"), json!("none")),
                a_case("physical", missing("declined"), missing("unknown_to_client")),
                a_case("physical", json!("high"), missing("not_asked")),
                a_case("physical", json!(null), json!(null)),
                vec![referred("drive", "2016-04-01")], // Not accepted: in no count.
                opened("mrp", "2016-04-01"),
            ],
        );
        assert_eq!((table.cases, table.pairs, table.missing), (4, 0, 4));
        let from = MissingCounts {
            unsafe_to_ask: 1,
            declined: 1,
            not_recorded: 1,
            ..MissingCounts::default()
        };
        let to = MissingCounts {
            unknown_to_client: 1,
            not_asked: 1,
            not_recorded: 1,
            ..MissingCounts::default()
        };
        assert_eq!((table.missing_from, table.missing_to), (from, to));
        assert!(table.levels.is_empty() && table.matrix.is_empty());
    }

    #[test]
    fn the_latest_value_of_a_stage_counts() {
        let mut case = a_case("physical", json!("high"), json!("none"));
        case.push(measured("intake", &json!({"physical": "moderate"}), "2016-04-03"));
        case.push(measured("exit", &json!({"physical": "high"}), "2017-01-01")); // Late, of before.
        let table = table(PHYSICAL, [case]);
        assert_eq!(table.matrix[2], [1, 0, 0, 0]);
    }

    #[test]
    fn amendments_change_the_table() {
        let mut case = a_case("physical", json!("high"), json!("none"));
        let moderate = measured("intake", &json!({"physical": "moderate"}), "2016-04-02");
        case.push(corrected(4, moderate, "2017-03-01"));
        assert_eq!(table(PHYSICAL, [case.clone()]).matrix[2], [1, 0, 0, 0]);
        case.push(retracted(5, "2017-03-02"));
        assert_eq!(table(PHYSICAL, [case.clone()]).missing, 1);

        let mut as_published = Answer::new(PHYSICAL);
        let known_at = day("2017-02-15");
        as_published.take(&history(case), &Asked { known_at, ..Asked::LATEST });
        assert_eq!(as_published.finish().unwrap().matrix[3], [1, 0, 0, 0]);
    }

    #[test]
    fn levels_of_risk_are_a_measure() {
        let mut case = opened("mrp", "2014-03-01");
        case.push(assessed("high", Some("intake"), "2014-03-02"));
        case.push(assessed("medium", None, "2014-05-02"));
        case.push(assessed("standard", Some("exit"), "2015-03-02"));
        let question = Question { programme: "mrp", measure: "risk_level", ..PHYSICAL };
        let table = table(question, [case]);
        assert_eq!(table.levels, ["standard", "medium", "high"]);
        assert_eq!(table.matrix, [[0, 0, 0], [0, 0, 0], [1, 0, 0]]);
        assert_eq!(table.instruments[0].as_str(), "dash-safelives/2009");
    }

    #[test]
    fn a_cohort_can_be_one_area_and_one_role() {
        let cases = || [a_case("physical", json!("high"), json!("none"))];
        let count = |question| table(question, cases()).cases;
        assert_eq!(count(Question { area: Some("south"), ..PHYSICAL }), 1);
        assert_eq!(count(Question { area: Some("north"), ..PHYSICAL }), 0);
        assert_eq!(count(Question { role: Some(CaseRole::Perpetrator), ..PHYSICAL }), 0);
        let other = Question { instrument: Some("other/1"), ..PHYSICAL };
        assert_eq!(table(other, cases()).pairs, 0);
    }

    #[test]
    fn more_levels_than_a_matrix_shows_are_refused() {
        let mut answer = Answer::new(PHYSICAL);
        for n in 0..101 {
            let case = a_case("physical", json!(n), json!(0));
            answer.take(&history(case), &Asked::LATEST);
        }
        assert!(matches!(answer.finish(), Err(ReadError::TooManyLevels { .. })));
    }
}
