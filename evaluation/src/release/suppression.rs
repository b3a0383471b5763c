//! Suppression of small counts in a table with margins, so that none of them can be derived.
//!
//! A table of `r` by `c` counts is held with its margins, as `r + 1` by `c + 1` cells. With the sign of
//! the margins turned, every row and every column of it sums to zero. So another table with the same
//! published cells differs from this one by a closed walk over hidden cells, alternately in a row and in
//! a column, one up and the next down; a cell of nobody cannot go down. A hidden cell is safe where it
//! lies on such a walk: at least one other table has another count there. Cells are hidden until each
//! hidden one is safe, and each published margin leaves a hidden sum that is not small itself.

use std::collections::VecDeque;

/// A table of counts with its margins, and which cells are hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protected {
    /// The counts, row by row; the last of a row and the last row are the margins.
    pub cells: Vec<Vec<u64>>,
    /// Which of them are hidden.
    pub hidden: Vec<Vec<bool>>,
}

/// A place: row and column.
type At = (usize, usize);

impl Protected {
    /// The table with small counts (1 to `threshold` - 1) hidden and whatever else has to be; `None` where
    /// it cannot be made safe and has to be left out whole. A `threshold` of zero hides nothing.
    ///
    /// `counts` are rows of the same length, without margins.
    #[must_use]
    pub fn of(counts: &[Vec<u64>], threshold: u64) -> Option<Self> {
        let cells = with_margins(counts)?;
        let small = |count: &u64| (1..threshold).contains(count);
        let hidden = cells.iter().map(|row| row.iter().map(small).collect()).collect();
        let mut table = Self { cells, hidden };
        // The number of all is told elsewhere too, so it can neither be small nor be hidden.
        if table.is_hidden(table.corner()) {
            return None;
        }
        while let Some(line) = table.unsafe_line(threshold) {
            table.hide_smallest(&line)?;
        }
        Some(table)
    }

    /// The same for a list of counts whose sum is published: what is published of each.
    #[must_use]
    pub fn of_list(counts: &[u64], threshold: u64) -> Option<Vec<Option<u64>>> {
        let all = counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count))?;
        if counts.is_empty() || (1..threshold).contains(&all) {
            return None;
        }
        let mut hidden: Vec<bool> =
            counts.iter().map(|count| (1..threshold).contains(count)).collect();
        loop {
            let sum: u64 = counts.iter().zip(&hidden).filter_map(|(n, h)| h.then_some(n)).sum();
            let many = hidden.iter().filter(|hidden| **hidden).count();
            // Each hidden count can grow by what another one of somebody can lose.
            if many == 0 || (many > 1 && sum >= threshold) {
                break;
            }
            let shown = (0..counts.len()).filter(|n| !hidden[*n]);
            let next = shown.min_by_key(|n| (counts[*n] == 0, counts[*n]))?;
            hidden[next] = true;
        }
        Some(counts.iter().zip(hidden).map(|(count, hidden)| (!hidden).then_some(*count)).collect())
    }

    /// The count at a place, where it is published.
    #[must_use]
    pub fn published(&self, row: usize, column: usize) -> Option<u64> {
        (!self.hidden[row][column]).then(|| self.cells[row][column])
    }

    fn corner(&self) -> At {
        (self.cells.len() - 1, self.cells[0].len() - 1)
    }

    fn is_hidden(&self, (row, column): At) -> bool {
        self.hidden[row][column]
    }

    fn every(&self) -> impl Iterator<Item = At> + use<> {
        let (rows, columns) = self.corner();
        (0..=rows).flat_map(move |row| (0..=columns).map(move |column| (row, column)))
    }

    /// Cells of which one more has to be hidden; `None` when all is safe.
    fn unsafe_line(&self, threshold: u64) -> Option<Vec<At>> {
        let (rows, columns) = self.corner();
        let across = (0..=rows).map(|row| (0..=columns).map(|column| (row, column)).collect());
        let down = (0..=columns).map(|column| (0..=rows).map(|row| (row, column)).collect());
        let exposed = across.chain(down).find(|line: &Vec<At>| self.is_exposed(line, threshold));
        exposed.or_else(|| {
            // Every line has enough hidden cells, but one of them is on no walk: hide anywhere.
            let is_fixed = |at: &At| self.is_hidden(*at) && !self.can_differ(*at);
            self.every().any(|at| is_fixed(&at)).then(|| self.every().collect())
        })
    }

    /// Whether a line has one hidden cell, or a published margin from which a small hidden sum follows.
    fn is_exposed(&self, line: &[At], threshold: u64) -> bool {
        let hidden: Vec<At> = line.iter().copied().filter(|at| self.is_hidden(*at)).collect();
        let sum: u64 = hidden.iter().map(|&(row, column)| self.cells[row][column]).sum();
        let margin_is_told = line.last().is_some_and(|at| !self.is_hidden(*at));
        hidden.len() == 1 || (!hidden.is_empty() && margin_is_told && sum < threshold)
    }

    /// Hides the smallest count of somebody that is not hidden yet, or else a count of nobody.
    fn hide_smallest(&mut self, line: &[At]) -> Option<()> {
        let corner = self.corner();
        let shown = line.iter().copied().filter(|at| !self.is_hidden(*at) && *at != corner);
        let (row, column) = shown.min_by_key(|&(row, column)| {
            let count = self.cells[row][column];
            (count == 0, count)
        })?;
        self.hidden[row][column] = true;
        Some(())
    }

    /// Whether another table with the same published cells has another count at a hidden place.
    fn can_differ(&self, (row, column): At) -> bool {
        let rows = self.cells.len();
        // Nodes are rows, then columns. A cell turned up leads from its row to its column, and down back.
        let up = self.can_turn((row, column), true) && self.walk(rows + column, row, (row, column));
        let down =
            self.can_turn((row, column), false) && self.walk(row, rows + column, (row, column));
        up || down
    }

    /// Whether a walk over hidden cells other than `without` leads from a node to another.
    fn walk(&self, from: usize, to: usize, without: At) -> bool {
        let (rows, columns) = (self.cells.len(), self.cells[0].len());
        let mut seen = vec![false; rows + columns];
        let mut waiting = VecDeque::from([from]);
        seen[from] = true;
        while let Some(node) = waiting.pop_front() {
            if node == to {
                return true;
            }
            let steps: Vec<(usize, At, bool)> = if node < rows {
                (0..columns).map(|column| (rows + column, (node, column), true)).collect()
            } else {
                (0..rows).map(|row| (row, (row, node - rows), false)).collect()
            };
            for (next, at, up) in steps {
                if !seen[next] && at != without && self.is_hidden(at) && self.can_turn(at, up) {
                    seen[next] = true;
                    waiting.push_back(next);
                }
            }
        }
        false
    }

    /// Whether a cell can be one more (with its sign, which the margins have turned) or one fewer.
    fn can_turn(&self, (row, column): At, up: bool) -> bool {
        let (last_row, last_column) = self.corner();
        let is_turned = (row == last_row) != (column == last_column);
        up != is_turned || self.cells[row][column] > 0
    }
}

/// The counts with a last column and a last row of sums; `None` of an empty or overfull table.
fn with_margins(counts: &[Vec<u64>]) -> Option<Vec<Vec<u64>>> {
    let width = counts.first()?.len();
    if width == 0 || counts.iter().any(|row| row.len() != width) {
        return None;
    }
    let sum = |counts: &[u64]| counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
    let mut cells = counts.to_vec();
    for row in &mut cells {
        row.push(sum(row)?);
    }
    let column = |n: usize| sum(&cells.iter().map(|row| row[n]).collect::<Vec<_>>());
    let totals = (0..=width).map(column).collect::<Option<Vec<_>>>()?;
    cells.push(totals);
    Some(cells)
}

#[cfg(test)]
#[path = "suppression_tests.rs"]
mod tests;
