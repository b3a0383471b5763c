//! How agencies respond, out of rows in any order: the one counting, for the present and for any
//! other dates.

use std::collections::BTreeMap;

use jiff::Timestamp;
use throughline_domain::code_lists::Agency;

use super::{Outcome, RequestRow};
use crate::ReadError;
use crate::durations::{Durations, Spread};

/// The most requests that are counted at once: quantiles need every answer in memory.
pub const REQUESTS_MAX: usize = 1_000_000;

/// Which requests are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Cases of one programme only.
    pub programme: Option<&'a str>,
    /// Requests to one agency only.
    pub agency: Option<Agency>,
    /// Made at this moment or later.
    pub from: Option<Timestamp>,
    /// Made before this moment.
    pub to: Option<Timestamp>,
    /// The date for what depends on it: overdue.
    pub as_of: Timestamp,
}

/// How agencies respond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responses {
    /// All of them together.
    pub all: Figures,
    /// Each that was asked, in the order of the code list.
    pub by_agency: Vec<AgencyFigures>,
}

/// How one agency responds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgencyFigures {
    /// The agency.
    pub agency: Agency,
    /// What was asked of it, and what came of it.
    pub figures: Figures,
}

/// What was asked, and what came of it: every request is in one of `answered`, `refused` and `open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Requests made.
    pub requests: u64,
    /// How often one was asked again.
    pub chases: u64,
    /// How many were asked again at least once.
    pub requests_chased: u64,
    /// How often one was taken to somebody senior.
    pub escalations: u64,
    /// Requests answered.
    pub answered: u64,
    /// Of them, those answered after the answer was due.
    pub answered_late: u64,
    /// Requests refused.
    pub refused: u64,
    /// Requests neither answered nor refused.
    pub open: u64,
    /// Of them, those whose answer was due before the date asked about.
    pub overdue: u64,
    /// From request to answer, of those answered; `None` when there are none.
    pub days_to_answer: Option<Spread>,
}

/// Gathers the requests asked about, row by row.
#[derive(Debug)]
pub struct Answer<'a> {
    question: Question<'a>,
    by_agency: BTreeMap<Agency, Gathering>,
    taken: usize,
}

#[derive(Debug, Default)]
struct Gathering {
    figures: Figures,
    to_answer: Durations,
}

impl<'a> Answer<'a> {
    /// Begins with no requests.
    #[must_use]
    pub fn new(question: Question<'a>) -> Self {
        Self { question, by_agency: BTreeMap::new(), taken: 0 }
    }

    /// Takes one request of the tenant, asked about or not.
    pub fn take(&mut self, row: &RequestRow) {
        if !self.question.is_about(row) {
            return;
        }
        self.taken += 1;
        if self.taken <= REQUESTS_MAX {
            let gathering = self.by_agency.entry(row.agency).or_default();
            gathering.take(row, self.question.as_of);
        }
    }

    /// The figures.
    ///
    /// # Errors
    /// [`ReadError::TooMany`] when there are more than [`REQUESTS_MAX`].
    pub fn finish(self) -> Result<Responses, ReadError> {
        if self.taken > REQUESTS_MAX {
            return Err(ReadError::TooMany { counted_max: REQUESTS_MAX });
        }
        let mut all = Gathering::default();
        self.by_agency.values().for_each(|gathering| all.extend(gathering));
        let by_agency = self
            .by_agency
            .into_iter()
            .map(|(agency, gathering)| AgencyFigures { agency, figures: gathering.finish() })
            .collect();
        Ok(Responses { all: all.finish(), by_agency })
    }
}

impl Question<'_> {
    fn is_about(&self, row: &RequestRow) -> bool {
        self.programme.is_none_or(|programme| row.programme.as_str() == programme)
            && self.agency.is_none_or(|agency| row.agency == agency)
            && self.from.is_none_or(|from| row.requested_at >= from)
            && self.to.is_none_or(|to| row.requested_at < to)
    }
}

impl Gathering {
    fn take(&mut self, row: &RequestRow, as_of: Timestamp) {
        let figures = &mut self.figures;
        figures.requests += 1;
        figures.chases += u64::from(row.chases);
        figures.requests_chased += u64::from(row.chases > 0);
        figures.escalations += u64::from(row.escalations);
        match row.outcome {
            Outcome::Open => {
                figures.open += 1;
                figures.overdue += u64::from(row.is_overdue_at(as_of));
            }
            Outcome::Answered => {
                figures.answered += 1;
                figures.answered_late +=
                    u64::from(row.due_at.is_some_and(|d| row.ended_at > Some(d)));
                if let Some(answered_at) = row.ended_at {
                    self.to_answer.take(row.requested_at, answered_at);
                }
            }
            Outcome::Refused => figures.refused += 1,
        }
    }

    fn extend(&mut self, other: &Self) {
        let Figures {
            requests,
            chases,
            requests_chased,
            escalations,
            answered,
            answered_late,
            refused,
            open,
            overdue,
            days_to_answer: _,
        } = other.figures;
        let figures = &mut self.figures;
        figures.requests += requests;
        figures.chases += chases;
        figures.requests_chased += requests_chased;
        figures.escalations += escalations;
        figures.answered += answered;
        figures.answered_late += answered_late;
        figures.refused += refused;
        figures.open += open;
        figures.overdue += overdue;
        self.to_answer.extend(&other.to_answer);
    }

    fn finish(self) -> Figures {
        Figures { days_to_answer: self.to_answer.spread(), ..self.figures }
    }
}
