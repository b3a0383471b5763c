//! How the dates of a release are given.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use throughline_domain::cohort::ReleasedDates;
use throughline_domain::ids::CaseId;
use throughline_domain::time::uk_time;

use super::columns::Kind;
use super::key::ReleaseKey;

/// The text of a date; empty where it lies outside of the calendar.
#[must_use]
pub fn text(dates: ReleasedDates, key: &ReleaseKey, case: CaseId, at: Timestamp) -> String {
    let day = uk_time(at).date();
    match dates {
        ReleasedDates::Kept => day.to_string(),
        ReleasedDates::Shifted => shifted(day, key.shift_days(case)),
        ReleasedDates::Month => format!("{:04}-{:02}", day.year(), day.month()),
        ReleasedDates::Quarter => format!("{:04}-Q{}", day.year(), (day.month() + 2) / 3),
    }
}

/// What a column of dates has.
#[must_use]
pub fn kind(dates: ReleasedDates) -> Kind {
    match dates {
        ReleasedDates::Kept | ReleasedDates::Shifted => Kind::Date,
        ReleasedDates::Month => Kind::Month,
        ReleasedDates::Quarter => Kind::Text,
    }
}

/// The same in words.
#[must_use]
pub fn in_words(dates: ReleasedDates) -> &'static str {
    match dates {
        ReleasedDates::Kept => "the day in the United Kingdom",
        ReleasedDates::Shifted => {
            "the day, moved by a number of days (1 to 182, earlier or later) that is the same for \
             all dates of a case: intervals within a case are right, calendar dates are not"
        }
        ReleasedDates::Month => "the month",
        ReleasedDates::Quarter => "the quarter, as in 2024-Q1",
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
        assert_eq!(text(ReleasedDates::Kept, &key, case(1), at), "2024-07-01");
        assert_eq!(text(ReleasedDates::Month, &key, case(1), at), "2024-07");
        assert_eq!(text(ReleasedDates::Quarter, &key, case(1), at), "2024-Q3");
        assert_eq!(text(ReleasedDates::Quarter, &key, case(1), day("2024-12-31")), "2024-Q4");
    }

    #[test]
    fn shifted_dates_keep_their_intervals() {
        let key = ReleaseKey::new(&[1; 32]);
        let date = |text: String| text.parse::<Date>().unwrap();
        for n in 0..50 {
            let shifted = |at| date(text(ReleasedDates::Shifted, &key, case(n), day(at)));
            let between = shifted("2024-03-01") - shifted("2024-01-01");
            assert_eq!(between.get_days(), 60);
            assert_ne!(shifted("2024-01-01"), date("2024-01-01".to_owned()));
        }
    }
}
