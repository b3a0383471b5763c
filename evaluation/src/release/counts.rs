//! Tables of counts for anybody: how the cases of a cohort are divided, and how measures went between
//! two stages, of the whole cohort or of each group of it, with every case in each table.
//!
//! Each fact of a case (its source, what was measured at a stage) is in one table at most, and all tables
//! have the same number of all. Two measures at one stage are one fact: who was not measured is the same
//! in both. So tables that agree with the published cells can be chosen for each on its
//! own, and what is safe in each is safe in all together. Where a question divides a cohort by a fact,
//! the division by that fact alone is not published. Questions that have no such form are left out
//! whole.

use std::collections::{BTreeMap, BTreeSet};

use throughline_domain::case::CaseEvent;
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
use crate::tables::group::Grouping;
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

/// The group of a case, and what it has at the first of two stages.
type Before = (String, String);
/// How many cases have something at each of two stages.
type Pairs = BTreeMap<(Before, String), u64>;

/// Counts while they are gathered.
pub struct Counts {
    cohort: Cohort,
    asked: Asked,
    threshold: u64,
    members: CohortCounts,
    divisions: [BTreeMap<String, u64>; 4],
    used: BTreeSet<String>,
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
        Self { cohort, asked, threshold, members, divisions, used, outcomes, left_out }
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
            let group = outcome.by.map_or_else(|| ALL.to_owned(), |by| by.of(&case));
            let before = (group, at(outcome.from.as_str()));
            *pairs.entry((before, at(outcome.to.as_str()))).or_default() += 1;
        }
    }

    /// How many cases there are, the counts, and what was left out. The cohort's number is not told where
    /// it is small itself.
    #[must_use]
    pub fn finish(self) -> (Option<u64>, Resource, Vec<LeftOut>) {
        let Self { members, divisions, used, outcomes, mut left_out, threshold, .. } = self;
        let mut rows = Vec::new();
        for (name, counts) in DIVISIONS.into_iter().zip(divisions) {
            if used.contains(&fact(GROUP, name)) {
                let because = "a question is divided by it, and tells what it suppresses";
                left_out.push(LeftOut { table: name.to_owned(), because });
                continue;
            }
            match division(name, &counts, threshold) {
                Ok(published) => rows.extend(published),
                Err(because) => left_out.push(LeftOut { table: name.to_owned(), because }),
            }
        }
        for (table, outcome, pairs) in outcomes {
            match matrix(&outcome, &pairs, threshold) {
                Ok(published) => rows.extend(published),
                Err(because) => left_out.push(LeftOut { table, because }),
            }
        }
        let title = "One row a cell of a table of counts";
        let cases = Some(members.cases).filter(|cases| !(1..threshold).contains(cases));
        (cases, Resource { name: "counts", title, columns: columns(), rows }, left_out)
    }
}

const STAGE: &str = "stage";
const GROUP: &str = "group";

/// The name of a fact of a case.
fn fact(kind: &str, name: &str) -> String {
    format!("{kind} {name}")
}

/// The fact that a group is told by. Who was worked with was contacted: these are one.
fn group_fact(by: Grouping) -> String {
    let name = match by {
        Grouping::Arm => "arm",
        Grouping::Area => "area",
        Grouping::Role => "role",
        Grouping::Source => "source",
        Grouping::CriteriaVersion => "criteria_version",
        Grouping::Complex => "complex",
        Grouping::Contacted | Grouping::BehaviourChangeWork => "contacts",
    };
    fact(GROUP, name)
}

fn transition(question: &Question, used: &mut BTreeSet<String>) -> Result<Outcome, &'static str> {
    let Question::Outcome(outcome) = question else {
        return Err("no rule of suppression is known for tables of this kind");
    };
    let stages = [&outcome.from, &outcome.to].map(|stage| fact(STAGE, stage.as_str()));
    if stages[0] == stages[1] || stages.iter().any(|stage| used.contains(stage)) {
        return Err("a stage is in one table at most, or one table tells what another suppresses");
    }
    let group = outcome.by.map(group_fact);
    if group.as_ref().is_some_and(|group| used.contains(group)) {
        return Err("groups are in one table at most, or one table tells what another suppresses");
    }
    used.extend(stages.into_iter().chain(group));
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
    let cells = counts.keys().zip(published).map(|(class, told)| row(named, ["", class, ""], told));
    let all = row(named, ["", ALL, ""], Some(numbers.iter().sum()));
    Ok(cells.chain([all]).collect())
}

fn matrix(outcome: &Outcome, pairs: &Pairs, threshold: u64) -> Published {
    let befores: BTreeSet<&Before> = pairs.keys().map(|(before, _)| before).collect();
    let afters: BTreeSet<&str> = pairs.keys().map(|(_, after)| after.as_str()).collect();
    if befores.len().max(afters.len()) > LEVELS_MAX {
        return Err("the measure has too many levels");
    }
    let count = |before: &Before, after: &str| {
        pairs.get(&(before.clone(), after.to_owned())).copied().unwrap_or_default()
    };
    let counts: Vec<Vec<u64>> = befores
        .iter()
        .map(|before| afters.iter().map(|after| count(before, after)).collect())
        .collect();
    let table = Protected::of(&counts, threshold).ok_or(UNSAFE)?;
    let befores = befores.iter().map(|(group, before)| [group.as_str(), before]);
    let befores: Vec<[&str; 2]> = befores.chain([[ALL, ALL]]).collect();
    let afters: Vec<&str> = afters.into_iter().chain([ALL]).collect();
    let named = ["outcome", outcome.measure.as_str(), outcome.from.as_str(), outcome.to.as_str()];
    let mut cells = Vec::with_capacity(befores.len() * afters.len());
    for (r, [group, before]) in befores.iter().enumerate() {
        for (c, after) in afters.iter().enumerate() {
            cells.push(row(named, [group, before, after], table.published(r, c)));
        }
    }
    Ok(cells)
}

fn row(named: [&str; 4], classes: [&str; 3], count: Option<u64>) -> Vec<String> {
    let mut row: Vec<String> = named.into_iter().chain(classes).map(str::to_owned).collect();
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
        Column::new("group", Kind::Text, format!("The group, or all; {untold}.")),
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
            let found = |row: &&Vec<String>| row[0] == "outcome" && row[5..7] == [class, later];
            resource.rows.iter().find(found).unwrap()[7].clone()
        };
        assert_eq!(cell("(all)", "(all)"), "35");
        assert_eq!(cell("high", "high"), "");
        assert!(
            resource
                .rows
                .iter()
                .all(|row| row[7] != "3" && (row[7].is_empty()) == (row[8] == "true"))
        );
    }

    #[test]
    fn what_has_no_rule_and_what_could_be_subtracted_is_left_out_whole() {
        let outcome = |from: &str, to: &str, by: Option<&str>| json!({"table": "outcome", "measure": "physical", "from": from, "to": to, "by": by});
        let questions = json!([
            outcome("intake", "exit", Some("contacted")),
            outcome("exit", "midway", None),
            outcome("three_months", "six_months", Some("behaviour_change_work")),
            {"table": "attrition"},
            outcome("three_months", "six_months", Some("arm")),
        ]);
        let (_, resource, left_out) = counted(&questions, 10);
        let names: Vec<_> = left_out.iter().map(|left| left.table.as_str()).collect();
        assert_eq!(names, ["question 1", "question 2", "question 3", "arm"]);
        assert!(resource.rows.iter().all(|row| row[0] != "arm"));
    }

    #[test]
    fn the_groups_of_a_table_have_no_margins_of_their_own() {
        let question = json!({"table": "outcome", "measure": "physical", "from": "intake",
            "to": "exit", "by": "contacted"});
        let (_, resource, left_out) = counted(&json!([question]), 10);
        assert!(left_out.is_empty());
        let of = |group: &str, class: &str| {
            let rows = resource.rows.iter().filter(|row| row[0] == "outcome");
            rows.filter(|row| row[4] == group && row[5] == class).count()
        };
        // Nobody was contacted: each level before by each after, and all.
        assert_eq!((of("no", "high"), of("no", "none"), of("yes", "high")), (3, 3, 0));
        assert_eq!((of("no", "(all)"), of("(all)", "(all)")), (0, 3));
    }

    #[test]
    fn a_cohort_that_is_small_itself_is_not_counted() {
        let (cases, resource, left_out) = counted(&json!([]), 50);
        assert_eq!((cases, resource.rows.len(), left_out.len()), (None, 0, 4));
    }
}
