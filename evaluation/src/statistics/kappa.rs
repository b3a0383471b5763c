//! Cohen's kappa: how far two judgements of the same cases agree beyond chance.
//!
//! Source: Cohen 1960; the standard error is that of Fleiss, Cohen and Everitt 1969.

use serde::Serialize;

use super::{Interval, float, normal_quantile};

/// How far two judgements agree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Cases judged twice.
    pub cases: u64,
    /// Cases judged alike.
    pub agreeing: u64,
    /// Their share.
    pub share: f64,
    /// Kappa: 1 where all are, 0 where as many are as by chance. `None` where both judgements are the
    /// same of every case, and chance would have them so too.
    pub kappa: Option<f64>,
    /// Its interval, by the normal approximation.
    pub interval: Option<Interval>,
}

/// The agreement in a square table of counts: rows by the first judgement, columns by the second.
/// `None` where there are no cases.
#[must_use]
pub fn agreement(table: &[Vec<u64>], level: f64) -> Option<Agreement> {
    let cases: u64 = table.iter().flatten().sum();
    if cases == 0 {
        return None;
    }
    let n = float(cases);
    let agreeing: u64 = table.iter().enumerate().map(|(i, row)| row[i]).sum();
    let rows: Vec<f64> = table.iter().map(|row| float(row.iter().sum()) / n).collect();
    let column = |j: usize| float(table.iter().map(|row| row[j]).sum()) / n;
    let columns: Vec<f64> = (0..table.len()).map(column).collect();
    let observed = float(agreeing) / n;
    let chance: f64 = rows.iter().zip(&columns).map(|(row, column)| row * column).sum();
    let is_defined = chance < 1.0;
    let kappa = is_defined.then(|| (observed - chance) / (1.0 - chance));
    let interval = kappa.map(|kappa| {
        let (mut same, mut other) = (0.0, 0.0);
        for (i, row) in table.iter().enumerate() {
            for (j, count) in row.iter().enumerate() {
                let p = float(*count) / n;
                if i == j {
                    same += p * (1.0 - (rows[i] + columns[i]) * (1.0 - kappa)).powi(2);
                } else {
                    other += p * (columns[i] + rows[j]).powi(2);
                }
            }
        }
        let other = (1.0 - kappa).powi(2) * other;
        let last = (kappa - chance * (1.0 - kappa)).powi(2);
        let variance = ((same + other - last) / (1.0 - chance).powi(2) / n).max(0.0);
        let half = normal_quantile(level) * variance.sqrt();
        Interval::new(kappa - half, kappa + half)
    });
    Some(Agreement { cases, agreeing, share: observed, kappa, interval })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::LEVEL;
    use crate::statistics::testing::{fixtures, floats};

    #[test]
    fn kappa_is_that_of_statsmodels() {
        for case in fixtures("kappa") {
            let table: Vec<Vec<u64>> = serde_json::from_value(case["given"].clone()).unwrap();
            let found = agreement(&table, LEVEL).unwrap();
            let expected = floats(&case, "expected");
            let interval = found.interval.unwrap();
            let found = [found.kappa.unwrap(), interval.lower, interval.upper.unwrap()];
            for (found, expected) in found.into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-10, "{found} is not {expected}: {case}");
            }
        }
        assert_eq!(agreement(&[vec![5, 0], vec![0, 0]], LEVEL).unwrap().kappa, None);
        assert_eq!(agreement(&[vec![0, 0], vec![0, 0]], LEVEL), None);
    }

    /// MRP report: police and workers agreed on 57 of 111 women.
    #[test]
    fn the_published_agreement_is_51_4_per_cent() {
        let found = agreement(&[vec![40, 30], vec![24, 17]], LEVEL).unwrap();
        assert_eq!((found.cases, found.agreeing), (111, 57));
        assert_eq!(format!("{:.1}", 100.0 * found.share), "51.4");
    }
}
