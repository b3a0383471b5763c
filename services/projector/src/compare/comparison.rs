//! What a comparison found. It names cases, tables and columns, and never a value: an operator sees
//! no content of cases.

use throughline_domain::ids::{CaseId, Position};

/// The most differences that a comparison lists; it counts them all.
pub const DIFFERENCES_MAX: usize = 1_000;

/// Which cases are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Every case of the tenant, and every row of the build.
    All,
    /// About as many, drawn at random, and those that are parked.
    Of(u32),
}

/// A build's rows held against the log, folded up to the build's own checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The build.
    pub build: i32,
    /// The build's checkpoint: the rows are compared with the log up to here.
    pub position: Position,
    /// Whether every case was compared.
    pub is_of_all: bool,
    /// How many cases were compared.
    pub cases: u64,
    /// How many rows the build had of them.
    pub rows: u64,
    /// How many cases were passed over: the build has them parked, and says that they are stale.
    pub parked: u64,
    /// How many cases differ.
    pub differing_cases: u64,
    /// The differences, by case as they were found: at most [`DIFFERENCES_MAX`].
    pub differences: Vec<Difference>,
    /// How many there are.
    pub differences_found: u64,
    /// How many cases the build has parked although the live one has rows of them that are current:
    /// a switch would take these away. They are among the differences, as missing.
    pub taken_away: u64,
    /// How many rows of the tenant each table of the build has.
    pub tables: Vec<TableRows>,
    /// The same of the live build, over the same cases, where a new build was compared before a
    /// switch. What differs there is what the rebuild repairs.
    pub live: Option<Box<Comparison>>,
}

/// How many rows of the tenant a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableRows {
    /// The table, as the projection names it.
    pub table: &'static str,
    /// The number of rows.
    pub rows: u64,
}

/// A row that is not as the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The case.
    pub case_id: CaseId,
    /// The table.
    pub table: &'static str,
    /// What is wrong.
    pub kind: DifferenceKind,
    /// The columns that differ, where the row is there.
    pub columns: Vec<&'static str>,
}

/// In what way a row is not as the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The log gives a row, and there is none.
    Missing,
    /// There is a row that the log does not give.
    Extra,
    /// Columns of the row differ.
    Differs,
}

impl DifferenceKind {
    /// The name by which it is known in the database and outside.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Differs => "differs",
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        [Self::Missing, Self::Extra, Self::Differs].into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Comparison {
    /// Of a build at a position, with nothing compared yet.
    pub(crate) fn of(build: i32, position: Position, is_of_all: bool) -> Self {
        Self {
            build,
            position,
            is_of_all,
            cases: 0,
            rows: 0,
            parked: 0,
            differing_cases: 0,
            differences: Vec::new(),
            differences_found: 0,
            taken_away: 0,
            tables: Vec::new(),
            live: None,
        }
    }

    /// Takes what was found of one case.
    pub(crate) fn take(&mut self, found: Vec<Difference>) {
        self.differing_cases += u64::from(!found.is_empty());
        self.differences_found += found.len() as u64;
        let room = DIFFERENCES_MAX.saturating_sub(self.differences.len());
        self.differences.extend(found.into_iter().take(room));
    }

    /// Whether every row that was compared is as the log says.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences_found == 0
    }
}
