//! What several lengths of time come to, by the textbook: in floating point, and rounded at the end.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

pub(super) fn days_between(from: Timestamp, to: Timestamp) -> f64 {
    (to.duration_since(from).as_secs_f64() / 86_400.0).max(0.0)
}

/// To a hundredth, halves up. What floating point leaves of a half is not held against it.
pub(super) fn rounded(days: f64) -> f64 {
    (days * 100.0 + 0.5 + 1e-7).floor() / 100.0
}

pub(super) fn spread(mut days: Vec<f64>) -> Value {
    if days.is_empty() {
        return Value::Null;
    }
    days.sort_by(f64::total_cmp);
    let last = u32::try_from(days.len() - 1).unwrap();
    let at = |place: u32| days[usize::try_from(place).unwrap()];
    let quantile = |q: f64| {
        let place = f64::from(last) * q;
        let below = (0..=last).rev().find(|n| f64::from(*n) <= place).unwrap();
        let above = last.min(below + 1);
        rounded(at(below) + (place - f64::from(below)) * (at(above) - at(below)))
    };
    json!({
        "mean": rounded(days.iter().sum::<f64>() / f64::from(last + 1)),
        "min": rounded(days[0]), "p25": quantile(0.25), "median": quantile(0.5),
        "p75": quantile(0.75), "p90": quantile(0.9), "max": rounded(at(last)),
    })
}

/// The first and the last moment at which it can have been.
pub(super) fn bounds(at: Timestamp, precision: &str) -> (Timestamp, Timestamp) {
    let day = at.to_zoned(TimeZone::UTC).start_of_day().unwrap();
    let (first, last) = match precision {
        "day" => (day.clone(), &day + 1.day()),
        "month" => (day.first_of_month().unwrap(), day.first_of_month().unwrap() + 1.month()),
        _ => return (at, at),
    };
    (first.timestamp(), last.timestamp() - 1.microsecond())
}
