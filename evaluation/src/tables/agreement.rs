//! Whether two rules, or two sources, say the same of the same cases: each counted against the other,
//! how often they agree, and how much of that chance leaves open (Cohen's kappa).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;
use throughline_domain::ids::CaseId;
use throughline_domain::rules::registry::Kind;
use throughline_domain::rules::{Rule, Value};

use super::group::Counts2;
use super::rule::told;
use super::stated::{Between, StatedShare};
use super::{Table, TableError, Wrong};
use crate::evaluated_case::{EvaluatedCase, Teller};
use crate::levels::LEVELS_MAX;
use crate::statistics::{self, Level, McNemar};

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The one.
    pub first: Source,
    /// The other.
    pub second: Source,
    /// What either says (member) that counts as something else (value), such as `sporadic` as
    /// `engaged` where the other knows no degrees.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts_as: BTreeMap<Code, Code>,
    /// Whether the cases are named of which they say different things.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cases: bool,
}

/// What says something of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Source {
    /// A rule, by name and version.
    Rule(Code),
    /// The latest value of a measure that was recorded at a stage, by a role, by an organisation.
    Recorded(Recorded),
}

/// Which values of a measure are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The key of the measure, or `risk_level`.
    pub measure: Code,
    /// At this stage alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Code>,
    /// Recorded or assessed by this role alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Code>,
    /// Assessed by this organisation alone; of `risk_level` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Code>,
}

/// What the two say of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    first: Option<String>,
    second: Option<String>,
    /// Which case it is, where cases are named.
    case_id: Option<CaseId>,
}

/// Cases that are named at most: the first by id.
pub const NAMED_MAX: usize = 1_000;

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgreementTable {
    /// The cases.
    pub cases: u64,
    /// Cases of which both say something.
    pub told_by_both: u64,
    /// Cases of which the first alone does.
    pub told_by_first_alone: u64,
    /// Cases of which the second alone does.
    pub told_by_second_alone: u64,
    /// What the first says, then what the second says, of those of which both say something.
    pub matrix: Counts2,
    /// What they say, in the order of `counts`: what counts as something else is not there.
    pub categories: Vec<String>,
    /// The same counts by category: rows are what the first says, columns the second.
    pub counts: Vec<Vec<u64>>,
    /// Of how many both say the same.
    pub agree: StatedShare,
    /// The agreement that chance alone would bring, in per cent.
    pub by_chance_percent: Option<f64>,
    /// Cohen's kappa; `None` where both say one and the same of every case.
    pub kappa: Option<f64>,
    /// Its 95% interval, for large samples.
    pub kappa_between: Option<Between>,
    /// With two categories: the exact McNemar p of one saying the first more often than the other.
    pub mcnemar_exact_p: Option<f64>,
    /// The cases of which they say different things, where these are named: by id, the first 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differing: Option<Vec<CaseId>>,
}

impl Table for Agreement {
    type Observation = Said;
    type Answer = AgreementTable;

    fn check(&self) -> Vec<Wrong> {
        let mut wrong = self.first.check("/first");
        wrong.extend(self.second.check("/second"));
        // One step, so that what counts as what does not depend on an order.
        if self.counts_as.values().any(|code| self.counts_as.contains_key(code)) {
            wrong.push(Wrong::at("/counts_as", "a code that something counts as is itself moved"));
        }
        wrong
    }

    fn names_cases(&self) -> bool {
        self.cases
    }

    fn observe(&self, case: &EvaluatedCase<'_>) -> Option<Said> {
        let (first, second) = (self.first.says(case), self.second.says(case));
        let differs = first.is_some()
            && second.is_some()
            && self.category(first.as_ref()) != self.category(second.as_ref());
        let case_id = case.case_id().filter(|_| self.cases && differs);
        Some(Said { first, second, case_id })
    }

    fn conclude(&self, observations: &[&Said]) -> Result<AgreementTable, TableError> {
        let mut matrix = Counts2::new();
        let mut pairs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let (mut first_alone, mut second_alone, mut both) = (0, 0, 0);
        for said in observations {
            match (&said.first, &said.second) {
                (Some(first), Some(second)) => {
                    both += 1;
                    *matrix.entry(first.clone()).or_default().entry(second.clone()).or_default() +=
                        1;
                    let categories = (self.counted_as(first), self.counted_as(second));
                    *pairs.entry(categories).or_default() += 1;
                }
                (Some(_), None) => first_alone += 1,
                (None, Some(_)) => second_alone += 1,
                (None, None) => {}
            }
        }
        let categories: BTreeSet<&str> = pairs.keys().flat_map(|(a, b)| [*a, *b]).collect();
        if categories.len() > LEVELS_MAX || matrix.len() > LEVELS_MAX {
            return Err(TableError::TooManyLevels { levels_max: LEVELS_MAX });
        }
        let count = |row: &&str, column: &&str| pairs.get(&(*row, *column)).copied().unwrap_or(0);
        let row = |row: &&str| categories.iter().map(|column| count(row, column)).collect();
        let counts: Vec<Vec<u64>> = categories.iter().map(row).collect();
        let agreed = (0..counts.len()).map(|n| counts[n][n]).sum();
        let statistic = statistics::agreement(&counts, Level::P95).ok();
        let kappa = statistic.and_then(|statistic| statistic.kappa);
        Ok(AgreementTable {
            cases: observations.len() as u64,
            told_by_both: both,
            told_by_first_alone: first_alone,
            told_by_second_alone: second_alone,
            matrix,
            categories: categories.iter().map(ToString::to_string).collect(),
            agree: StatedShare::of(agreed, both),
            by_chance_percent: statistic.map(|statistic| 100.0 * statistic.by_chance),
            kappa: kappa.map(|kappa| kappa.estimate),
            kappa_between: kappa.map(|kappa| kappa.interval.into()),
            mcnemar_exact_p: (counts.len() == 2).then(|| McNemar::of(counts[0][1], counts[1][0]).p),
            counts,
            differing: self.cases.then(|| differing(observations)),
        })
    }
}

impl Agreement {
    fn counted_as<'a>(&'a self, said: &'a str) -> &'a str {
        let moved = self.counts_as.iter().find(|(code, _)| code.as_str() == said);
        moved.map_or(said, |(_, to)| to.as_str())
    }

    fn category<'a>(&'a self, said: Option<&'a String>) -> Option<&'a str> {
        said.map(|said| self.counted_as(said))
    }
}

impl Source {
    fn check(&self, pointer: &'static str) -> Vec<Wrong> {
        let wrong = match self {
            Self::Rule(id) => match Rule::find(id.as_str()).map(|rule| rule.kind) {
                Some(Kind::YesOrNo | Kind::Code | Kind::Codes) => None,
                Some(Kind::Days | Kind::Moment) => Some("is a rule that answers with no code"),
                None => Some("is no rule that is known"),
            },
            Self::Recorded(recorded) if recorded.organisation.is_some() && !recorded.is_risk() => {
                Some("an organisation is known of risk_level only")
            }
            Self::Recorded(recorded) => super::unknown_measure(&recorded.measure),
        };
        wrong.map(|detail| Wrong::at(pointer, detail)).into_iter().collect()
    }

    /// What it says, as one code; `None` where it says nothing.
    fn says(&self, case: &EvaluatedCase<'_>) -> Option<String> {
        match self {
            Self::Rule(id) => {
                let answer = Rule::find(id.as_str())?.ask(case.view());
                (answer.value != Value::NotApplicable).then(|| told(&answer).join("+"))
            }
            Self::Recorded(Recorded { measure, stage, by, organisation }) => {
                let teller = Teller {
                    stage: stage.as_ref(),
                    by: by.as_ref(),
                    organisation: organisation.as_ref(),
                };
                case.recorded(measure.as_str(), teller).and_then(|(_, value)| value.ok())
            }
        }
    }
}

impl Recorded {
    fn is_risk(&self) -> bool {
        self.measure.as_str() == crate::levels::RISK_LEVEL
    }
}

fn differing(observations: &[&Said]) -> Vec<CaseId> {
    let mut cases: Vec<CaseId> = observations.iter().filter_map(|said| said.case_id).collect();
    cases.sort_unstable();
    cases.truncate(NAMED_MAX);
    cases
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::tables::Question;
    use crate::tables::testing::answered;
    use crate::testing::{Fact, attempted, case, fact, opened, referred};

    const DATE: &str = "2017-06-01";

    /// Given to a worker, or not, and reached so many times.
    fn reached(has_worker: bool, times: usize) -> Vec<Fact> {
        let mut facts = if has_worker {
            opened("drive", "2017-01-01")
        } else {
            vec![referred("drive", "2017-01-01")]
        };
        facts.extend(vec![attempted("reached", "2017-01-02"); times]);
        facts
    }

    fn question(more: &Value) -> Value {
        let mut question = json!({
            "table": "agreement", "first": "mrp-engagement/1", "second": "police-engagement/1",
        });
        question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        question
    }

    /// MRP report, 4.1.1: both datasets tell of 90 women and agree on 57; 69 of the 90 have a start
    /// date. How the 33 divide the report does not say: here all of them have one and were not reached.
    #[test]
    fn two_datasets_agree_on_57_women() {
        let mut cases = vec![reached(true, 1); 20];
        cases.extend(vec![reached(true, 3); 16]);
        cases.extend(vec![reached(true, 0); 33]);
        cases.extend(vec![reached(false, 0); 21]);
        let merged = json!({"counts_as": {"sporadic": "engaged"}});
        let table = answered(question(&merged), &cases, DATE);
        let matrix = json!({
            "none": {"engaged": 33, "none": 21}, "sporadic": {"engaged": 20}, "engaged": {"engaged": 16},
        });
        assert_eq!(table["matrix"], matrix);
        assert_eq!(table["categories"], json!(["engaged", "none"]));
        assert_eq!(table["counts"], json!([[36, 0], [33, 21]]));
        assert_eq!((&table["agree"]["cases"], &table["agree"]["of"]), (&json!(57), &json!(90)));
        // By chance (36*69 + 54*21) / 90^2; kappa = (57/90 - that) / (1 - that) = 1512 / 4482.
        assert_eq!(table["by_chance_percent"], json!(44.666_666_666_7));
        assert_eq!(table["kappa"], json!(0.337_349_397_59));
        assert!(table["mcnemar_exact_p"].as_f64().unwrap() < 1e-8);
        assert_eq!(table.get("differing"), None);
    }

    #[test]
    fn degrees_that_one_does_not_know_are_no_agreement_unless_they_count_as_one() {
        let cases = [reached(true, 1), reached(true, 3), reached(false, 0)];
        let apart = answered(question(&json!({})), &cases, DATE);
        assert_eq!(apart["agree"]["cases"], json!(2));
        assert_eq!(apart["categories"], json!(["engaged", "none", "sporadic"]));
        assert_eq!(apart["mcnemar_exact_p"], Value::Null);
        let together = json!({"counts_as": {"sporadic": "engaged"}});
        let together = answered(question(&together), &cases, DATE);
        assert_eq!((&together["agree"]["cases"], &together["kappa"]), (&json!(3), &json!(1.0)));
    }

    #[test]
    fn the_cases_that_differ_are_named_where_that_is_asked_for() {
        let cases = [reached(true, 3), reached(true, 0), reached(false, 0), reached(true, 0)];
        let table = answered(question(&json!({"cases": true})), &cases, DATE);
        assert_eq!(table["differing"], json!([case(2), case(4)]));
        let names = |more: Value| {
            serde_json::from_value::<Question>(question(&more)).unwrap().names_cases()
        };
        assert!(names(json!({"cases": true})) && !names(json!({})));
    }

    #[test]
    fn two_sources_are_compared_where_both_say_something() {
        let by = |level: &str, role: &str| {
            let facts = json!({"instrument": "dash-safelives/2009", "level": level,
                               "assessor_role": role});
            fact("RiskAssessed", &facts, "2017-02-01")
        };
        let risk = |levels: &[(&str, &str)]| {
            let mut facts = opened("drive", "2017-01-01");
            facts.extend(levels.iter().map(|(level, role)| by(level, role)));
            facts
        };
        let cases = [
            risk(&[("high", "idva"), ("high", "police")]),
            risk(&[("high", "idva"), ("medium", "idva"), ("high", "police")]),
            risk(&[("high", "idva")]),
            risk(&[("high", "police")]),
            risk(&[]),
        ];
        let source = |role: &str| json!({"measure": "risk_level", "by": role});
        let question =
            json!({"table": "agreement", "first": source("idva"), "second": source("police")});
        let table = answered(question, &cases, DATE);
        assert_eq!(table["matrix"], json!({"high": {"high": 1}, "medium": {"high": 1}}));
        let told = ["told_by_both", "told_by_first_alone", "told_by_second_alone", "cases"];
        assert_eq!(told.map(|of| table[of].clone()), [json!(2), json!(1), json!(1), json!(5)]);
    }

    #[test]
    fn of_nobody_there_is_no_agreement() {
        let table = answered(question(&json!({})), &[], DATE);
        assert_eq!((&table["kappa"], &table["agree"]["percent"]), (&Value::Null, &Value::Null));
        assert_eq!(table["counts"], json!([]));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let wrong = |more: Value| {
            let question: Question = serde_json::from_value(question(&more)).unwrap();
            question.check().into_iter().map(|wrong| wrong.pointer).collect::<Vec<_>>()
        };
        assert_eq!(wrong(json!({})), Vec::<String>::new());
        assert_eq!(wrong(json!({"first": "engagement/9"})), ["/first"]);
        assert_eq!(wrong(json!({"second": "waiting-to-reach/1"})), ["/second"]);
        assert_eq!(wrong(json!({"first": {"measure": "sense_of_humour"}})), ["/first"]);
        let organisation = json!({"first": {"measure": "physical", "organisation": "police"}});
        assert_eq!(wrong(organisation), ["/first"]);
        let chain = json!({"counts_as": {"sporadic": "engaged", "engaged": "none"}});
        assert_eq!(wrong(chain), ["/counts_as"]);
        let unknown = question(&json!({"first": {"measure": "physical", "colour": "red"}}));
        assert!(serde_json::from_value::<Question>(unknown).is_err());
    }
}
