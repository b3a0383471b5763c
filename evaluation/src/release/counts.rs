//! Tables of counts for anybody: how the cases of a cohort are divided, and how measures went between
//! two stages, with every case in each table.
//!
//! Each fact of a case (its source, what was measured at a stage) is in one table at most, and all tables
//! have the same number of all. Two measures at one stage are one fact: who was not measured is the same
//! in both. So tables that agree with the published cells can be chosen for each on its
//! own, and what is safe in each is safe in all together. Questions that have no such form are left
//! out whole.

use std::collections::{BTreeMap, BTreeSet};

use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::code_lists::CodeList as _;
use throughline_domain::cohort::Cohort;
use throughline_domain::ids::CaseId;
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;

use super::Resource;
use super::columns::{Column, Kind};
use super::suppression::Protected;
use crate::evaluated_case::EvaluatedCase;
use crate::levels::LEVELS_MAX;
use crate::membership::CohortCounts;
use crate::pass::member;
use crate::tables::Question;
use crate::tables::outcome::Outcome;

/// What a case is divided by without being asked.
const DIVISIONS: [&str; 4] = ["role", "source", "area", "arm"];
/// The name of a margin.
const ALL: &str = "(all)";

/// A table that is left out whole, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The table: the name of a division, or a question by its place.
    pub table: String,
    /// Why.
    pub because: &'static str,
}

/// How many cases have something at each of two stages.
type Pairs = BTreeMap<(String, String), u64>;

/// Counts while they are gathered.
pub struct Counts {
    cohort: Cohort,
    asked: Asked,
    threshold: u64,
    members: CohortCounts,
    divisions: [BTreeMap<String, u64>; 4],
    outcomes: Vec<(String, Outcome, Pairs)>,
    left_out: Vec<LeftOut>,
}

impl Counts {
    /// Begins: small are counts of 1 to `threshold` - 1.
    #[must_use]
    pub fn new(cohort: Cohort, asked: Asked, questions: &[Question], threshold: u64) -> Self {
        let (mut outcomes, mut left_out) = (Vec::new(), Vec::new());
        let mut used = BTreeSet::new();
        for (n, question) in questions.iter().enumerate() {
            let table = format!("question {n}");
            match transition(question, &mut used) {
                Ok(outcome) => outcomes.push((table, outcome, Pairs::new())),
                Err(because) => left_out.push(LeftOut { table, because }),
            }
        }
        let (members, divisions) = Default::default();
        Self { cohort, asked, threshold, members, divisions, outcomes, left_out }
    }

    /// Takes one case of the tenant, in the cohort or not: its events in the order of recording.
    pub fn take(
        &mut self,
        case_id: CaseId,
        history: &[Recorded<CaseEvent>],
        programmes: &Programmes,
    ) {
        let Self { cohort, asked, members, divisions, outcomes, .. } = self;
        let Some(case) = member(cohort, asked, members, (case_id, history), programmes) else {
            return;
        };
        for (counts, class) in divisions.iter_mut().zip(classes(&case)) {
            *counts.entry(class).or_default() += 1;
        }
        for (_, outcome, pairs) in outcomes {
            let at = |stage| level(&case, outcome.measure.as_str(), stage);
            let pair = (at(outcome.from.as_str()), at(outcome.to.as_str()));
            *pairs.entry(pair).or_default() += 1;
        }
    }

    /// How many cases there are, the counts, and what was left out. The cohort's number is not told where
    /// it is small itself.
    #[must_use]
    pub fn finish(self) -> (Option<u64>, Resource, Vec<LeftOut>) {
        let Self { members, divisions, outcomes, mut left_out, threshold, .. } = self;
        let mut rows = Vec::new();
        for (name, counts) in DIVISIONS.into_iter().zip(divisions) {
            match division(name, &counts, threshold) {
                Ok(published) => rows.extend(published),
                Err(because) => left_out.push(LeftOut { table: name.to_owned(), because }),
            }
        }
        for (table, outcome, pairs) in outcomes {
            let stages = [&outcome.measure, &outcome.from, &outcome.to].map(Code::as_str);
            match matrix(stages, &pairs, threshold) {
                Ok(published) => rows.extend(published),
                Err(because) => left_out.push(LeftOut { table, because }),
            }
        }
        let title = "One row a cell of a table of counts";
        let cases = Some(members.cases).filter(|cases| !(1..threshold).contains(cases));
        (cases, Resource { name: "counts", title, columns: columns(), rows }, left_out)
    }
}

fn transition(question: &Question, used: &mut BTreeSet<Code>) -> Result<Outcome, &'static str> {
    let Question::Outcome(outcome) = question else {
        return Err("no rule of suppression is known for tables of this kind");
    };
    if outcome.by.is_some() {
        return Err("no rule of suppression is known for tables by group");
    }
    let stages = [&outcome.from, &outcome.to];
    if stages[0] == stages[1] || stages.iter().any(|stage| used.contains(*stage)) {
        return Err("a stage is in one table at most, or one table tells what another suppresses");
    }
    used.extend(stages.map(Clone::clone));
    Ok(outcome.clone())
}

fn classes(case: &EvaluatedCase<'_>) -> [String; 4] {
    let referral = case.referral();
    let arm = case.state().arm.as_ref().map_or("(none)", |arm| arm.as_str());
    [referral.role.as_str(), referral.source.as_str(), referral.area.as_str(), arm]
        .map(str::to_owned)
}

/// The value at a stage, or in brackets why there is none.
fn level(case: &EvaluatedCase<'_>, measure: &str, stage: &str) -> String {
    match case.measured(measure, stage) {
        Some((_, Ok(value))) => value,
        Some((_, Err(reason))) => format!("({})", reason.as_str()),
        None => "(not_recorded)".to_owned(),
    }
}

type Published = Result<Vec<Vec<String>>, &'static str>;

const UNSAFE: &str = "no set of suppressed cells makes its small counts safe";

fn division(name: &str, counts: &BTreeMap<String, u64>, threshold: u64) -> Published {
    let numbers: Vec<u64> = counts.values().copied().collect();
    let published = Protected::of_list(&numbers, threshold).ok_or(UNSAFE)?;
    let named = [name, "", "", ""];
    let cells = counts.keys().zip(published).map(|(class, told)| row(named, [class, ""], told));
    let all = row(named, [ALL, ""], Some(numbers.iter().sum()));
    Ok(cells.chain([all]).collect())
}

fn matrix([measure, from, to]: [&str; 3], pairs: &Pairs, threshold: u64) -> Published {
    let befores: BTreeSet<&str> = pairs.keys().map(|(before, _)| before.as_str()).collect();
    let afters: BTreeSet<&str> = pairs.keys().map(|(_, after)| after.as_str()).collect();
    if befores.len().max(afters.len()) > LEVELS_MAX {
        return Err("the measure has too many levels");
    }
    let (mut befores, mut afters) = (Vec::from_iter(befores), Vec::from_iter(afters));
    let count = |before: &str, after: &str| {
        pairs.get(&(before.to_owned(), after.to_owned())).copied().unwrap_or_default()
    };
    let counts: Vec<Vec<u64>> = befores
        .iter()
        .map(|before| afters.iter().map(|after| count(before, after)).collect())
        .collect();
    let table = Protected::of(&counts, threshold).ok_or(UNSAFE)?;
    befores.push(ALL);
    afters.push(ALL);
    let named = ["outcome", measure, from, to];
    let mut cells = Vec::with_capacity(befores.len() * afters.len());
    for (r, before) in befores.iter().enumerate() {
        for (c, after) in afters.iter().enumerate() {
            cells.push(row(named, [before, after], table.published(r, c)));
        }
    }
    Ok(cells)
}

fn row(named: [&str; 4], [class, later]: [&str; 2], count: Option<u64>) -> Vec<String> {
    let mut row: Vec<String> = named.into_iter().chain([class, later]).map(str::to_owned).collect();
    row.push(count.map(|count| count.to_string()).unwrap_or_default());
    row.push(count.is_none().to_string());
    row
}

fn columns() -> Vec<Column> {
    let untold = "empty where the table is no outcome";
    vec![
        Column::new("table", Kind::Text, "What is counted.")
            .with(DIVISIONS.into_iter().chain(["outcome"]))
            .required(),
        Column::new("measure", Kind::Text, format!("The measure; {untold}.")),
        Column::new("from", Kind::Text, format!("The earlier stage; {untold}.")),
        Column::new("to", Kind::Text, format!("The later stage; {untold}.")),
        Column::new(
            "class",
            Kind::Text,
            "The class, or the level at the earlier stage. In brackets: why there is none, or all.",
        )
        .required(),
        Column::new("later_class", Kind::Text, format!("The level at the later stage; {untold}.")),
        Column::new("cases", Kind::Whole, "How many cases; empty where it is suppressed."),
        Column::new("suppressed", Kind::Boolean, "Whether the count is suppressed.").required(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{case, day, history, measured, opened};

    fn counted(questions: &Value, threshold: u64) -> (Option<u64>, Resource, Vec<LeftOut>) {
        let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "drive"});
        let cohort = serde_json::from_value(cohort).unwrap();
        let asked = Asked { as_of: day("2018-01-01"), ..Asked::LATEST };
        let questions: Vec<Question> = serde_json::from_value(questions.clone()).unwrap();
        let mut counts = Counts::new(cohort, asked, &questions, threshold);
        let moves = [("high", "none", 12), ("high", "high", 3), ("none", "none", 20)];
        let all = moves.iter().flat_map(|(from, to, n)| vec![(from, to); *n]);
        for (n, (from, to)) in (1..).zip(all) {
            let mut facts = opened("drive", "2017-01-01");
            facts.push(measured("intake", &json!({"physical": from}), "2017-01-02"));
            facts.push(measured("exit", &json!({"physical": to}), "2017-10-01"));
            counts.take(case(n), &history(facts), &Programmes::shipped());
        }
        counts.finish()
    }

    #[test]
    fn a_matrix_is_published_with_its_small_counts_hidden() {
        let question =
            json!({"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"});
        let (cases, resource, left_out) = counted(&json!([question]), 10);
        assert_eq!((cases, left_out), (Some(35), vec![]));
        assert!(resource.rows.iter().all(|row| row.len() == resource.columns.len()));
        let cell = |class: &str, later: &str| {
            let found = |row: &&Vec<String>| row[0] == "outcome" && row[4..6] == [class, later];
            resource.rows.iter().find(found).unwrap()[6].clone()
        };
        assert_eq!(cell("(all)", "(all)"), "35");
        assert_eq!(cell("high", "high"), "");
        assert!(
            resource
                .rows
                .iter()
                .all(|row| row[6] != "3" && (row[6].is_empty()) == (row[7] == "true"))
        );
    }

    #[test]
    fn what_has_no_rule_and_what_could_be_subtracted_is_left_out_whole() {
        let question =
            json!({"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"});
        let mut grouped = question.clone();
        grouped["by"] = json!("contacted");
        let linked =
            json!({"table": "outcome", "measure": "physical", "from": "exit", "to": "midway"});
        let attrition = json!({"table": "attrition"});
        let (_, _, left_out) = counted(&json!([question, grouped, linked, attrition]), 10);
        let names: Vec<_> = left_out.iter().map(|left| left.table.as_str()).collect();
        assert_eq!(names, ["question 1", "question 2", "question 3"]);
    }

    #[test]
    fn a_cohort_that_is_small_itself_is_not_counted() {
        let (cases, resource, left_out) = counted(&json!([]), 50);
        assert_eq!((cases, resource.rows.len(), left_out.len()), (None, 0, 4));
    }
}
