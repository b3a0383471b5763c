//! What a comparison found, in words.

use std::fmt::Write as _;

use throughline_projector::{Comparison, Difference};

use crate::commands::progress::grouped;

/// Differences that are listed for a person; `--json` lists all that are kept.
const LISTED_MAX: usize = 20;

/// A comparison in a line, then a line for each row that differs.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let Comparison { cases, rows, parked, position, .. } = comparison;
    let which = if comparison.is_of_all { "all" } else { "a sample of" };
    let mut text = format!(
        "build {} at position {position}: {which} {} cases, {} rows: ",
        comparison.build,
        grouped(*cases),
        grouped(*rows),
    );
    // Writing to a text cannot fail.
    let _ = match comparison.differences_found {
        0 => write!(text, "as the log says"),
        found => {
            let differing = grouped(comparison.differing_cases);
            write!(text, "{} rows of {differing} cases differ from the log", grouped(found))
        }
    };
    if *parked > 0 {
        let _ = write!(text, "; {} parked cases passed over", grouped(*parked));
    }
    for difference in comparison.differences.iter().take(LISTED_MAX) {
        let _ = write!(text, "\n  {}", line(difference));
    }
    let more = comparison.differences_found.saturating_sub(LISTED_MAX as u64);
    if more > 0 {
        let _ = write!(text, "\n  and {} more", grouped(more));
    }
    text
}

fn line(difference: &Difference) -> String {
    let Difference { case_id, table, kind, columns } = difference;
    let columns = columns.join(", ");
    format!("case {case_id}: {table} {}: {columns}", kind.as_str())
        .trim_end_matches([' ', ':'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use throughline_domain::ids::{CaseId, Position};
    use throughline_projector::DifferenceKind;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn rows_that_differ_are_listed_by_case_and_column() {
        let difference = |kind, columns: &[&'static str]| Difference {
            case_id: CaseId(Uuid::nil()),
            table: "caseload_2",
            kind,
            columns: columns.to_vec(),
        };
        let found = Comparison {
            build: 2,
            position: Position(9),
            is_of_all: true,
            cases: 1000,
            rows: 999,
            parked: 0,
            taken_away: 0,
            differing_cases: 2,
            differences: vec![
                difference(DifferenceKind::Differs, &["status", "worker"]),
                difference(DifferenceKind::Missing, &[]),
            ],
            differences_found: 2,
            tables: Vec::new(),
            live: None,
        };
        let nil = Uuid::nil();
        let expected = format!(
            "build 2 at position 9: all 1,000 cases, 999 rows: 2 rows of 2 cases differ from the log\
             \n  case {nil}: caseload_2 differs: status, worker\
             \n  case {nil}: caseload_2 missing"
        );
        assert_eq!(comparison(&found), expected);
    }
}
