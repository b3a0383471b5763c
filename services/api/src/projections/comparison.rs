//! What a comparison found: how many, and where. Never a value.

use serde::Serialize;
use throughline_projector::{Comparison, Difference};
use utoipa::ToSchema;
use uuid::Uuid;

/// Rows held against the log.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "position": 1_000_000,
    "cases": 1000,
    "rows": 1000,
    "differing_cases": 1,
    "differences": [{
        "case_id": "5f0c1f6e-3c0b-4c52-9a3e-0d6b8e1f6c11",
        "table": "caseload", "kind": "differs", "columns": ["status"]
    }]
}))]
pub struct ComparisonAnswer {
    /// The position up to which the rows told of the log.
    position: i64,
    /// Cases that were folded again.
    cases: u64,
    /// Rows that they ought to have.
    rows: u64,
    /// Cases of which some row differs.
    differing_cases: u64,
    /// The first of them, row by row.
    differences: Vec<DifferenceAnswer>,
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
        Self {
            position: comparison.position.0,
            cases: comparison.cases,
            rows: comparison.rows,
            differing_cases: comparison.differing_cases,
            differences: comparison.differences.iter().map(DifferenceAnswer::of).collect(),
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
