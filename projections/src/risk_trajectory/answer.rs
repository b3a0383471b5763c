//! How risk went over many cases, out of stretches in any order: the one counting, for the present
//! and for any other dates.

use jiff::Timestamp;
use throughline_domain::code_lists::{CaseRole, CodeList as _, RiskLevel};

use super::Stretch;
use crate::ReadError;
use crate::durations::{Days, Durations, Spread, microseconds_between};

/// The most current spells that are counted at once: quantiles need the length of each in memory.
pub const SPELLS_MAX: usize = 1_000_000;

const LEVELS: usize = RiskLevel::ALL.len();

/// Which cases are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Cases of one programme only.
    pub programme: Option<&'a str>,
    /// Cases about one role only.
    pub role: Option<CaseRole>,
    /// Cases of one area only.
    pub area: Option<&'a str>,
    /// Time is counted up to here.
    pub as_of: Timestamp,
}

/// How risk went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trajectories {
    /// Cases with time in an episode.
    pub cases: u64,
    /// Each level, in the order of the code list.
    pub levels: [LevelFigures; LEVELS],
    /// Time within episodes before anybody assessed the person.
    pub not_assessed: NotAssessed,
    /// Assessments after another, by the level before (rows) and the level given (columns).
    pub matrix: [[u64; LEVELS]; LEVELS],
}

/// What one level comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelFigures {
    /// The level.
    pub level: RiskLevel,
    /// Cases that were ever at it within an episode.
    pub cases: u64,
    /// Spells at it.
    pub spells: u64,
    /// The sum of their lengths.
    pub time: Days,
    /// Cases in an episode that are at it now.
    pub current: u64,
    /// For how long they have been; `None` when there are none.
    pub current_length: Option<Spread>,
}

/// Time within episodes before anybody assessed the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAssessed {
    /// Cases with such time, be it none: the assessment came at once.
    pub cases: u64,
    /// The sum.
    pub time: Days,
    /// Cases in an episode that are still not assessed.
    pub current: u64,
}

impl Trajectories {
    /// Assessments with a higher level than the one before.
    #[must_use]
    pub fn rises(&self) -> u64 {
        self.moved(|before, level| level > before)
    }

    /// Assessments with a lower level than the one before.
    #[must_use]
    pub fn falls(&self) -> u64 {
        self.moved(|before, level| level < before)
    }

    /// Assessments with the same level as the one before.
    #[must_use]
    pub fn unchanged(&self) -> u64 {
        self.moved(|before, level| level == before)
    }

    fn moved(&self, is: impl Fn(usize, usize) -> bool) -> u64 {
        let cells = |(before, row): (usize, &[u64; LEVELS])| {
            let those = row.iter().enumerate().filter(|(level, _)| is(before, *level));
            those.map(|(_, count)| count).sum::<u64>()
        };
        self.matrix.iter().enumerate().map(cells).sum()
    }
}

/// Gathers stretches, whichever cases they are of.
#[derive(Debug)]
pub struct Answer<'a> {
    question: Question<'a>,
    cases: u64,
    /// Not assessed, then each level.
    at: [Gathering; LEVELS + 1],
    matrix: [[u64; LEVELS]; LEVELS],
    current: usize,
}

#[derive(Debug, Default)]
struct Gathering {
    cases: u64,
    spells: u64,
    microseconds: i128,
    current: Durations,
}

impl<'a> Answer<'a> {
    /// Begins with no cases.
    #[must_use]
    pub fn new(question: Question<'a>) -> Self {
        let matrix = [[0; LEVELS]; LEVELS];
        Self { question, cases: 0, at: Default::default(), matrix, current: 0 }
    }

    /// Takes one stretch of a case of the tenant, asked about or not.
    pub fn take(&mut self, stretch: &Stretch) {
        let as_of = self.question.as_of;
        if stretch.from > as_of || !self.question.is_about(stretch) {
            return;
        }
        if let Some((before, level)) = stretch.reassessment() {
            self.matrix[place(before)][place(level)] += 1;
        }
        let Some(since) = stretch.since else {
            return;
        };
        self.cases += u64::from(stretch.is_first);
        let gathering = &mut self.at[stretch.level.map_or(0, |level| place(level) + 1)];
        gathering.cases += u64::from(stretch.is_first_at_level);
        gathering.spells += u64::from(stretch.begins_spell());
        let time = microseconds_between(stretch.from, stretch.end_at(as_of));
        gathering.microseconds += i128::from(time);
        if stretch.is_current_at(as_of) {
            self.current += 1;
            if self.current <= SPELLS_MAX {
                gathering.current.take(since, as_of);
            }
        }
    }

    /// The figures.
    ///
    /// # Errors
    /// [`ReadError::TooWide`] when more than [`SPELLS_MAX`] cases are in an episode.
    pub fn finish(self) -> Result<Trajectories, ReadError> {
        if self.current > SPELLS_MAX {
            return Err(ReadError::TooWide { parameter: "area", counted_max: SPELLS_MAX });
        }
        let [not_assessed, standard, medium, high] = self.at;
        Ok(Trajectories {
            cases: self.cases,
            levels: [
                standard.finish(RiskLevel::Standard),
                medium.finish(RiskLevel::Medium),
                high.finish(RiskLevel::High),
            ],
            not_assessed: NotAssessed {
                cases: not_assessed.cases,
                time: Days::sum(not_assessed.microseconds),
                current: not_assessed.current.count(),
            },
            matrix: self.matrix,
        })
    }
}

impl Question<'_> {
    fn is_about(&self, stretch: &Stretch) -> bool {
        self.programme.is_none_or(|programme| stretch.programme.as_str() == programme)
            && self.role.is_none_or(|role| stretch.role == role)
            && self.area.is_none_or(|area| stretch.area.as_str() == area)
    }
}

impl Gathering {
    fn finish(self, level: RiskLevel) -> LevelFigures {
        LevelFigures {
            level,
            cases: self.cases,
            spells: self.spells,
            time: Days::sum(self.microseconds),
            current: self.current.count(),
            current_length: self.current.spread(),
        }
    }
}

/// A level's row and column.
fn place(level: RiskLevel) -> usize {
    match level {
        RiskLevel::Standard => 0,
        RiskLevel::Medium => 1,
        RiskLevel::High => 2,
    }
}
