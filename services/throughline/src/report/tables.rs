//! Any answer as tables: rows for what repeats, pairs for the rest. A table that is new needs no code
//! here.

use maud::{Markup, html};
use serde_json::{Map, Value};

/// Names that are read in an order of their own: an answer keeps only that of the alphabet.
const ORDER: [&str; 32] = [
    "level",
    "month",
    "cases",
    "observed",
    "referred",
    "accepted",
    "allocated",
    "attempted",
    "reached",
    "closed",
    "declined",
    "waiting",
    "undecided",
    "before",
    "after",
    "first",
    "last",
    "from",
    "to",
    "used_from",
    "used_to",
    "stopped",
    "began",
    "both",
    "neither",
    "none",
    "standard",
    "moderate",
    "medium",
    "high",
    "percent",
    "not_assessed",
];

/// Where a name stands among others: those of [`ORDER`], then numbers by size, then the rest.
fn rank(name: &str) -> (usize, i64) {
    match ORDER.iter().position(|known| *known == name) {
        Some(place) => (place, 0),
        None => name.parse().map_or((ORDER.len() + 1, 0), |number| (ORDER.len(), number)),
    }
}

/// The members in the order in which they are read.
fn in_order(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| rank(name));
    members
}

/// An answer, whole.
pub(super) fn answer(answer: &Value) -> Markup {
    if let Value::Object(members) = answer {
        of_members(members, answer)
    } else {
        html! { p { (scalar(answer)) } }
    }
}

fn of_members(members: &Map<String, Value>, answer: &Value) -> Markup {
    let (plain, nested): (Vec<_>, Vec<_>) =
        in_order(members).into_iter().partition(|(_, value)| is_plain(value));
    html! {
        @if !plain.is_empty() {
            table {
                @for (name, value) in plain {
                    tr { th scope="row" { (words(name)) } td { (scalar(value)) } }
                }
            }
        }
        @for (name, value) in nested {
            h3 { (heading(name)) }
            @if name == "matrix" { (matrix(value, &answer["levels"])) } @else { (nested_value(value)) }
        }
    }
}

/// A number, text, truth value or nothing; or a short list of such.
fn is_plain(value: &Value) -> bool {
    let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
    is_scalar(value) || value.as_array().is_some_and(|items| items.iter().all(is_scalar))
}

fn nested_value(value: &Value) -> Markup {
    match value {
        Value::Array(items) => rows(items.iter().map(|item| (None, item)).collect()),
        Value::Object(members) if members.values().all(is_plain) => html! {
            table {
                @for (name, value) in in_order(members) {
                    tr { th scope="row" { (words(name)) } td { (scalar(value)) } }
                }
            }
        },
        Value::Object(members) => {
            let named = in_order(members).into_iter();
            rows(named.map(|(name, value)| (Some(name.as_str()), value)).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            html! { p { (scalar(value)) } }
        }
    }
}

/// A scalar, and the path to it.
type Cell<'a> = (String, &'a Value);

/// Things of one form as the rows of a table: its columns are whatever any of them has.
fn rows(items: Vec<(Option<&str>, &Value)>) -> Markup {
    let flat = items.into_iter().map(|(name, item)| (name, flattened(item)));
    let flat: Vec<(Option<&str>, Vec<Cell<'_>>)> = flat.collect();
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in flat.iter().flat_map(|(_, cells)| cells) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let is_named = flat.iter().any(|(name, _)| name.is_some());
    html! {
        table {
            tr {
                @if is_named { th {} }
                @for column in &columns { th scope="col" { (words(column)) } }
            }
            @for (name, cells) in &flat {
                tr {
                    @if is_named { th scope="row" { (words(name.unwrap_or_default())) } }
                    @for column in &columns {
                        td {
                            @if let Some((_, value)) = cells.iter().find(|(name, _)| name == column) {
                                (scalar(value))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every scalar within, named by its path.
fn flattened(value: &Value) -> Vec<Cell<'_>> {
    fn gather<'a>(name: &str, value: &'a Value, found: &mut Vec<Cell<'a>>) {
        let Value::Object(members) = value else {
            found.push((name.to_owned(), value));
            return;
        };
        for (member, value) in in_order(members) {
            let path = if name.is_empty() { member.clone() } else { format!("{name} {member}") };
            gather(&path, value, found);
        }
    }
    let mut found = Vec::new();
    gather("", value, &mut found);
    found
}

/// A transition matrix: from the level of its row to that of its column.
fn matrix(matrix: &Value, levels: &Value) -> Markup {
    let none = Vec::new();
    let (rows, levels) = (matrix.as_array().unwrap_or(&none), levels.as_array().unwrap_or(&none));
    html! {
        table {
            tr { th { "from \\ to" } @for level in levels { th scope="col" { (scalar(level)) } } }
            @for (row, level) in rows.iter().zip(levels) {
                tr {
                    th scope="row" { (scalar(level)) }
                    @for count in row.as_array().into_iter().flatten() { td { (scalar(count)) } }
                }
            }
        }
    }
}

/// A scalar in words, or a short list of them.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => shortened(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(", "),
        Value::Object(_) => value.to_string(),
    }
}

/// Whole numbers whole; others to four digits, as nobody reads twelve. The edition has them all.
fn shortened(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => {
            let rounded: f64 = format!("{float:.3e}").parse().unwrap_or(float);
            rounded.to_string()
        }
        _ => number.to_string(),
    }
}

/// A name in words.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A name in words, as a heading.
pub(super) fn heading(name: &str) -> String {
    let words = words(name);
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}
