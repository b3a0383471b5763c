//! Do two groups differ in a share? Fisher's exact test of a two-by-two table.

use super::discrete::{Discrete, Hypergeometric};
use super::error::Undefined;
use super::interval::{Level, RatioInterval};
use super::odds;
use super::poisson::EVENTS_MAX;
use super::proportion::Proportion;
use super::sum::real;

/// Two groups and how many of each have something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoByTwo {
    /// How many of the first group have it, and have it not.
    pub first: (u64, u64),
    /// How many of the second group have it, and have it not.
    pub second: (u64, u64),
}

/// Fisher's exact test, and the odds ratio that goes with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fisher {
    /// The two-sided p: the chance, under the margins, of all tables no likelier than this one
    /// (within `1e-7` of its chance).
    pub p: f64,
    /// The odds ratio; `None` where a row or a column is empty, so that no table but this is
    /// possible.
    pub odds_ratio: Option<OddsRatio>,
}

/// How many times the odds of the first group are those of the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OddsRatio {
    /// `ad / bc`; `None` where `bc` is zero: without bound.
    pub sample: Option<f64>,
    /// The conditional maximum-likelihood estimate, under the margins; `None` without bound.
    pub conditional: Option<f64>,
    /// The exact conditional interval: the ratios at which each tail is half of what the level
    /// leaves.
    pub interval: RatioInterval,
}

impl TwoByTwo {
    /// A table out of two shares.
    #[must_use]
    pub fn of(first: Proportion, second: Proportion) -> Self {
        let row = |share: Proportion| (share.part(), share.whole() - share.part());
        Self { first: row(first), second: row(second) }
    }

    /// Fisher's exact test.
    ///
    /// The interval and the p follow different principles (equal tails, least likely tables), as in
    /// R's `fisher.test`: rarely, one says that there is a difference and the other does not.
    ///
    /// Source: R. A. Fisher, "The logic of inductive inference", JRSS 98 (1935); J. Cornfield, "A
    /// statistical problem arising from retrospective studies", Third Berkeley Symposium (1956).
    ///
    /// # Errors
    /// [`Undefined::NothingObserved`] of an empty table; [`Undefined::TooMany`] when more than
    /// [`EVENTS_MAX`] are in it.
    pub fn fisher(self, level: Level) -> Result<Fisher, Undefined> {
        let (a, b, c, d) = (self.first.0, self.first.1, self.second.0, self.second.1);
        let whole = [a, b, c, d].into_iter().fold(0_u64, u64::saturating_add);
        if whole == 0 {
            return Err(Undefined::NothingObserved);
        }
        if whole > EVENTS_MAX {
            return Err(Undefined::TooMany { given: whole, most: EVENTS_MAX });
        }
        let tables = Hypergeometric { white: a + b, black: c + d, drawn: a + c };
        let (fewest, most) = tables.support();
        if fewest == most {
            return Ok(Fisher { p: 1.0, odds_ratio: None });
        }
        let sample = (b > 0 && c > 0).then(|| real(a) / real(b) * (real(d) / real(c)));
        Ok(Fisher {
            p: tables.as_unlikely_as(a),
            odds_ratio: Some(OddsRatio {
                sample,
                conditional: odds::most_likely(tables, a),
                interval: odds::interval(tables, a, level.tail()),
            }),
        })
    }
}
