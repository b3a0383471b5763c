//! The rows of one case in one table: those the log gives beside those that are there.

use std::collections::BTreeMap;

use throughline_domain::ids::CaseId;
use throughline_projections::{Cell, Row, Table};

use super::comparison::{Difference, DifferenceKind};

/// What differs. Rows belong together by their key; neither side has a key twice.
pub(crate) fn differences(
    case_id: CaseId,
    table: &'static Table,
    expected: &[Row],
    found: &[Row],
) -> Vec<Difference> {
    let by_key = |rows| -> BTreeMap<&[Cell], &Row> { index(table, rows) };
    let (expected, mut found) = (by_key(expected), by_key(found));
    let difference = |kind, columns| Difference { case_id, table: table.name, kind, columns };
    let mut differences = Vec::new();
    for (key, row) in expected {
        match found.remove(key) {
            None => differences.push(difference(DifferenceKind::Missing, Vec::new())),
            Some(present) if present != row => {
                let columns = table.columns.iter().zip(row.iter().zip(present));
                let columns = columns.filter(|(_, (expected, found))| expected != found);
                let columns = columns.map(|(column, _)| column.name).collect();
                differences.push(difference(DifferenceKind::Differs, columns));
            }
            Some(_) => {}
        }
    }
    differences.extend(found.iter().map(|_| difference(DifferenceKind::Extra, Vec::new())));
    differences
}

fn index<'a>(table: &Table, rows: &'a [Row]) -> BTreeMap<&'a [Cell], &'a Row> {
    rows.iter().map(|row| (&row[..table.key], row)).collect()
}

#[cfg(test)]
mod tests {
    use throughline_projections::{Column, Kind};
    use uuid::Uuid;

    use super::*;

    static TABLE: Table = Table {
        name: "visit",
        columns: &[
            Column::new("case_id", Kind::Uuid),
            Column::new("number", Kind::Int),
            Column::new("place", Kind::Text),
            Column::new("length", Kind::Int),
        ],
        key: 2,
    };

    fn row(number: i32, place: &'static str, length: i32) -> Row {
        vec![Uuid::nil().into(), Cell::Int(number), place.into(), Cell::Int(length)]
    }

    fn compare(expected: &[Row], found: &[Row]) -> Vec<(DifferenceKind, Vec<&'static str>)> {
        let found = differences(CaseId(Uuid::nil()), &TABLE, expected, found);
        found.into_iter().map(|d| (d.kind, d.columns)).collect()
    }

    #[test]
    fn rows_that_are_as_the_log_says_do_not_differ_in_whatever_order() {
        let rows = [row(1, "home", 3), row(2, "office", 4)];
        let other = [rows[1].clone(), rows[0].clone()];
        assert_eq!(compare(&rows, &other), []);
    }

    #[test]
    fn what_differs_is_told_by_its_columns() {
        let differs = vec![(DifferenceKind::Differs, vec!["place", "length"])];
        assert_eq!(compare(&[row(1, "home", 3)], &[row(1, "office", 4)]), differs);
        let mut none = row(1, "home", 3);
        none[3] = Cell::Null;
        let differs = vec![(DifferenceKind::Differs, vec!["length"])];
        assert_eq!(compare(&[row(1, "home", 3)], &[none]), differs);
    }

    #[test]
    fn a_row_under_another_key_is_missing_and_extra() {
        let differs =
            vec![(DifferenceKind::Missing, Vec::new()), (DifferenceKind::Extra, Vec::new())];
        assert_eq!(compare(&[row(1, "home", 3)], &[row(2, "home", 3)]), differs);
    }
}
