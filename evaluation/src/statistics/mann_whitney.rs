//! The Mann-Whitney U test: does one group tend to higher values than the other?
//!
//! Exact where no two values are equal and the smaller group has at most [`EXACT_MAX`] values;
//! otherwise by the normal approximation, corrected for ties and for continuity. Source: Mann and
//! Whitney 1947; the choice between the two is SciPy's.

use serde::Serialize;

use super::{float, normal_two_sided_p};

/// Values in the smaller group up to which p is exact.
pub const EXACT_MAX: usize = 8;

/// Two groups compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// Pairs, one value of each group, in which the first group's is higher; equal ones count half.
    pub u: f64,
    /// The share of all pairs that this is: 0.5 where neither group tends to higher values.
    pub share: f64,
    /// The two-sided p.
    pub p: f64,
    /// How p was found.
    pub method: Method,
}

/// How p was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Out of every way in which the values could be shared out.
    Exact,
    /// By the normal approximation.
    Normal,
}

/// Compares two groups; `None` where either has no value.
#[must_use]
pub fn compare(first: &[f64], second: &[f64]) -> Option<Comparison> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let mut all: Vec<(f64, bool)> = first
        .iter()
        .map(|value| (*value, true))
        .chain(second.iter().map(|value| (*value, false)))
        .collect();
    all.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let (n1, n2) = (float(first.len() as u64), float(second.len() as u64));
    let (mut ranks, mut tie_term, mut before, mut has_ties) = (0.0, 0.0, 0, false);
    for tied in all.chunk_by(|(a, _), (b, _)| a.total_cmp(b).is_eq()) {
        let t = float(tied.len() as u64);
        let of_first = float(tied.iter().filter(|(_, is_first)| *is_first).count() as u64);
        ranks += of_first * (float(before) + f64::midpoint(t, 1.0));
        tie_term += t * t * t - t;
        has_ties |= tied.len() > 1;
        before += tied.len() as u64;
    }
    let u = ranks - n1 * (n1 + 1.0) / 2.0;
    let is_exact = !has_ties && first.len().min(second.len()) <= EXACT_MAX;
    let (p, method) = if is_exact {
        (exact_p(u, first.len(), second.len()), Method::Exact)
    } else {
        let n = n1 + n2;
        let variance = n1 * n2 / 12.0 * (n + 1.0 - tie_term / (n * (n - 1.0)));
        let off = ((u - n1 * n2 / 2.0).abs() - 0.5).max(0.0);
        // All values are equal: nothing speaks for either group.
        let p = if variance > 0.0 { normal_two_sided_p(off / variance.sqrt()) } else { 1.0 };
        (p, Method::Normal)
    };
    Some(Comparison { u, share: u / (n1 * n2), p: p.min(1.0), method })
}

/// Twice the share of all ways to share out the ranks that give a U as far from the middle.
fn exact_p(u: f64, n1: usize, n2: usize) -> f64 {
    let (small, large) = (n1.min(n2), n1.max(n2));
    let pairs = small * large;
    let farther = u.max(float(pairs as u64) - u);
    // How many ways give each U: U is a sum of `small` parts, each at most `large`.
    let mut ways = vec![vec![0.0_f64; pairs + 1]; small + 1];
    ways[0][0] = 1.0;
    for rank in 0..small + large {
        for taken in (0..small.min(rank + 1)).rev() {
            let beaten = rank - taken;
            if beaten > large {
                continue;
            }
            for sum in (0..=pairs - beaten).rev() {
                let added = ways[taken][sum];
                ways[taken + 1][sum + beaten] += added;
            }
        }
    }
    let counts = &ways[small];
    let total: f64 = counts.iter().sum();
    let tail: f64 =
        (0..).zip(counts).filter(|(sum, _)| float(*sum) >= farther).map(|(_, n)| n).sum();
    2.0 * tail / total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::testing::{assert_near, fixtures, floats};

    #[test]
    fn u_and_p_are_those_of_scipy() {
        let mut exact = 0;
        for case in fixtures("mann_whitney") {
            let found = compare(&floats(&case, "first"), &floats(&case, "second")).unwrap();
            let expected = floats(&case, "expected");
            assert_near(found.u, expected[0], 1e-12, &case);
            assert_near(found.p, expected[1], 1e-9, &case);
            exact += u64::from(found.method == Method::Exact);
        }
        assert!(exact > 10, "both methods are held against it");
        assert_eq!(compare(&[], &[1.0]), None);
        assert_near(compare(&[1.0; 30], &[1.0; 30]).unwrap().p, 1.0, 0.0, &serde_json::Value::Null);
    }
}
