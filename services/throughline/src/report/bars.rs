//! What the pictures share: numbers out of an answer, and sizes on the page.

use serde_json::Value;

/// The width of every picture, in its own units.
pub(super) const WIDTH: f64 = 720.0;

/// A count of an answer as a length; 0 where there is none.
pub(super) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

/// A coordinate, to a tenth of a unit.
pub(super) fn at(length: f64) -> String {
    format!("{length:.1}")
}

/// `length` as a part of `whole`, drawn over `size`; nothing of nothing.
pub(super) fn part(length: f64, whole: f64, size: f64) -> f64 {
    if whole > 0.0 { length / whole * size } else { 0.0 }
}
