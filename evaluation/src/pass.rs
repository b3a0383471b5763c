//! One pass over the cases of a tenant: who is in the cohort, and every table at once.

use throughline_domain::case::CaseEvent;
use throughline_domain::cohort::Cohort;
use throughline_domain::ids::CaseId;
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;

use crate::evaluated_case::EvaluatedCase;
use crate::figures::Figures;
use crate::membership::{CohortCounts, Membership, membership};
use crate::tables::{Gathering, Question, TableError};

/// A pass that goes on.
pub struct Pass {
    cohort: Cohort,
    asked: Asked,
    counts: CohortCounts,
    tables: Vec<Box<dyn Gathering>>,
}

/// What came of a pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Who was in the cohort.
    pub counts: CohortCounts,
    /// The tables, in the order of their questions.
    pub tables: Vec<Figures>,
}

impl Pass {
    /// Begins.
    #[must_use]
    pub fn new(cohort: Cohort, questions: &[Question], asked: Asked) -> Self {
        let tables = questions.iter().map(Question::begin).collect();
        Self { cohort, asked, counts: CohortCounts::default(), tables }
    }

    /// Takes one case of the tenant, in the cohort or not: its events in the order of recording.
    ///
    /// A case whose referral is not in view at the dates asked about does not count at all.
    pub fn take(
        &mut self,
        case_id: CaseId,
        history: &[Recorded<CaseEvent>],
        programmes: &Programmes,
    ) {
        let Self { cohort, asked, counts, .. } = self;
        if let Some(case) = member(cohort, asked, counts, (case_id, history), programmes) {
            for table in &mut self.tables {
                table.take(case_id, &case);
            }
        }
    }

    /// The tables.
    ///
    /// # Errors
    /// [`TableError`] of the first table that cannot be shown.
    pub fn finish(self) -> Result<Finished, TableError> {
        let tables = self.tables.iter().map(|table| table.finish()).collect::<Result<_, _>>()?;
        Ok(Finished { counts: self.counts, tables })
    }
}

/// The case as it is evaluated, where it belongs to the cohort; counted either way.
///
/// A case whose referral is not in view at the dates asked about does not count at all.
pub(crate) fn member<'a>(
    cohort: &Cohort,
    asked: &Asked,
    counts: &mut CohortCounts,
    (case_id, history): (CaseId, &'a [Recorded<CaseEvent>]),
    programmes: &Programmes,
) -> Option<EvaluatedCase<'a>> {
    let definition = |referral: &_| programmes.of_referral(referral);
    let case = EvaluatedCase::at(history, asked, definition)?.named(case_id);
    let membership = membership(cohort, &case);
    counts.take(membership);
    (membership == Membership::In).then_some(case)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Fact, case, corrected, day, history, measured, opened, referred};

    fn cohort(changes: &Value) -> Cohort {
        let mut cohort = json!({
            "id": "drive", "version": 1, "title": "Drive", "programme": "drive",
            "statuses": ["accepted", "open", "closed"],
        });
        cohort.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        serde_json::from_value(cohort).unwrap()
    }

    fn finished(cohort: Cohort, question: Value, cases: &[Vec<Fact>], as_of: &str) -> Finished {
        let questions = [serde_json::from_value(question).unwrap()];
        let asked = Asked { as_of: day(as_of), ..Asked::LATEST };
        let mut pass = Pass::new(cohort, &questions, asked);
        for (n, facts) in (1..).zip(cases) {
            pass.take(case(n), &history(facts.clone()), &Programmes::shipped());
        }
        pass.finish().unwrap()
    }

    fn physical(from: &str, to: &str) -> Vec<Fact> {
        let mut facts = opened("drive", "2017-01-01");
        facts.push(measured("intake", &json!({"physical": from}), "2017-01-02"));
        facts.push(measured("exit", &json!({"physical": to}), "2017-10-01"));
        facts
    }

    /// DOMAIN golden fact 2: Drive, physical abuse, from intake to exit; 14 of 48 are missing.
    #[test]
    fn the_published_table_of_physical_abuse_comes_back() {
        let moves = [
            ("none", "none", 6),
            ("standard", "standard", 1),
            ("moderate", "moderate", 3),
            ("moderate", "high", 2),
            ("high", "none", 6),
            ("high", "high", 16),
        ];
        let mut cases: Vec<Vec<Fact>> =
            moves.iter().flat_map(|(from, to, count)| vec![physical(from, to); *count]).collect();
        cases.extend(vec![opened("drive", "2017-01-01"); 14]);
        cases.push(opened("mrp", "2017-01-01"));
        cases.push(vec![referred("drive", "2017-01-01")]);
        let question =
            json!({"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"});
        let Finished { counts, tables } =
            finished(cohort(&json!({})), question, &cases, "2018-01-01");
        assert_eq!(counts.cases, 48);
        let left_out = serde_json::to_value(&counts.left_out).unwrap();
        assert_eq!(left_out, json!({"programme": 1, "status": 1}));
        let table = tables[0].value();
        let matrix = json!([[6, 0, 0, 0], [0, 1, 0, 0], [0, 0, 3, 2], [6, 0, 0, 16]]);
        assert_eq!(table["matrix"], matrix);
        assert_eq!((&table["pairs"], &table["missing"]), (&json!(34), &json!(14)));
        assert_eq!(table["mcnemar_exact_p"], json!(0.03125));
    }

    #[test]
    fn a_table_is_of_what_had_happened_and_was_known_then() {
        let mut facts = physical("high", "none");
        facts.push(corrected(
            4,
            measured("intake", &json!({"physical": "none"}), "2017-01-02"),
            "2018-06-01",
        ));
        let question =
            json!({"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"});
        let matrix = |as_of: &str, known_at: &str| {
            let questions = [serde_json::from_value(question.clone()).unwrap()];
            let asked = Asked { as_of: day(as_of), known_at: day(known_at), ..Asked::LATEST };
            let mut pass = Pass::new(cohort(&json!({})), &questions, asked);
            pass.take(case(1), &history(facts.clone()), &Programmes::shipped());
            let Finished { counts, tables } = pass.finish().unwrap();
            (
                counts.cases,
                tables[0].value()["pairs"].clone(),
                tables[0].value()["any_use"]["stopped"].clone(),
            )
        };
        assert_eq!(matrix("2016-12-31", "2019-01-01"), (0, json!(0), json!(0)));
        assert_eq!(matrix("2017-06-01", "2019-01-01"), (1, json!(0), json!(0)));
        assert_eq!(matrix("2018-01-01", "2018-01-01"), (1, json!(1), json!(1)));
        assert_eq!(matrix("2018-01-01", "2019-01-01"), (1, json!(1), json!(0)));
    }
}
