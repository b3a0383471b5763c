//! Rows of coded facts, one a case and one a fact, gathered in one pass.
//!
//! The rows are ordered by pseudonym, which is random: their order says nothing of when cases came.

use std::collections::BTreeMap;

use throughline_domain::case::{CaseEvent, CaseStatus};
use throughline_domain::code_lists::{
    CaseRole, ClosureReason, CodeList as _, ContactOutcome, ReferralSource, RiskLevel,
};
use throughline_domain::cohort::{Cohort, ReleasedDates};
use throughline_domain::ids::CaseId;
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::rules::complex;
use throughline_domain::two_clocks::Asked;

use super::Resource;
use super::columns::{Column, Kind};
use super::dates;
use super::facts::{self, FACTS};
use super::key::ReleaseKey;
use crate::evaluated_case::EvaluatedCase;
use crate::membership::CohortCounts;
use crate::pass::member;

/// The name of the column that ties the files together.
pub const PSEUDONYM: &str = "case";
/// The name of the file with a row a case.
pub const CASES: &str = "cases";

/// The row of a case, and its rows of each long table.
type OneCase = (Vec<String>, Vec<Vec<Vec<String>>>);

/// Rows while they are gathered.
pub struct Rows {
    cohort: Cohort,
    asked: Asked,
    key: ReleaseKey,
    dates: ReleasedDates,
    counts: CohortCounts,
    /// By pseudonym.
    cases: BTreeMap<String, OneCase>,
}

impl Rows {
    /// Begins. The key is gone with the last of this.
    #[must_use]
    pub fn new(cohort: Cohort, asked: Asked, key: ReleaseKey, dates: ReleasedDates) -> Self {
        let (counts, cases) = (CohortCounts::default(), BTreeMap::new());
        Self { cohort, asked, key, dates, counts, cases }
    }

    /// Takes one case of the tenant, in the cohort or not: its events in the order of recording.
    pub fn take(
        &mut self,
        case_id: CaseId,
        history: &[Recorded<CaseEvent>],
        programmes: &Programmes,
    ) {
        let Self { cohort, asked, counts, .. } = self;
        let Some(case) = member(cohort, asked, counts, (case_id, history), programmes) else {
            return;
        };
        let pseudonym = self.key.pseudonym(case_id);
        let date = |at| dates::text(self.dates, &self.key, case_id, at);
        let mut row = vec![pseudonym.clone()];
        row.extend(case_row(&case, date));
        let long = FACTS.iter().map(|table| {
            let rows = facts::rows(table, &case).into_iter().map(|(at, precision, told)| {
                let mut row = vec![pseudonym.clone(), date(at), precision.to_owned()];
                row.extend(told);
                row
            });
            rows.collect()
        });
        let long = long.collect();
        self.cases.insert(pseudonym, (row, long));
    }

    /// Everything, the cases first, and who was in the cohort.
    #[must_use]
    pub fn finish(self) -> (CohortCounts, Vec<Resource>) {
        let dates = self.dates;
        let mut cases = Vec::with_capacity(self.cases.len());
        let mut long: Vec<Vec<Vec<String>>> = FACTS.iter().map(|_| Vec::new()).collect();
        for (row, tables) in self.cases.into_values() {
            cases.push(row);
            for (gathered, rows) in long.iter_mut().zip(tables) {
                gathered.extend(rows);
            }
        }
        let title = "One row a case of the cohort";
        let first = Resource { name: CASES, title, columns: case_columns(dates), rows: cases };
        let rest = FACTS.iter().zip(long).map(|(table, rows)| {
            let mut columns = vec![pseudonym_column(), date_column(dates), precision_column()];
            columns.extend((table.columns)());
            Resource { name: table.name, title: table.title, columns, rows }
        });
        (self.counts, std::iter::once(first).chain(rest).collect())
    }
}

fn pseudonym_column() -> Column {
    let meaning = "The pseudonym of the case in this release, and in no other.";
    Column::new(PSEUDONYM, Kind::Text, meaning).required()
}

fn date_column(dates: ReleasedDates) -> Column {
    let meaning = format!("When it happened: {}.", dates::in_words(dates));
    Column::new("date", dates::kind(dates), meaning)
}

fn precision_column() -> Column {
    let meaning =
        "How precisely it was told when it happened, before anything was done to the date.";
    Column::new("told_to_the", Kind::Text, meaning).with(["instant", "day", "month"]).required()
}

fn case_columns(dates: ReleasedDates) -> Vec<Column> {
    let date = |name, what: &str| {
        Column::new(name, dates::kind(dates), format!("{what}: {}.", dates::in_words(dates)))
    };
    vec![
        pseudonym_column(),
        Column::new("programme", Kind::Text, "The programme.").required(),
        Column::new("programme_version", Kind::Whole, "The version of its definition.").required(),
        Column::new("role", Kind::Text, "Whom the case is about.").of::<CaseRole>().required(),
        Column::new("area", Kind::Text, "The programme's area of the referral.").required(),
        Column::new("arm", Kind::Text, "The arm of a trial; empty where there is none."),
        Column::new("source", Kind::Text, "Who referred.").of::<ReferralSource>().required(),
        Column::new("status", Kind::Text, "Where the case stands.")
            .with(CaseStatus::ALL.map(CaseStatus::as_str))
            .required(),
        date("referred", "When the referral was received"),
        date("first_attempt", "The first attempt to reach the person; empty where there was none"),
        date("first_reach", "When the person was first reached; empty where they never were"),
        date("exit", "When the case was last closed; empty where it is not closed"),
        Column::new("closure_reason", Kind::Text, "Why; empty where the case is not closed.")
            .of::<ClosureReason>(),
        Column::new("risk_level", Kind::Text, "The level in force; empty if never assessed.")
            .of::<RiskLevel>(),
        Column::new("complex", Kind::Boolean, "Whether the needs are complex (rule complex/1).")
            .required(),
        Column::new("contacted", Kind::Boolean, "Whether the person was ever reached.").required(),
    ]
}

/// The cells of a case after its pseudonym, as [`case_columns`] has them.
fn case_row(case: &EvaluatedCase<'_>, date: impl Fn(jiff::Timestamp) -> String) -> Vec<String> {
    let (referral, state) = (case.referral(), case.state());
    let reached = case.attempts().filter(|(_, told)| told.outcome == ContactOutcome::Reached);
    let exit = case.exited_at();
    let reason = case.each(|event| {
        let CaseEvent::CaseClosed(facts) = event else { return None };
        Some(facts.reason)
    });
    let reason = reason.last().filter(|_| exit.is_some()).map(|(_, reason)| reason.as_str());
    let maybe = |at: Option<jiff::Timestamp>| at.map(&date).unwrap_or_default();
    let arm = state.arm.as_ref().map(|arm| arm.as_str().to_owned()).unwrap_or_default();
    vec![
        referral.programme.as_str().to_owned(),
        referral.programme_version.to_string(),
        referral.role.as_str().to_owned(),
        referral.area.as_str().to_owned(),
        arm,
        referral.source.as_str().to_owned(),
        state.status.as_str().to_owned(),
        date(referral.received.at),
        maybe(case.attempts().map(|(at, _)| at).min()),
        maybe(reached.map(|(at, _)| at).min()),
        maybe(exit),
        reason.unwrap_or_default().to_owned(),
        state.risk.as_ref().map(|risk| risk.level.as_str().to_owned()).unwrap_or_default(),
        complex::is_complex(state).to_string(),
        case.is_contacted().to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{assessed, attempted, case, closed, day, history, measured, opened};

    fn released(dates: ReleasedDates) -> Vec<Resource> {
        let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "drive"});
        let cohort = serde_json::from_value(cohort).unwrap();
        let asked = Asked { as_of: day("2018-01-01"), ..Asked::LATEST };
        let mut rows = Rows::new(cohort, asked, ReleaseKey::new(&[7; 32]), dates);
        let mut facts = opened("drive", "2017-01-01");
        facts.push(attempted("no_answer", "2017-01-02"));
        facts.push(attempted("reached", "2017-01-04"));
        facts.push(assessed("high", None, "2017-01-05"));
        facts.push(measured("intake", &json!({"physical": {"missing": "declined"}}), "2017-01-06"));
        facts.push(closed("2017-09-01"));
        rows.take(case(1), &history(facts), &Programmes::shipped());
        rows.take(case(2), &history(opened("mrp", "2017-01-01")), &Programmes::shipped());
        let (counts, resources) = rows.finish();
        assert_eq!(counts.cases, 1);
        resources
    }

    #[test]
    fn every_row_has_a_cell_for_each_column_and_codes_from_the_codebook() {
        for dates in [
            ReleasedDates::Kept,
            ReleasedDates::Shifted,
            ReleasedDates::Month,
            ReleasedDates::Quarter,
        ] {
            for Resource { name, columns, rows, .. } in released(dates) {
                for row in rows {
                    assert_eq!(row.len(), columns.len(), "{name}");
                    for (column, cell) in columns.iter().zip(row) {
                        let fits = column.codes.is_empty() || column.codes.contains(&&*cell);
                        assert!(!column.required || !cell.is_empty(), "{name}.{}", column.name);
                        assert!(fits || cell.is_empty(), "{name}.{} is {cell}", column.name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_case_is_told_by_its_coded_facts() {
        let resources = released(ReleasedDates::Kept);
        let cells = &resources[0].rows[0];
        let expected = [
            "drive",
            "1",
            "victim_survivor",
            "south",
            "",
            "police",
            "closed",
            "2017-01-01",
            "2017-01-02",
            "2017-01-04",
            "2017-09-01",
            "goals_met",
            "high",
            "false",
            "true",
        ];
        assert_eq!(cells[1..], expected);
        let all = format!("{resources:?}");
        for secret in [case(1).0.to_string(), case(7).0.to_string(), "w1".to_owned()] {
            assert!(!all.contains(&secret), "{secret}");
        }
        let measures = resources.iter().find(|resource| resource.name == "measures").unwrap();
        assert_eq!(measures.rows[0][5..], ["physical", "", "declined"]);
    }
}
