//! Aligned columns for a person to read.

use std::fmt::Write as _;

/// On which side a column is flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows under their heads, as lines. Every row has as many cells as there are heads.
pub(super) fn aligned(heads: &[(&str, Flush)], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(heads[column].0.len())
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let mut text = String::new();
    let names: Vec<String> = heads.iter().map(|(name, _)| (*name).to_owned()).collect();
    for row in std::iter::once(&names).chain(rows) {
        let mut line = String::new();
        for ((cell, width), (_, flush)) in row.iter().zip(&widths).zip(heads) {
            // Writing to a text cannot fail.
            let _ = match flush {
                Flush::Left => write!(line, "{cell:<width$}  "),
                Flush::Right => write!(line, "{cell:>width$}  "),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let heads = [("NAME", Flush::Left), ("N", Flush::Right)];
        let rows = [vec!["a".to_owned(), "1,000".to_owned()], vec!["longer".into(), "2".into()]];
        let text = aligned(&heads, &rows);
        assert_eq!(text, "NAME        N\na       1,000\nlonger      2\n");
        assert_eq!(aligned(&heads, &[]), "NAME  N\n");
    }
}
