//! When a case is to be reviewed: by hand, by stages, by days.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::Value;

use super::Entry;
use super::days::bounds;
use super::definition::Definition;
use super::risk::Assessed;

/// One review, in the order of the reading.
#[derive(Debug)]
struct Review {
    at: Timestamp,
    last: Timestamp,
    stage: Option<String>,
    next_due: Option<Timestamp>,
}

/// The reviews of a case.
#[derive(Debug, Default)]
pub(super) struct Reviews(Vec<Review>);

impl Reviews {
    pub(super) fn take(&mut self, fact: &Entry<'_>) {
        let text = |name: &str| fact.data.get(name).and_then(Value::as_str);
        self.0.push(Review {
            at: fact.at,
            last: bounds(fact.at, fact.precision).1,
            stage: text("stage").map(str::to_owned),
            next_due: text("next_due").map(|due| due.parse().unwrap()),
        });
    }

    /// When the next is due in an episode that began then.
    pub(super) fn due(
        &self,
        began: Timestamp,
        assessed: &Assessed,
        definition: &Definition,
    ) -> Timestamp {
        let latest = self.0.last().filter(|review| review.last >= began);
        if let Some(by_hand) = latest.and_then(|review| review.next_due) {
            return by_hand;
        }
        let looks = [Some(began), assessed.latest_at(), latest.map(|review| review.at)];
        let looked_at = looks.into_iter().flatten().max().unwrap();
        let by_days = looked_at + SignedDuration::from_hours(24 * definition.review_days);
        let stages = definition.stages.iter().enumerate();
        let open = stages.map(|(place, (_, months))| (place, date(began, *months)));
        let mut open =
            open.filter(|(place, date)| !self.is_done(*place, *date, began, assessed, definition));
        open.next().map_or(by_days, |(_, by_stage)| by_stage.min(by_days))
    }

    fn is_done(
        &self,
        place: usize,
        date: Timestamp,
        began: Timestamp,
        assessed: &Assessed,
        definition: &Definition,
    ) -> bool {
        let place_of = |review: &Review| {
            let name = review.stage.as_deref()?;
            definition.stages.iter().position(|(stage, _)| *stage == name)
        };
        let own = || self.0.iter().filter(|review| review.last >= began);
        let by_name = own().any(|review| place_of(review).is_some_and(|named| named >= place));
        let on_the_day = |last: Timestamp| last >= began && day(last) >= day(date);
        by_name
            || own().any(|review| place_of(review).is_none() && on_the_day(review.last))
            || assessed.spans().any(|(_, last)| on_the_day(last))
    }
}

fn date(began: Timestamp, months: i32) -> Timestamp {
    (began.to_zoned(TimeZone::UTC) + months.months()).timestamp()
}

fn day(at: Timestamp) -> jiff::civil::Date {
    at.to_zoned(TimeZone::UTC).date()
}
