//! Do two sources, or two rules, say the same of the same cases?

use super::error::Undefined;
use super::interval::{Interval, Level};
use super::normal;
use super::proportion::Proportion;
use super::sum::{real, sum};

/// How far two sources agree on the same cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// On how many of how many cases they say the same.
    pub raw: Proportion,
    /// The agreement that chance alone would bring, 0 to 1, were the sources independent.
    pub by_chance: f64,
    /// Cohen's kappa; `None` where both put every case into one and the same category, so that
    /// chance alone explains all.
    pub kappa: Option<Kappa>,
}

/// Cohen's kappa: how much of the agreement that chance leaves open there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// 1 where they always agree, 0 where no more than by chance; -1 at least.
    pub estimate: f64,
    /// The large-sample standard error, which does not suppose that kappa is zero.
    pub standard_error: f64,
    /// `estimate ± z * standard_error`, cut at -1 and 1. For large samples only.
    pub interval: Interval,
}

/// The agreement of two sources, unweighted.
///
/// `table[i][j]` is the number of cases of which the first source says category `i` and the second
/// says `j`, over the same categories in the same order.
///
/// Source: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
/// Measurement 20 (1960); standard error: J. L. Fleiss, J. Cohen and B. S. Everitt, "Large sample
/// standard errors of kappa and weighted kappa", Psychological Bulletin 72 (1969), as in
/// statsmodels.
///
/// # Errors
/// [`Undefined::NotSquare`]; [`Undefined::NothingObserved`] of no cases.
pub fn agreement(table: &[Vec<u64>], level: Level) -> Result<Agreement, Undefined> {
    if table.iter().any(|row| row.len() != table.len()) {
        return Err(Undefined::NotSquare);
    }
    let count = |cells: &mut dyn Iterator<Item = u64>| cells.fold(0_u64, u64::saturating_add);
    let rows: Vec<u64> = table.iter().map(|row| count(&mut row.iter().copied())).collect();
    let columns: Vec<u64> =
        (0..table.len()).map(|j| count(&mut table.iter().map(|row| row[j]))).collect();
    let whole = count(&mut rows.iter().copied());
    let agreed = count(&mut (0..table.len()).map(|i| table[i][i]));
    let raw = Proportion::new(agreed, whole)?;
    let cases = real(whole);
    let share = |count: u64| real(count) / cases;
    let by_chance =
        sum(rows.iter().zip(&columns).map(|(row, column)| share(*row) * share(*column)));
    if rows.contains(&whole) && columns.contains(&whole) && by_chance > 0.0 {
        return Ok(Agreement { raw, by_chance: 1.0, kappa: None });
    }
    let estimate = ((raw.share() - by_chance) / (1.0 - by_chance)).clamp(-1.0, 1.0);
    // Each cell's share times the square of its part in kappa's error.
    let unsure = sum(table.iter().enumerate().flat_map(|(i, row)| {
        let (rows, columns) = (&rows, &columns);
        row.iter().enumerate().map(move |(j, cell)| {
            let margins = (share(columns[i]) + share(rows[j])) * (1.0 - estimate);
            let part = if i == j { 1.0 - margins } else { -margins };
            share(*cell) * part * part
        })
    }));
    let centre = estimate - by_chance * (1.0 - estimate);
    let variance = (unsure - centre * centre).max(0.0) / cases;
    let standard_error = variance.sqrt() / (1.0 - by_chance);
    let half_width = normal::critical(level) * standard_error;
    let interval = Interval {
        lower: (estimate - half_width).max(-1.0),
        upper: (estimate + half_width).min(1.0),
    };
    Ok(Agreement { raw, by_chance, kappa: Some(Kappa { estimate, standard_error, interval }) })
}
