//! One table of a few cases, for the tests of the tables.

use serde_json::{Value, json};
use throughline_domain::cohort::Cohort;
use throughline_domain::programme::Programmes;
use throughline_domain::two_clocks::Asked;

use crate::pass::Pass;
use crate::testing::{Fact, case, day, history};

/// The table of a cohort that has every case of the programme `drive`; all of these are.
pub(super) fn answered(question: Value, cases: &[Vec<Fact>], as_of: &str) -> Value {
    let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "drive"});
    let cohort: Cohort = serde_json::from_value(cohort).unwrap();
    let asked = Asked { as_of: day(as_of), ..Asked::LATEST };
    let mut pass = Pass::new(cohort, &[serde_json::from_value(question).unwrap()], asked);
    for (n, facts) in (1..).zip(cases) {
        pass.take(case(n), &history(facts.clone()), &Programmes::shipped());
    }
    let finished = pass.finish().unwrap();
    assert_eq!(finished.counts.cases, cases.len() as u64);
    finished.tables[0].value().clone()
}
