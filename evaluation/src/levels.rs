//! The levels of a measure, in order.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Number;
use throughline_domain::code_lists::{CodeList, RiskLevel, Severity};

/// The built-in measure: the level of risk assessments.
pub const RISK_LEVEL: &str = "risk_level";
/// Its levels.
const RISK_LEVELS: &[RiskLevel] = RiskLevel::ALL;

/// The most levels that a matrix is made of.
pub const LEVELS_MAX: usize = 100;

/// Whole numbers beyond this have no exact form as a floating-point number.
const EXACT_WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// The levels that a table of `values` has: all of a known scale, whether or not each was given;
/// otherwise those that were given, numbers ascending, then the others by text.
#[must_use]
pub fn ordered(measure: &str, values: &BTreeSet<&str>) -> Vec<String> {
    if measure == RISK_LEVEL {
        return texts(RISK_LEVELS);
    }
    if values.is_empty() {
        return Vec::new();
    }
    scale(values, Severity::ALL)
        .or_else(|| scale(values, RISK_LEVELS))
        .unwrap_or_else(|| by_size(values))
}

/// The text of a number: whole ones without a fraction.
#[must_use]
pub fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float)
            if !number.is_i64()
                && !number.is_u64()
                && float.fract() == 0.0
                && float.abs() <= EXACT_WHOLE_MAX =>
        {
            // Adding zero makes of minus zero a plain one.
            format!("{:.0}", float + 0.0)
        }
        _ => number.to_string(),
    }
}

fn scale<T: CodeList>(values: &BTreeSet<&str>, all: &[T]) -> Option<Vec<String>> {
    values.iter().all(|value| T::from_code(value).is_some()).then(|| texts(all))
}

fn texts<T: CodeList>(all: &[T]) -> Vec<String> {
    all.iter().map(|code| code.as_str().to_owned()).collect()
}

/// Numbers ascending, then whatever is none, by text.
fn by_size(values: &BTreeSet<&str>) -> Vec<String> {
    let mut levels: Vec<(Option<f64>, &str)> =
        values.iter().map(|&value| (value.parse().ok(), value)).collect();
    levels.sort_by(|(a, a_text), (b, b_text)| match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a_text.cmp(b_text),
    });
    levels.into_iter().map(|(_, text)| text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(values: &[&str]) -> Vec<String> {
        ordered("physical", &values.iter().copied().collect())
    }

    #[test]
    fn a_known_scale_is_given_whole_and_in_its_order() {
        assert_eq!(levels(&["high", "none"]), ["none", "standard", "moderate", "high"]);
        assert_eq!(levels(&["medium"]), ["standard", "medium", "high"]);
        assert_eq!(ordered(RISK_LEVEL, &BTreeSet::new()), ["standard", "medium", "high"]);
    }

    #[test]
    fn numbers_ascend_and_other_codes_go_by_text() {
        assert_eq!(levels(&["10", "9", "-1", "2.5"]), ["-1", "2.5", "9", "10"]);
        assert_eq!(levels(&["10", "many", "9"]), ["9", "10", "many"]);
        assert_eq!(levels(&["yes", "no"]), ["no", "yes"]);
        assert!(levels(&[]).is_empty());
    }

    #[test]
    fn a_number_has_one_text() {
        let text = |json: &str| number_text(&serde_json::from_str(json).unwrap());
        assert_eq!(text("3"), "3");
        assert_eq!(text("3.0"), "3");
        assert_eq!(text("-0.0"), "0");
        assert_eq!(text("2.50"), "2.5");
        assert_eq!(text("18446744073709551615"), "18446744073709551615");
    }
}
