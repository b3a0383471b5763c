//! The requests that are overdue, page by page, for whoever chases: the longest overdue first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use throughline_domain::code_lists::Agency;
use throughline_domain::ids::{CaseId, EventId};

use super::RequestRow;

/// The place of a request in the list: when it was due, its case, and the request.
pub type OverdueKey = (Timestamp, CaseId, EventId);

/// Which overdue requests are asked for, and which page of them.
#[derive(Debug, Clone, Copy)]
pub struct OverdueQuestion<'a> {
    /// Cases of one programme only.
    pub programme: Option<&'a str>,
    /// Requests to one agency only.
    pub agency: Option<Agency>,
    /// Cases of one worker only.
    pub worker: Option<&'a str>,
    /// Due before this moment.
    pub as_of: Timestamp,
    /// The last request of the page before.
    pub after: Option<OverdueKey>,
    /// The most rows of a page.
    pub limit: usize,
}

/// One page of overdue requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverduePage {
    /// The requests, by [`OverdueKey`].
    pub rows: Vec<RequestRow>,
    /// Whether another page follows.
    pub more: bool,
}

/// Gathers a page of overdue requests row by row, keeping no more than a page.
#[derive(Debug)]
pub struct OverdueAnswer<'a> {
    question: OverdueQuestion<'a>,
    /// The first rows of the page, and one more when there is one.
    page: BTreeMap<OverdueKey, RequestRow>,
}

impl<'a> OverdueAnswer<'a> {
    /// Begins with no requests.
    #[must_use]
    pub fn new(question: OverdueQuestion<'a>) -> Self {
        Self { question, page: BTreeMap::new() }
    }

    /// Takes one request of the tenant, overdue or not.
    pub fn take(&mut self, row: RequestRow) {
        let Some(key) = row.overdue_key(self.question.as_of) else {
            return;
        };
        if self.question.is_about(&row) && self.question.after.is_none_or(|after| key > after) {
            self.page.insert(key, row);
            if self.page.len() > self.question.limit.saturating_add(1) {
                self.page.pop_last();
            }
        }
    }

    /// The page.
    #[must_use]
    pub fn finish(self) -> OverduePage {
        let limit = self.question.limit;
        OverduePage {
            more: self.page.len() > limit,
            rows: self.page.into_values().take(limit).collect(),
        }
    }
}

impl OverdueQuestion<'_> {
    fn is_about(&self, row: &RequestRow) -> bool {
        self.programme.is_none_or(|programme| row.programme.as_str() == programme)
            && self.agency.is_none_or(|agency| row.agency == agency)
            && self.worker.is_none_or(|w| row.worker.as_ref().is_some_and(|c| c.as_str() == w))
    }
}

impl RequestRow {
    /// The request's place among those overdue at `as_of`, if it is one of them.
    #[must_use]
    pub fn overdue_key(&self, as_of: Timestamp) -> Option<OverdueKey> {
        let due_at = self.due_at.filter(|_| self.is_overdue_at(as_of))?;
        Some((due_at, self.case_id, self.request))
    }
}
