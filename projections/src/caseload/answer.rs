//! A caseload out of pure rows: the answer for any dates.

use std::collections::BTreeMap;

use jiff::Timestamp;
use throughline_domain::case::CaseStatus;
use throughline_domain::code_lists::RiskLevel;
use throughline_domain::ids::CaseId;

use super::CaseloadRow;

/// Whose caseload is asked for, and which page of it.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// One worker's caseload; all open cases when there is none.
    pub worker: Option<&'a str>,
    /// The date for what depends on it: dormant, overdue.
    pub as_of: Timestamp,
    /// The last case of the page before.
    pub after: Option<CaseId>,
    /// The most rows of a page.
    pub limit: usize,
}

/// One page of a caseload, with the totals of the whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Caseload {
    /// The open cases, by `case_id`.
    pub rows: Vec<CaseloadRow>,
    /// Counted over the whole caseload, not the page.
    pub totals: Totals,
    /// Whether another page follows.
    pub more: bool,
}

/// What a whole caseload comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Open cases.
    pub open: u64,
    /// Of them, dormant.
    pub dormant: u64,
    /// Of them, at high risk.
    pub high_risk: u64,
    /// Of them, with a review overdue.
    pub reviews_overdue: u64,
}

/// Gathers a caseload row by row, keeping no more than a page.
#[derive(Debug)]
pub struct Answer<'a> {
    question: Question<'a>,
    totals: Totals,
    /// The first rows of the page, and one more when there is one.
    page: BTreeMap<CaseId, CaseloadRow>,
}

/// The caseload among `rows`, which may come in any order.
#[must_use]
pub fn answer(rows: impl IntoIterator<Item = CaseloadRow>, question: Question<'_>) -> Caseload {
    let mut answer = Answer::new(question);
    for row in rows {
        answer.take(row);
    }
    answer.finish()
}

impl<'a> Answer<'a> {
    /// Begins with no rows.
    #[must_use]
    pub fn new(question: Question<'a>) -> Self {
        Self { question, totals: Totals::default(), page: BTreeMap::new() }
    }

    /// Takes one case of the tenant, on the caseload or not.
    pub fn take(&mut self, row: CaseloadRow) {
        let Question { worker, as_of, .. } = self.question;
        let is_theirs = worker.is_none_or(|w| row.worker.as_ref().is_some_and(|c| c.as_str() == w));
        if row.status != CaseStatus::Open || !is_theirs {
            return;
        }
        self.totals.open += 1;
        self.totals.dormant += u64::from(row.is_dormant_at(as_of));
        self.totals.high_risk += u64::from(row.risk_level == Some(RiskLevel::High));
        self.totals.reviews_overdue += u64::from(row.is_review_overdue_at(as_of));
        if self.question.after.is_none_or(|after| row.case_id > after) {
            self.page.insert(row.case_id, row);
            if self.page.len() > self.question.limit.saturating_add(1) {
                self.page.pop_last();
            }
        }
    }

    /// The page, and the totals.
    #[must_use]
    pub fn finish(self) -> Caseload {
        let limit = self.question.limit;
        Caseload {
            more: self.page.len() > limit,
            rows: self.page.into_values().take(limit).collect(),
            totals: self.totals,
        }
    }
}

#[cfg(test)]
mod tests {
    use throughline_domain::case::CaseState;
    use throughline_domain::two_clocks::Asked;

    use super::*;
    use throughline_domain::programme::Programmes;

    use crate::caseload::row;
    use crate::testing::{
        Fact, allocated, assessed, attempted, case, closed, day, history, opened, referred,
    };

    fn a_row(n: u128, more: impl IntoIterator<Item = Fact>) -> CaseloadRow {
        let facts = opened("mrp", "2014-03-01").into_iter().chain(more);
        let state = CaseState::at(&history(facts), &Asked::LATEST);
        row(case(n), &state, &Programmes::shipped()).unwrap()
    }

    /// Four open cases, three of `w1`, and one closed.
    fn rows() -> [CaseloadRow; 5] {
        [
            a_row(4, [attempted("reached", "2014-06-20")]),
            a_row(2, [assessed("high", None, "2014-06-01")]),
            a_row(1, [allocated("w2", "2014-03-02")]),
            a_row(3, []),
            a_row(5, [closed("2014-04-01")]),
        ]
    }

    fn ask(worker: Option<&str>, after: Option<CaseId>, limit: usize) -> Caseload {
        let as_of = day("2014-07-01");
        answer(rows(), Question { worker, as_of, after, limit })
    }

    fn ids(caseload: &Caseload) -> Vec<CaseId> {
        caseload.rows.iter().map(|row| row.case_id).collect()
    }

    #[test]
    fn a_caseload_is_a_workers_open_cases() {
        let caseload = ask(Some("w1"), None, 10);
        assert_eq!(ids(&caseload), [case(2), case(3), case(4)]);
        let totals = Totals { open: 3, dormant: 2, high_risk: 1, reviews_overdue: 2 };
        assert_eq!(caseload.totals, totals);
        assert_eq!(ids(&ask(None, None, 10)).len(), 4);
    }

    #[test]
    fn totals_are_of_the_whole_caseload_whatever_the_page() {
        let first = ask(None, None, 3);
        assert_eq!(ids(&first), [case(1), case(2), case(3)]);
        assert!(first.more);
        let second = ask(None, Some(case(3)), 3);
        assert_eq!(ids(&second), [case(4)]);
        assert!(!second.more);
        assert_eq!(first.totals, second.totals);
    }

    #[test]
    fn a_referral_not_in_view_has_no_row() {
        let history = history([referred("mrp", "2014-03-01")]);
        let before = Asked { as_of: day("2014-02-01"), ..Asked::LATEST };
        assert_eq!(row(case(1), &CaseState::at(&history, &before), &Programmes::shipped()), None);
    }
}
