//! The distribution of the Mann-Whitney U when chance alone orders the values, without ties.

/// Below so many values in each group the chances are counted out, as in R's `wilcox.test`. The
/// largest count, of 98 values in two halves, is `2.5e28` and fits in 128 bits.
pub(super) const EXACT_BELOW: usize = 50;

/// For every U from 0 to `m * n` in how many orders of two groups of `m` and `n` values it is U.
pub(super) struct Orders {
    counts: Vec<i128>,
    whole: i128,
}

impl Orders {
    /// The counts are the coefficients of the Gaussian binomial
    /// `(1 - q^(n+1))...(1 - q^(n+m)) / (1 - q)...(1 - q^m)`.
    ///
    /// Source: H. B. Mann and D. R. Whitney, "On a Test of Whether one of Two Random Variables is
    /// Stochastically Larger than the Other", Annals of Mathematical Statistics 18 (1947).
    pub(super) fn of(m: usize, n: usize) -> Self {
        let mut counts = vec![0_i128; m * n + 1];
        counts[0] = 1;
        for i in 1..=m {
            for u in (n + i..counts.len()).rev() {
                counts[u] -= counts[u - n - i];
            }
            for u in i..counts.len() {
                counts[u] += counts[u - i];
            }
        }
        let whole = counts.iter().sum();
        Self { counts, whole }
    }

    /// `P(U <= u)`.
    #[expect(clippy::cast_precision_loss, reason = "the one rounding")]
    pub(super) fn at_most(&self, u: usize) -> f64 {
        self.counts.iter().take(u + 1).sum::<i128>() as f64 / self.whole as f64
    }

    /// The smallest `u` with `P(U <= u) >= tail`.
    #[expect(clippy::cast_precision_loss, reason = "the one rounding")]
    pub(super) fn quantile(&self, tail: f64) -> usize {
        let mut below = 0_i128;
        let is_below = |count: &&i128| {
            below += **count;
            (below as f64 / self.whole as f64) < tail
        };
        self.counts.iter().take_while(is_below).count()
    }
}
