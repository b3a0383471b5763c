//! The cases whose risk is seen differently, page by page: those that have stood so the longest first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use throughline_domain::ids::CaseId;

use super::{Comparison, Question};

/// The place of a case in the list: since when it stands so, and the case.
pub type PageKey = (Timestamp, CaseId);

/// Which page is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PageQuestion<'a> {
    /// Which cases.
    pub question: Question<'a>,
    /// The last case of the page before.
    pub after: Option<PageKey>,
    /// The most cases of a page.
    pub limit: usize,
}

/// One page of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The cases, by [`PageKey`].
    pub cases: Vec<Comparison>,
    /// Whether another page follows.
    pub more: bool,
}

/// Gathers a page case by case, keeping no more than a page.
#[derive(Debug)]
pub struct PageAnswer<'a> {
    asked: PageQuestion<'a>,
    /// The first cases of the page, and one more when there is one.
    page: BTreeMap<PageKey, Comparison>,
}

impl<'a> PageAnswer<'a> {
    /// Begins with no cases.
    #[must_use]
    pub fn new(asked: PageQuestion<'a>) -> Self {
        Self { asked, page: BTreeMap::new() }
    }

    /// Takes one case of the tenant, seen differently or not.
    pub fn take(&mut self, case: Comparison) {
        let PageQuestion { question, after, limit } = &self.asked;
        let key = case.page_key();
        if !case.is_disagreement() || !question.is_about(&case) {
            return;
        }
        if after.is_none_or(|after| key > after) {
            self.page.insert(key, case);
            if self.page.len() > limit.saturating_add(1) {
                self.page.pop_last();
            }
        }
    }

    /// The page.
    #[must_use]
    pub fn finish(self) -> Page {
        let limit = self.asked.limit;
        Page { more: self.page.len() > limit, cases: self.page.into_values().take(limit).collect() }
    }
}

impl Comparison {
    /// The case's place in the list.
    #[must_use]
    pub fn page_key(&self) -> PageKey {
        (self.since(), self.case_id)
    }
}
