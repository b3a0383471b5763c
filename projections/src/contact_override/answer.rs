//! Overrides page by page, the newest first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use throughline_domain::ids::{CaseId, EventId};

use super::OverrideRow;

/// The place of an override in the list: when it was made, its case, and its event.
pub type OverrideKey = (Timestamp, CaseId, EventId);

/// Which overrides are asked for, and which page of them.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before then.
    pub to: Option<Timestamp>,
    /// The last override of the page before.
    pub after: Option<OverrideKey>,
    /// The most rows of a page.
    pub limit: usize,
}

/// One page of overrides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The overrides, by [`OverrideKey`] downwards.
    pub rows: Vec<OverrideRow>,
    /// Whether another page follows.
    pub more: bool,
}

/// Gathers a page of overrides row by row, keeping no more than a page.
#[derive(Debug)]
pub struct Answer {
    question: Question,
    /// The first rows of the page, and one more when there is one.
    page: BTreeMap<OverrideKey, OverrideRow>,
}

impl Answer {
    /// Begins with no overrides.
    #[must_use]
    pub fn new(question: Question) -> Self {
        Self { question, page: BTreeMap::new() }
    }

    /// Takes one override of the tenant.
    pub fn take(&mut self, row: OverrideRow) {
        let Question { from, to, after, limit } = self.question;
        let key = row.key();
        let is_within = from.is_none_or(|from| key.0 >= from) && to.is_none_or(|to| key.0 < to);
        if is_within && after.is_none_or(|after| key < after) {
            self.page.insert(key, row);
            if self.page.len() > limit.saturating_add(1) {
                self.page.pop_first();
            }
        }
    }

    /// The page.
    #[must_use]
    pub fn finish(self) -> Page {
        let limit = self.question.limit;
        Page {
            more: self.page.len() > limit,
            rows: self.page.into_values().rev().take(limit).collect(),
        }
    }
}

impl OverrideRow {
    /// The override's place in the list.
    #[must_use]
    pub fn key(&self) -> OverrideKey {
        (self.occurred.at, self.case_id, self.event_id)
    }
}
