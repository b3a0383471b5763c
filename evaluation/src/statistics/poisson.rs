//! Rates per person-year at risk, and how many times one is another: exact Poisson intervals.

use super::discrete::{Binomial, Discrete};
use super::error::Undefined;
use super::interval::{Interval, Level, RatioInterval};
use super::limits::{binomial_lower_odds, poisson_lower, poisson_upper};
use super::sum::real;

/// The most events, and the most cases of a table, that the exact methods take: their work grows
/// with the square root of the count, and beyond this they have not been checked.
pub const EVENTS_MAX: u64 = 1_000_000_000;

/// So many events in so much time at risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    events: u64,
    person_years: f64,
}

impl Rate {
    /// `events` in `person_years` of time at risk.
    ///
    /// # Errors
    /// [`Undefined::NotPositive`] of no time at risk; [`Undefined::NotFinite`] of a time, or of a
    /// rate, that is no number; [`Undefined::TooMany`] events.
    pub fn new(events: u64, person_years: f64) -> Result<Self, Undefined> {
        if events > EVENTS_MAX {
            return Err(Undefined::TooMany { given: events, most: EVENTS_MAX });
        }
        if person_years <= 0.0 {
            return Err(Undefined::NotPositive);
        }
        // A time so short or long that a rate or a ratio of rates has no place among the numbers.
        if !(1e-100..=1e100).contains(&person_years) {
            return Err(Undefined::NotFinite);
        }
        Ok(Self { events, person_years })
    }

    /// How many events.
    #[must_use]
    pub fn events(self) -> u64 {
        self.events
    }

    /// The time at risk, in years of one person.
    #[must_use]
    pub fn person_years(self) -> f64 {
        self.person_years
    }

    /// Events per person-year.
    #[must_use]
    pub fn per_person_year(self) -> f64 {
        real(self.events) / self.person_years
    }

    /// The exact interval of the rate, per person-year: each tail has at most half of what the level
    /// leaves. With no event the lower end is exactly 0.
    ///
    /// It supposes that events come one by one and independently. Incidents of one case do not
    /// quite: the interval is then too narrow.
    ///
    /// Source: F. Garwood, "Fiducial Limits for the Poisson Distribution", Biometrika 28 (1936).
    #[must_use]
    pub fn garwood(self, level: Level) -> Interval {
        Interval {
            lower: poisson_lower(self.events, level.tail()) / self.person_years,
            upper: poisson_upper(self.events, level.tail()) / self.person_years,
        }
    }
}

/// How many times one rate is another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRatio {
    /// The first rate over the second; `None` where the second saw no event.
    pub estimate: Option<f64>,
    /// The exact conditional interval; from 0 without upper end where neither saw an event.
    pub interval: RatioInterval,
    /// The exact two-sided p of the rates being equal: the chance, given how many events there were
    /// in all, of every split that is no likelier than this one.
    pub p: f64,
}

/// The first rate over the second, given how many events there were in all: these then fall to the
/// first with a binomial chance that is `ratio * t1 / (ratio * t1 + t2)`.
///
/// The interval is Clopper and Pearson's, carried over; the p follows the principle of minimum
/// likelihood. Both are those of R's `poisson.test`; rarely, one says that the rates differ and the
/// other does not.
///
/// Source: J. Przyborowski and H. Wilenski, "Homogeneity of results in testing samples from Poisson
/// series", Biometrika 31 (1940).
#[must_use]
pub fn rate_ratio(first: Rate, second: Rate, level: Level) -> RateRatio {
    let (a, b) = (first.events, second.events);
    let n = a + b;
    let exposures = second.person_years / first.person_years;
    let lower = |k: u64| binomial_lower_odds(k, n, level.tail());
    let in_all = first.person_years + second.person_years;
    let splits = Binomial { n, p: first.person_years / in_all, q: second.person_years / in_all };
    RateRatio {
        estimate: (b > 0).then(|| real(a) / real(b) * exposures),
        interval: RatioInterval {
            lower: if a == 0 { 0.0 } else { lower(a) * exposures },
            // The upper end of the one is the lower end of the other.
            upper: (b > 0).then(|| exposures / lower(b)),
        },
        p: splits.as_unlikely_as(a),
    }
}
