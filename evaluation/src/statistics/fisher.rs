//! Fisher's exact test of two shares.
//!
//! Two-sided as R and SciPy have it: the tables with the same margins that are no likelier than the
//! one observed.

use statrs::function::factorial::ln_binomial;

/// Tables this much likelier than the observed one still count as equally likely: rounding alone
/// sets them apart. As in R.
const TOLERANCE: f64 = 1e-7;

/// The two-sided p of a table: of the first group `with` and `without`, then of the second.
#[must_use]
pub fn exact_two_sided_p([first, second]: [[u64; 2]; 2]) -> f64 {
    let row: u64 = first.iter().sum();
    let (column, total) = (first[0] + second[0], row + second.iter().sum::<u64>());
    let smallest = (row + column).saturating_sub(total);
    let largest = row.min(column);
    let ln = |with: u64| {
        ln_binomial(row, with) + ln_binomial(total - row, column - with)
            - ln_binomial(total, column)
    };
    let observed = ln(first[0]) + TOLERANCE.ln_1p();
    let p: f64 = (smallest..=largest).map(ln).filter(|p| *p <= observed).map(f64::exp).sum();
    p.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::testing::{assert_near, counts, fixtures};

    #[test]
    fn p_is_that_of_scipy() {
        for case in fixtures("fisher") {
            let given = counts(&case, "given");
            let p = exact_two_sided_p([[given[0], given[1]], [given[2], given[3]]]);
            assert_near(p, case["expected"].as_f64().unwrap(), 1e-9, &case);
        }
    }
}
