//! What a comparison found: how many, and where. Never a value.

use serde::Serialize;
use throughline_projector::{Comparison, Difference, TableRows};
use utoipa::ToSchema;
use uuid::Uuid;

/// A build's rows held against the log.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "build": 2,
    "position": 1_000_000,
    "all_cases": false,
    "cases": 1000,
    "rows": 1000,
    "parked": 0,
    "differing_cases": 1,
    "differences_found": 1,
    "taken_away": 0,
    "differences": [{
        "case_id": "5f0c1f6e-3c0b-4c52-9a3e-0d6b8e1f6c11",
        "table": "caseload_2", "kind": "differs", "columns": ["status"]
    }],
    "tables": [{"table": "caseload_2", "rows": 48_211}]
}))]
pub struct ComparisonAnswer {
    /// The build.
    build: i32,
    /// The position up to which the rows told of the log.
    position: i64,
    /// Whether every case was compared, or a sample.
    all_cases: bool,
    /// Cases that were compared.
    cases: u64,
    /// Rows that the build had of them.
    rows: u64,
    /// Cases that were passed over: the build has set them aside.
    parked: u64,
    /// Cases of which some row differs.
    differing_cases: u64,
    /// Rows that differ.
    differences_found: u64,
    /// Cases that the build has set aside though the live one has rows of them: a switch would take
    /// them from readers, so there is none.
    taken_away: u64,
    /// The first thousand of the rows that differ, case by case.
    differences: Vec<DifferenceAnswer>,
    /// How many rows of the tenant each table has.
    tables: Vec<TableAnswer>,
    /// The same of the build that readers were answered from, where a new one was compared: what
    /// differs there is what the rebuild repairs.
    #[schema(no_recursion)]
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Box<ComparisonAnswer>>,
}

/// How many rows a table has.
#[derive(Serialize, ToSchema)]
pub struct TableAnswer {
    /// The table.
    table: &'static str,
    /// The tenant's rows in it.
    rows: u64,
}

/// A row that is not as the log has it.
#[derive(Serialize, ToSchema)]
pub struct DifferenceAnswer {
    /// The case.
    case_id: Uuid,
    /// The table.
    table: &'static str,
    /// `missing`, `extra` or `differs`.
    kind: &'static str,
    /// The columns that differ.
    columns: Vec<&'static str>,
}

impl ComparisonAnswer {
    /// A comparison, in the form of an answer.
    #[must_use]
    pub fn of(comparison: &Comparison) -> Self {
        let table = |table: &TableRows| TableAnswer { table: table.table, rows: table.rows };
        Self {
            build: comparison.build,
            position: comparison.position.0,
            all_cases: comparison.is_of_all,
            cases: comparison.cases,
            rows: comparison.rows,
            parked: comparison.parked,
            differing_cases: comparison.differing_cases,
            differences_found: comparison.differences_found,
            taken_away: comparison.taken_away,
            differences: comparison.differences.iter().map(DifferenceAnswer::of).collect(),
            tables: comparison.tables.iter().map(table).collect(),
            live: comparison.live.as_deref().map(|live| Box::new(Self::of(live))),
        }
    }
}

impl DifferenceAnswer {
    fn of(difference: &Difference) -> Self {
        Self {
            case_id: difference.case_id.0,
            table: difference.table,
            kind: difference.kind.as_str(),
            columns: difference.columns.clone(),
        }
    }
}
