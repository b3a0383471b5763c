//! The steps of a series: calendar weeks or months, in UTC.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span as Length, Timestamp, ToSpan as _, Zoned};

/// The most steps of a series: five years of weeks.
pub const STEPS_MAX: usize = 260;
/// Steps of a series whose beginning is not asked for.
pub const STEPS_DEFAULT: i64 = 12;

const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// How long a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// From Monday to Sunday.
    #[default]
    Week,
    /// From the first of a month to its last day.
    Month,
}

/// Which steps are asked for: those in which `from` and `to` lie, and all between.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// How long each is.
    pub step: Step,
    /// A moment of the first; without one there are [`STEPS_DEFAULT`].
    pub from: Option<Timestamp>,
    /// A moment of the last; without one it is the step of the date asked about.
    pub to: Option<Timestamp>,
}

/// Why there is no such series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// It would end before it begins.
    #[error("the series ends before it begins")]
    Backwards,
    /// It would have too many steps.
    #[error("the series has more than {STEPS_MAX} steps")]
    TooLong,
}

/// Steps that follow one another without a gap, none beginning after `as_of`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    as_of: Timestamp,
    /// The beginning of each.
    begins: Vec<Timestamp>,
    /// The end of the last.
    end: Timestamp,
}

impl Step {
    /// Every length.
    pub const ALL: [Self; 2] = [Self::Week, Self::Month];

    /// The text exchanged.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The beginning of the step in which a moment lies; `None` at the ends of time.
    fn begin(self, at: Timestamp) -> Option<Zoned> {
        let day = at.to_zoned(TimeZone::UTC).start_of_day().ok()?;
        match self {
            Self::Week => {
                day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()
            }
            Self::Month => day.first_of_month().ok(),
        }
    }

    fn length(self, steps: i64) -> Length {
        match self {
            Self::Week => steps.weeks(),
            Self::Month => steps.months(),
        }
    }
}

impl Span {
    /// The steps asked for. Those that begin after `as_of` are left out: nothing is known of them.
    ///
    /// # Errors
    /// [`SpanError`] when there is no such series.
    pub fn steps(&self, as_of: Timestamp) -> Result<Steps, SpanError> {
        let to = self.to.unwrap_or(as_of);
        let default = || {
            let last = self.step.begin(to)?;
            last.checked_sub(self.step.length(STEPS_DEFAULT - 1)).ok().map(|z| z.timestamp())
        };
        let from = self.from.or_else(default).unwrap_or(to);
        if from > to {
            return Err(SpanError::Backwards);
        }
        let last = to.min(as_of);
        let mut begins = Vec::new();
        // At the very beginning of time there is no whole step.
        let mut next = Some(self.step.begin(from).ok_or(SpanError::TooLong)?);
        while let Some(begin) = next.take_if(|begin| begin.timestamp() <= last) {
            if begins.len() == STEPS_MAX {
                return Err(SpanError::TooLong);
            }
            begins.push(begin.timestamp());
            next = begin.checked_add(self.step.length(1)).ok();
        }
        // Without a step there is no end either: any moment does.
        let end = begins
            .last()
            .and_then(|begin| self.step.begin(*begin)?.checked_add(self.step.length(1)).ok())
            .map_or(Timestamp::MAX, |end| end.timestamp());
        Ok(Steps { as_of, begins, end })
    }
}

impl Steps {
    /// How many there are: at most [`STEPS_MAX`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.begins.len()
    }

    /// Whether all of them begin after the date asked about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }

    /// The date asked about.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The first moment of all, and the last for which anything is counted; `None` without a step.
    #[must_use]
    pub fn extent(&self) -> Option<(Timestamp, Timestamp)> {
        Some((*self.begins.first()?, self.moments().last()?))
    }

    /// Begin and end of each; the end is not in it.
    pub fn bounds(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let ends = self.begins.iter().skip(1).copied().chain([self.end]);
        self.begins.iter().copied().zip(ends)
    }

    /// The moment for which the caseloads of each are counted: its last microsecond, or the date
    /// asked about when that comes first. Rises from step to step.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let last = |end: Timestamp| end.checked_sub(MICROSECOND).unwrap_or(Timestamp::MIN);
        self.bounds().map(move |(_, end)| last(end).min(self.as_of))
    }

    /// The step in which something happened, if it had happened by the date asked about.
    #[must_use]
    pub fn place(&self, at: Timestamp) -> Option<usize> {
        if at >= self.end || at > self.as_of {
            return None;
        }
        self.begins.partition_point(|begin| *begin <= at).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{day, t};

    fn steps(step: Step, from: Option<&str>, to: Option<&str>) -> Result<Steps, SpanError> {
        Span { step, from: from.map(day), to: to.map(day) }.steps(t("2014-07-02T12:00:00Z"))
    }

    #[test]
    fn weeks_run_from_monday_to_monday() {
        let steps = steps(Step::Week, Some("2014-06-19"), None).unwrap();
        let begins: Vec<Timestamp> = steps.bounds().map(|(begin, _)| begin).collect();
        assert_eq!(begins, [day("2014-06-16"), day("2014-06-23"), day("2014-06-30")]);
        let moments: Vec<Timestamp> = steps.moments().collect();
        assert_eq!(
            moments,
            [
                t("2014-06-22T23:59:59.999999Z"),
                t("2014-06-29T23:59:59.999999Z"),
                t("2014-07-02T12:00:00Z"),
            ],
        );
    }

    #[test]
    fn months_run_from_first_to_first() {
        let steps = steps(Step::Month, Some("2014-01-31"), Some("2014-03-01")).unwrap();
        let bounds: Vec<_> = steps.bounds().collect();
        let firsts = ["2014-01-01", "2014-02-01", "2014-03-01", "2014-04-01"].map(day);
        let expected: Vec<_> = firsts.windows(2).map(|pair| (pair[0], pair[1])).collect();
        assert_eq!(bounds, expected);
    }

    #[test]
    fn what_happened_lies_in_one_step_or_none() {
        let steps = steps(Step::Month, Some("2014-05-01"), None).unwrap();
        assert_eq!(steps.len(), 3);
        assert_eq!(steps.place(t("2014-04-30T23:59:59.999999Z")), None);
        assert_eq!(steps.place(day("2014-05-01")), Some(0));
        assert_eq!(steps.place(t("2014-05-31T23:59:59.999999Z")), Some(0));
        assert_eq!(steps.place(day("2014-06-01")), Some(1));
        assert_eq!(steps.place(t("2014-07-02T12:00:00Z")), Some(2));
        assert_eq!(steps.place(t("2014-07-02T12:00:00.000001Z")), None);
    }

    #[test]
    fn a_series_has_a_default_beginning_and_ends_with_the_date_asked_about() {
        assert_eq!(steps(Step::Week, None, None).unwrap().len(), 12);
        assert_eq!(steps(Step::Month, None, Some("2014-05-01")).unwrap().len(), 12);
        assert!(steps(Step::Week, Some("2014-07-07"), Some("2014-08-01")).unwrap().is_empty());
        assert_eq!(steps(Step::Week, Some("2014-07-01"), Some("2014-08-01")).unwrap().len(), 1);
    }

    #[test]
    fn a_series_too_long_or_backwards_is_refused() {
        let weeks = |from| steps(Step::Week, Some(from), Some("2014-06-30"));
        assert_eq!(weeks("2009-07-13").unwrap().len(), STEPS_MAX);
        assert_eq!(weeks("2009-07-12"), Err(SpanError::TooLong));
        assert_eq!(weeks("2014-07-01"), Err(SpanError::Backwards));
        let ever = Span { step: Step::Week, from: Some(Timestamp::MIN), to: None };
        assert_eq!(ever.steps(Timestamp::MAX).map(|steps| steps.len()), Err(SpanError::TooLong));
    }
}
