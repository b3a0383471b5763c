//! When a fact happened, and how exactly that is known.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

/// A minute of clock skew between caller and service is forgiven.
pub const SKEW_FORGIVEN: SignedDuration = SignedDuration::from_secs(60);

/// How exactly the time of a fact is known.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// To the moment.
    #[default]
    Instant,
    /// To the day (UTC).
    Day,
    /// To the month (UTC).
    Month,
}

impl Precision {
    /// The text stored and exchanged.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// When a fact happened. Facts are ordered by `at`, whatever the precision: it is the caller's
/// best single date, and the precision says how much of it to believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Occurred {
    /// UTC, in whole microseconds.
    pub at: Timestamp,
    /// How exactly `at` is known.
    #[serde(default, skip_serializing_if = "is_instant")]
    pub precision: Precision,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_instant(precision: &Precision) -> bool {
    *precision == Precision::Instant
}

impl Occurred {
    /// A fact whose moment is known.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self { at, precision: Precision::Instant }
    }

    /// Whether the fact lies later than `now`, forgiving [`SKEW_FORGIVEN`].
    #[must_use]
    pub fn is_after(self, now: Timestamp) -> bool {
        self.at.duration_since(now) > SKEW_FORGIVEN
    }

    /// Whether the fact can have happened between `start` and `end` (both included; no end: still
    /// going on), given how exactly its time is known.
    ///
    /// "In March" can lie inside an episode that began on the 15th; only what cannot be so is
    /// outside.
    #[must_use]
    pub fn can_lie_within(self, start: Occurred, end: Option<Occurred>) -> bool {
        let (earliest, latest) = self.bounds();
        start.bounds().0 <= latest && end.is_none_or(|end| earliest <= end.bounds().1)
    }

    /// The first and last microsecond at which the fact can have happened.
    #[must_use]
    pub fn bounds(self) -> (Timestamp, Timestamp) {
        let day = |first: jiff::Zoned, length: jiff::Span| {
            let last = first.checked_add(length).map(|next| next.timestamp() - MICROSECOND);
            (first.timestamp(), last.unwrap_or(Timestamp::MAX))
        };
        let zoned = self.at.to_zoned(TimeZone::UTC);
        let start_of_day = zoned.start_of_day();
        match (self.precision, start_of_day) {
            (Precision::Instant, _) | (_, Err(_)) => (self.at, self.at),
            (Precision::Day, Ok(start)) => day(start, 1.day()),
            (Precision::Month, Ok(start)) => match start.first_of_month() {
                Ok(first) => day(first, 1.month()),
                Err(_) => (self.at, self.at),
            },
        }
    }
}

const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// `timestamp` cut to whole microseconds, the resolution the log stores.
#[must_use]
pub fn to_microseconds(timestamp: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(timestamp.as_microsecond()).unwrap_or(timestamp)
}

/// What a clock in the United Kingdom shows.
///
/// By the rule in force since 1996: an hour ahead from the last Sunday of March to the last of
/// October. Spelled out here, so that an answer does not hang on the machine's own tables.
#[must_use]
pub fn uk_time(at: Timestamp) -> DateTime {
    static UNITED_KINGDOM: LazyLock<TimeZone> = LazyLock::new(|| {
        TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").expect("the rule is well-formed (tested)")
    });
    UNITED_KINGDOM.to_datetime(at)
}

/// Whole days from `from` to `to`, negative when `to` is earlier.
#[must_use]
pub fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_hours().div_euclid(24)
}

/// `days` after `from`, or the end of time.
#[must_use]
pub fn add_days(from: Timestamp, days: u32) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_spans_its_first_to_its_last_microsecond() {
        let march = Occurred { at: t("2014-03-08T00:00:00Z"), precision: Precision::Month };
        assert_eq!(march.bounds(), (t("2014-03-01T00:00:00Z"), t("2014-03-31T23:59:59.999999Z")));
    }

    #[test]
    fn what_may_have_been_inside_is_not_outside() {
        let opened = Occurred { at: t("2014-03-15T00:00:00Z"), precision: Precision::Day };
        let in_march = Occurred { at: t("2014-03-01T00:00:00Z"), precision: Precision::Month };
        let on_the_first = Occurred { at: t("2014-03-01T00:00:00Z"), precision: Precision::Day };
        assert!(in_march.can_lie_within(opened, None));
        assert!(!on_the_first.can_lie_within(opened, None));
    }

    #[test]
    fn summer_time_begins_and_ends_on_the_last_sundays_of_march_and_october() {
        for (at, shown) in [
            ("2014-03-30T00:59:59Z", "2014-03-30T00:59:59"),
            ("2014-03-30T01:00:00Z", "2014-03-30T02:00:00"),
            ("2014-10-26T00:59:59Z", "2014-10-26T01:59:59"),
            ("2014-10-26T01:00:00Z", "2014-10-26T01:00:00"),
        ] {
            assert_eq!(uk_time(t(at)).to_string(), shown);
        }
    }

    #[test]
    fn a_minute_of_skew_is_forgiven_and_no_more() {
        let now = t("2020-01-01T00:00:00Z");
        assert!(!Occurred::at(t("2020-01-01T00:01:00Z")).is_after(now));
        assert!(Occurred::at(t("2020-01-01T00:01:00.000001Z")).is_after(now));
    }
}
