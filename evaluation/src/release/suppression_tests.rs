//! An attack: every table of whole numbers that agrees with what is published, counted out.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Every value that each cell has in some table that agrees with the published cells.
struct Attack<'a> {
    table: &'a Protected,
    inner: Vec<Vec<u64>>,
    possible: Vec<Vec<BTreeSet<u64>>>,
}

impl<'a> Attack<'a> {
    fn on(table: &'a Protected) -> Vec<Vec<BTreeSet<u64>>> {
        let (rows, columns) = (table.cells.len(), table.cells[0].len());
        let mut attack = Self {
            table,
            inner: vec![vec![0; columns - 1]; rows - 1],
            possible: vec![vec![BTreeSet::new(); columns]; rows],
        };
        attack.fill(0);
        attack.possible
    }

    /// Tries every value in the n-th inner cell, and so on.
    fn fill(&mut self, n: usize) {
        let (rows, columns) = (self.inner.len(), self.inner[0].len());
        if n == rows * columns {
            return self.note();
        }
        let (row, column) = (n / columns, n % columns);
        if let Some(count) = self.table.published(row, column) {
            self.inner[row][column] = count;
            self.fill(n + 1);
        } else {
            let total = self.table.cells[rows][columns];
            for count in 0..=total {
                self.inner[row][column] = count;
                if !self.agrees_so_far(row, column) {
                    // Greater counts only exceed the margins further.
                    break;
                }
                self.fill(n + 1);
            }
        }
        self.inner[row][column] = 0;
    }

    /// Cells not reached yet are zero, so no sum may exceed its published margin.
    fn agrees_so_far(&self, row: usize, column: usize) -> bool {
        let (rows, columns) = (self.inner.len(), self.inner[0].len());
        let across: u64 = self.inner[row].iter().sum();
        let down: u64 = self.inner.iter().map(|row| row[column]).sum();
        let all: u64 = self.inner.iter().flatten().sum();
        let fits = |sum: u64, told: Option<u64>| told.is_none_or(|told| sum <= told);
        fits(across, self.table.published(row, columns))
            && fits(down, self.table.published(rows, column))
            && fits(all, self.table.published(rows, columns))
    }

    fn note(&mut self) {
        let full = with_margins(&self.inner).unwrap();
        let agrees = self.table.every().all(|(row, column)| {
            self.table.published(row, column).is_none_or(|told| told == full[row][column])
        });
        if agrees {
            for (row, column) in self.table.every() {
                self.possible[row][column].insert(full[row][column]);
            }
        }
    }
}

/// Panics where a hidden cell has one possible value, or a small one is published.
fn assert_safe(table: &Protected, threshold: u64) {
    let possible = Attack::on(table);
    for (row, column) in table.every() {
        let count = table.cells[row][column];
        assert!(possible[row][column].contains(&count), "the attack misses the truth");
        if table.hidden[row][column] {
            assert!(possible[row][column].len() > 1, "{table:?}: {row}, {column} is derivable");
        } else {
            assert!(count == 0 || count >= threshold, "{table:?}: {row}, {column} is small");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Small counts keep the tables that agree few enough to be counted out.
    #[test]
    fn no_hidden_count_can_be_derived(
        counts in (1_usize..=2, 1_usize..=3).prop_flat_map(|(rows, columns)| {
            prop::collection::vec(prop::collection::vec(0_u64..=5, columns), rows)
        }),
        threshold in 2_u64..=4,
    ) {
        if let Some(table) = Protected::of(&counts, threshold) {
            assert_safe(&table, threshold);
        }
    }

    #[test]
    fn nor_in_a_larger_table(
        counts in prop::collection::vec(prop::collection::vec(0_u64..=2, 3), 3),
    ) {
        if let Some(table) = Protected::of(&counts, 2) {
            assert_safe(&table, 2);
        }
    }
}

proptest! {
    /// The attack on a list: a hidden count has every value that the other hidden ones leave.
    #[test]
    fn no_hidden_count_of_a_list_can_be_derived(
        counts in prop::collection::vec(0_u64..=6, 1..=5),
        threshold in 1_u64..=5,
    ) {
        if let Some(published) = Protected::of_list(&counts, threshold) {
            let hidden: Vec<u64> = counts.iter().zip(&published)
                .filter_map(|(count, told)| told.is_none().then_some(*count)).collect();
            let sum: u64 = hidden.iter().sum();
            prop_assert!(hidden.is_empty() || (hidden.len() > 1 && sum >= threshold.max(1)));
            for told in published.into_iter().flatten() {
                prop_assert!(told == 0 || told >= threshold);
            }
        }
    }
}

#[test]
fn a_small_count_alone_would_follow_from_the_margins() {
    let counts = vec![vec![20, 3, 30], vec![40, 50, 12], vec![11, 25, 60]];
    let mut table = Protected::of(&counts, 10).unwrap();
    let hidden = table.hidden.iter().flatten().filter(|hidden| **hidden).count();
    assert_eq!(hidden, 4, "{table:?}");
    assert!(table.every().all(|at| !table.is_hidden(at) || table.can_differ(at)));
    // The attack finds a table that is hidden too little.
    table.hidden = vec![vec![false; 4]; 4];
    table.hidden[0][1] = true;
    assert!(!table.can_differ((0, 1)));
}

#[test]
fn a_count_of_somebody_that_can_only_be_moved_to_is_not_enough() {
    // On the other cells of the square nobody is left to move, so one more has to be hidden.
    let table = Protected {
        cells: vec![vec![0, 1, 1], vec![1, 0, 1], vec![1, 1, 2]],
        hidden: vec![vec![true, true, false], vec![true, true, false], vec![false; 3]],
    };
    assert!(table.can_differ((0, 0)));
    let nobody = Protected { cells: vec![vec![0, 1, 1], vec![0, 1, 1], vec![0, 2, 2]], ..table };
    assert!(!nobody.can_differ((0, 1)));
}

#[test]
fn without_a_threshold_nothing_is_hidden_and_fewer_than_it_are_left_out() {
    let counts = vec![vec![1, 2], vec![0, 3]];
    assert!(Protected::of(&counts, 0).unwrap().hidden.iter().flatten().all(|hidden| !hidden));
    assert_eq!(Protected::of(&counts, 10), None);
    assert_eq!(Protected::of(&[], 10), None);
}
