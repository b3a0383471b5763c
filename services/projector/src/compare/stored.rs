//! A comparison as it is kept with its rebuild.

use serde::{Deserialize, Serialize};
use throughline_domain::ids::{CaseId, Position};
use throughline_projections::{Projection, Table};
use uuid::Uuid;

use super::comparison::{Comparison, Difference, DifferenceKind, TableRows};

/// What is kept does not name what this program knows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadableComparison {
    #[error("a kept comparison is not of the form that is written")]
    Json(#[from] serde_json::Error),
    #[error("a kept comparison names what the projection does not have")]
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    build: i32,
    position: i64,
    is_of_all: bool,
    cases: u64,
    rows: u64,
    parked: u64,
    differing_cases: u64,
    differences_found: u64,
    /// Comparisons that were kept before this was counted do not have it.
    #[serde(default)]
    taken_away: u64,
    differences: Vec<StoredDifference>,
    tables: Vec<(String, u64)>,
    live: Option<Box<Stored>>,
}

#[derive(Serialize, Deserialize)]
struct StoredDifference {
    case_id: Uuid,
    table: String,
    kind: String,
    columns: Vec<String>,
}

/// The text that is kept.
pub(crate) fn write(comparison: &Comparison) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Stored::of(comparison))
}

/// Reads what was kept for a rebuild of `projection`.
pub(crate) fn read(projection: Projection, json: &str) -> Result<Comparison, UnreadableComparison> {
    let stored: Stored = serde_json::from_str(json)?;
    stored.comparison(projection.tables()).ok_or(UnreadableComparison::Unknown)
}

impl Stored {
    fn of(comparison: &Comparison) -> Self {
        let difference = |d: &Difference| StoredDifference {
            case_id: d.case_id.0,
            table: d.table.to_owned(),
            kind: d.kind.as_str().to_owned(),
            columns: d.columns.iter().map(|&column| column.to_owned()).collect(),
        };
        Self {
            build: comparison.build,
            position: comparison.position.0,
            is_of_all: comparison.is_of_all,
            cases: comparison.cases,
            rows: comparison.rows,
            parked: comparison.parked,
            differing_cases: comparison.differing_cases,
            differences_found: comparison.differences_found,
            taken_away: comparison.taken_away,
            differences: comparison.differences.iter().map(difference).collect(),
            tables: comparison.tables.iter().map(|t| (t.table.to_owned(), t.rows)).collect(),
            live: comparison.live.as_ref().map(|live| Box::new(Self::of(live))),
        }
    }

    fn comparison(&self, tables: &'static [Table]) -> Option<Comparison> {
        let find = |name: &str| tables.iter().find(|table| table.name == name);
        let differences = self.differences.iter().map(|d| d.difference(find(&d.table)?));
        let counts =
            |(name, rows): &(String, u64)| Some(TableRows { table: find(name)?.name, rows: *rows });
        let live = match &self.live {
            Some(live) => Some(Box::new(live.comparison(tables)?)),
            None => None,
        };
        Some(Comparison {
            build: self.build,
            position: Position(self.position),
            is_of_all: self.is_of_all,
            cases: self.cases,
            rows: self.rows,
            parked: self.parked,
            differing_cases: self.differing_cases,
            differences_found: self.differences_found,
            taken_away: self.taken_away,
            differences: differences.collect::<Option<_>>()?,
            tables: self.tables.iter().map(counts).collect::<Option<_>>()?,
            live,
        })
    }
}

impl StoredDifference {
    fn difference(&self, table: &'static Table) -> Option<Difference> {
        let column = |name: &String| {
            table.columns.iter().map(|column| column.name).find(|column| column == name)
        };
        Some(Difference {
            case_id: CaseId(self.case_id),
            table: table.name,
            kind: DifferenceKind::find(&self.kind)?,
            columns: self.columns.iter().map(column).collect::<Option<_>>()?,
        })
    }
}
