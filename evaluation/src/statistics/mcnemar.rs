//! Is one kind of change more common than its opposite than chance allows?

use throughline_projections::outcome_snapshot::exact_two_sided_p;

/// McNemar's exact test on the pairs that changed. Pairs that did not change say nothing here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// How many changed one way, for example used at intake and not at exit.
    pub one_way: u64,
    /// How many changed the other way.
    pub other_way: u64,
    /// The exact two-sided p: 1 where as many changed one way as the other, none included.
    pub p: f64,
}

impl McNemar {
    /// The test of `one_way` changes against `other_way`: binomial with even chances over both.
    ///
    /// The p is the one of the outcome snapshot, so that a table and the service never differ.
    ///
    /// Source: Q. McNemar, "Note on the sampling error of the difference between correlated
    /// proportions or percentages", Psychometrika 12 (1947); exact as in R's `binom.test(b, b + c)`.
    #[must_use]
    pub fn of(one_way: u64, other_way: u64) -> Self {
        Self { one_way, other_way, p: exact_two_sided_p(one_way, other_way) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "these must be exact")]
    fn the_published_figures_are_exact() {
        assert_eq!(McNemar::of(6, 0).p, 0.031_25);
        assert_eq!(McNemar::of(3, 1).p, 0.625);
        assert_eq!(McNemar::of(0, 0).p, 1.0);
    }
}
