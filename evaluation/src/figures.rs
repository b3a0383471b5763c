//! Figures that are the same to the byte wherever and whenever they are computed.
//!
//! A finished table is a JSON value in one form: members sorted, whole numbers whole, every other
//! number rounded to [`SIGNIFICANT_DIGITS`]. Floating-point sums and library functions may differ in
//! the last bits from one build to the next; a published figure may not.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Number, Value};

/// Digits that a figure is rounded to: more than anybody reads, fewer than rounding errors reach.
pub const SIGNIFICANT_DIGITS: usize = 12;

/// A finished table.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures(Value);

/// One scalar of a table, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure<'a> {
    /// A JSON Pointer into the table.
    pub pointer: String,
    /// A number, text, truth value or null.
    pub value: &'a Value,
}

impl Figures {
    /// Brings an answer into its one form.
    ///
    /// # Errors
    /// When the answer has no JSON form; no table here has such an answer.
    pub fn of(answer: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_value(answer).map(|value| Self(canonical(value)))
    }

    /// The table as a JSON value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The table as a JSON value, for good.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    /// Every scalar, in the order of the members.
    #[must_use]
    pub fn each(&self) -> Vec<Figure<'_>> {
        let mut found = Vec::new();
        gather(&self.0, &mut String::new(), &mut found);
        found
    }
}

/// A JSON value in its one form.
#[must_use]
pub fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(rounded(number)),
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let members = members.into_iter().map(|(name, value)| (name, canonical(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

fn rounded(number: Number) -> Number {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number;
    };
    let digits = SIGNIFICANT_DIGITS - 1;
    let rounded: f64 = format!("{float:.digits$e}").parse().unwrap_or(float);
    // Adding zero makes of minus zero a plain one.
    Number::from_f64(rounded + 0.0).unwrap_or(number)
}

fn gather<'a>(value: &'a Value, pointer: &mut String, found: &mut Vec<Figure<'a>>) {
    let length = pointer.len();
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                let _ = write!(pointer, "/{n}");
                gather(item, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                gather(member, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.push(Figure { pointer: pointer.clone(), value });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_sorted_and_numbers_rounded() {
        let answer = json!({"b": [0.1 + 0.2, -0.0, 3], "a": {"z": 1e-300 / 3.0, "y": null}});
        let text = Figures::of(&answer).unwrap().value().to_string();
        assert_eq!(text, r#"{"a":{"y":null,"z":3.33333333333e-301},"b":[0.3,0.0,3]}"#);
    }

    #[test]
    fn every_scalar_has_an_address() {
        let figures = Figures::of(&json!({"m": [[1, 2], []], "a/b": "x"})).unwrap();
        let found: Vec<(String, Value)> =
            figures.each().into_iter().map(|f| (f.pointer, f.value.clone())).collect();
        let expected = [("/a~1b", json!("x")), ("/m/0/0", json!(1)), ("/m/0/1", json!(2))];
        assert_eq!(found, expected.map(|(at, value)| (at.to_owned(), value)));
        for (pointer, value) in found {
            assert_eq!(figures.value().pointer(&pointer), Some(&value));
        }
    }
}
