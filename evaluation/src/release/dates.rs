//! How the dates of a release are given.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::Serialize;
use throughline_domain::ids::CaseId;
use throughline_domain::time::uk_time;

use super::columns::Kind;
use super::key::ReleaseKey;

/// What becomes of dates. Times of day never leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dates {
    /// The day in the United Kingdom.
    Kept,
    /// That day, moved by a number of days that is one and the same for all dates of a case.
    Shifted,
    /// The month.
    Month,
    /// The quarter.
    Quarter,
}

impl Dates {
    /// The text of a date; empty where it lies outside of the calendar.
    #[must_use]
    pub fn text(self, key: &ReleaseKey, case: CaseId, at: Timestamp) -> String {
        let day = uk_time(at).date();
        match self {
            Self::Kept => day.to_string(),
            Self::Shifted => shifted(day, key.shift_days(case)),
            Self::Month => format!("{:04}-{:02}", day.year(), day.month()),
            Self::Quarter => format!("{:04}-Q{}", day.year(), (day.month() + 2) / 3),
        }
    }

    /// What a column of dates has.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Kept | Self::Shifted => Kind::Date,
            Self::Month => Kind::Month,
            Self::Quarter => Kind::Text,
        }
    }

    /// The same in words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Kept => "the day in the United Kingdom",
            Self::Shifted => {
                "the day, moved by a number of days (1 to 182, earlier or later) that is the same for \
                 all dates of a case: intervals within a case are right, calendar dates are not"
            }
            Self::Month => "the month",
            Self::Quarter => "the quarter, as in 2024-Q1",
        }
    }
}

fn shifted(day: Date, days: i64) -> String {
    day.checked_add(Span::new().days(days)).map(|day| day.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{case, day, t};

    #[test]
    fn a_date_is_given_as_the_release_says() {
        let key = ReleaseKey::new(&[1; 32]);
        // In summer it is already July there.
        let at = t("2024-06-30T23:30:00Z");
        assert_eq!(Dates::Kept.text(&key, case(1), at), "2024-07-01");
        assert_eq!(Dates::Month.text(&key, case(1), at), "2024-07");
        assert_eq!(Dates::Quarter.text(&key, case(1), at), "2024-Q3");
        assert_eq!(Dates::Quarter.text(&key, case(1), day("2024-12-31")), "2024-Q4");
    }

    #[test]
    fn shifted_dates_keep_their_intervals() {
        let key = ReleaseKey::new(&[1; 32]);
        let date = |text: String| text.parse::<Date>().unwrap();
        for n in 0..50 {
            let shifted = |at| date(Dates::Shifted.text(&key, case(n), day(at)));
            let between = shifted("2024-03-01") - shifted("2024-01-01");
            assert_eq!(between.get_days(), 60);
            assert_ne!(shifted("2024-01-01"), date("2024-01-01".to_owned()));
        }
    }
}
