//! How often assessors agree, out of cases in any order: the one counting, for the present and for
//! any other dates.

use std::collections::BTreeMap;

use throughline_domain::case::assessors::Assessor;
use throughline_domain::code_lists::{CodeList as _, OwnView, RiskLevel};

use super::{Comparison, Question};
use crate::ReadError;

/// The most pairs of assessors that are told apart at once: roles and organisations are codes that
/// whoever records chooses.
pub const PAIRS_MAX: usize = 1_000;

const LEVELS: usize = RiskLevel::ALL.len();

/// How often assessors agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Cases that somebody assessed in the present or last episode.
    pub cases: u64,
    /// Of them, those that two or more assessors assessed.
    pub compared: u64,
    /// Of those compared, those whose levels are all the same.
    pub agree: u64,
    /// Of those compared, those whose levels differ.
    pub differ: u64,
    /// What the persons say; every case is in one.
    pub person: PersonSays,
    /// Cases whose levels differ, or whose person disagrees.
    pub disagreements: u64,
    /// Each pair of assessors that assessed the same cases, by role and organisation.
    pub pairs: Vec<Pair>,
}

/// What the persons say to the assessments of their cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PersonSays {
    /// Cases whose person disagrees with any of the assessments.
    pub disagrees: u64,
    /// Cases whose person agrees with one, and disagrees with none.
    pub agrees: u64,
    /// Cases whose person was not asked.
    pub not_asked: u64,
    /// Cases in which nobody wrote it down.
    pub not_recorded: u64,
}

/// Two assessors of the same cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The first, by role and organisation.
    pub first: Assessor,
    /// The second.
    pub second: Assessor,
    /// Their cases, by the level that the first gave (rows) and the second (columns), in the order of
    /// the code list.
    pub matrix: [[u64; LEVELS]; LEVELS],
}

impl Pair {
    /// Cases that both assessed.
    #[must_use]
    pub fn cases(&self) -> u64 {
        self.matrix.iter().flatten().sum()
    }

    /// Of them, those to which both gave the same level.
    #[must_use]
    pub fn agree(&self) -> u64 {
        (0..LEVELS).map(|level| self.matrix[level][level]).sum()
    }
}

/// The share of `part` in `whole`, in tenths of a percent, halves up; `None` of nothing.
#[must_use]
pub fn permille(part: u64, whole: u64) -> Option<u64> {
    (part * 2_000 + whole).checked_div(whole * 2)
}

/// Gathers cases, whichever order they come in.
#[derive(Debug)]
pub struct Answer<'a> {
    question: Question<'a>,
    cases: u64,
    agree: u64,
    differ: u64,
    person: PersonSays,
    disagreements: u64,
    pairs: BTreeMap<(Assessor, Assessor), [[u64; LEVELS]; LEVELS]>,
}

impl<'a> Answer<'a> {
    /// Begins with no cases.
    #[must_use]
    pub fn new(question: Question<'a>) -> Self {
        Self {
            question,
            cases: 0,
            agree: 0,
            differ: 0,
            person: PersonSays::default(),
            disagreements: 0,
            pairs: BTreeMap::new(),
        }
    }

    /// Takes one case of the tenant, asked about or not.
    pub fn take(&mut self, case: &Comparison) {
        if !self.question.is_about(case) {
            return;
        }
        self.cases += 1;
        if case.views.len() > 1 {
            let differ = case.levels_differ();
            self.differ += u64::from(differ);
            self.agree += u64::from(!differ);
        }
        self.person.take(case.person_says());
        self.disagreements += u64::from(case.is_disagreement());
        for (place, first) in case.views.iter().enumerate() {
            for second in &case.views[place + 1..] {
                if self.pairs.len() > PAIRS_MAX {
                    return;
                }
                let pair = (first.assessor.clone(), second.assessor.clone());
                let matrix = self.pairs.entry(pair).or_default();
                matrix[row(first.level)][row(second.level)] += 1;
            }
        }
    }

    /// The figures.
    ///
    /// # Errors
    /// [`ReadError::TooWide`] when there are more than [`PAIRS_MAX`] pairs.
    pub fn finish(self) -> Result<Agreement, ReadError> {
        if self.pairs.len() > PAIRS_MAX {
            return Err(ReadError::TooWide { parameter: "area", counted_max: PAIRS_MAX });
        }
        let pairs = self.pairs.into_iter();
        Ok(Agreement {
            cases: self.cases,
            compared: self.agree + self.differ,
            agree: self.agree,
            differ: self.differ,
            person: self.person,
            disagreements: self.disagreements,
            pairs: pairs.map(|((first, second), matrix)| Pair { first, second, matrix }).collect(),
        })
    }
}

impl PersonSays {
    fn take(&mut self, says: Option<OwnView>) {
        let count = match says {
            Some(OwnView::Disagrees) => &mut self.disagrees,
            Some(OwnView::Agrees) => &mut self.agrees,
            Some(OwnView::NotAsked) => &mut self.not_asked,
            None => &mut self.not_recorded,
        };
        *count += 1;
    }
}

/// A level's row and column.
fn row(level: RiskLevel) -> usize {
    match level {
        RiskLevel::Standard => 0,
        RiskLevel::Medium => 1,
        RiskLevel::High => 2,
    }
}
