//! Any answer as tables: rows for what repeats, pairs for the rest. A table that is new needs no code
//! here.

use std::collections::BTreeSet;

use maud::{Markup, html};
use serde_json::{Map, Value};

/// Names that are read in an order of their own: an answer keeps only that of the alphabet.
const ORDER: [&str; 51] = [
    "level",
    "month",
    "time",
    "cases",
    "count",
    "min",
    "lower_quartile",
    "median",
    "median_between",
    "upper_quartile",
    "max",
    "mean",
    "standard_deviation",
    "at_risk",
    "events",
    "censored",
    "incidents",
    "person_years",
    "rate",
    "estimate",
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
    "intake",
    "exit",
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

/// Columns of a table at most: more do not fit on a page.
const COLUMNS_MAX: usize = 9;
/// Rows that are shown at once; more are there to be opened.
const ROWS_SHOWN: usize = 24;

/// An answer, whole; `table` is the name of its question.
pub(super) fn answer(table: &str, answer: &Value) -> Markup {
    let Value::Object(members) = answer else {
        return html! { p { (scalar(answer)) } };
    };
    let (plain, nested) = plain_first(members);
    // Counts with their categories say what a sparse matrix says.
    let labels =
        [&answer["levels"], &answer["categories"]].into_iter().find(|list| list.is_array());
    let is_said = |name: &str| name == "matrix" && answer["categories"].is_array();
    html! {
        (pairs(&plain))
        @for (name, value) in nested.iter().filter(|(name, _)| !is_said(name)) {
            h3 { (title(table, name)) }
            @match labels {
                Some(labels) if is_square(value) => (matrix(value, labels)),
                _ => (nested_value(value, 4)),
            }
        }
    }
}

/// What a member is called where its name alone does not tell.
fn title(table: &str, name: &str) -> String {
    let told = match (table, name) {
        ("agency_work", "first") => "By agency",
        ("agency_work", "second") => "By agency, direct or indirect",
        ("agency_work", "third") => "Direct or indirect, by purpose",
        ("support", "first") => "By need",
        ("support", "second") => "By need and kind of support",
        ("support", "third") => "By kind of support and completion",
        ("agreement", "counts") => "From the first (rows) to the second (columns)",
        _ => return heading(name),
    };
    told.to_owned()
}

type Members<'a> = Vec<(&'a String, &'a Value)>;

/// The members that fit into one cell, and those that do not.
fn plain_first(members: &Map<String, Value>) -> (Members<'_>, Members<'_>) {
    in_order(members).into_iter().partition(|(_, value)| is_plain(value))
}

/// A number, text, truth value or nothing, an interval, or a short list of scalars.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        Value::Object(members) => members.is_empty() || interval(value).is_some(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// The bounds of an interval.
fn interval(value: &Value) -> Option<(&Value, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 2)?;
    Some((members.get("lower")?, members.get("upper")?))
}

fn is_square(value: &Value) -> bool {
    value.as_array().is_some_and(|rows| rows.iter().all(Value::is_array))
}

fn pairs(members: &[(&String, &Value)]) -> Markup {
    html! {
        @if !members.is_empty() {
            table {
                @for (name, value) in members {
                    tr { th scope="row" { (words(name)) } td { (scalar(value)) } }
                }
            }
        }
    }
}

/// What does not fit into a cell: rows where they are of one form and not too wide, and otherwise one
/// after the other, each under a heading of this depth.
fn nested_value(value: &Value, depth: u8) -> Markup {
    match value {
        Value::Array(items) => rows(items.iter().map(|item| (None, item)).collect()),
        Value::Object(members) => {
            let (plain, nested) = plain_first(members);
            html! {
                (pairs(&plain))
                @if nested.iter().all(|(_, value)| fits(value)) && columns(&nested) <= COLUMNS_MAX {
                    @if !nested.is_empty() {
                        (rows(nested.iter().map(|(name, value)| (Some(name.as_str()), *value)).collect()))
                    }
                } @else {
                    @for (name, value) in nested {
                        (subheading(name, depth))
                        (nested_value(value, depth + 1))
                    }
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            html! { p { (scalar(value)) } }
        }
    }
}

fn subheading(name: &str, depth: u8) -> Markup {
    html! {
        @match depth {
            4 => h4 { (heading(name)) },
            5 => h5 { (heading(name)) },
            _ => h6 { (heading(name)) },
        }
    }
}

/// Whether nothing within is a list of things.
fn fits(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().all(fits),
        Value::Array(_) => is_plain(value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// How many columns the rows of these would have.
fn columns(members: &[(&String, &Value)]) -> usize {
    let cells = members.iter().flat_map(|(_, value)| flattened(value));
    cells.map(|(name, _)| name).collect::<BTreeSet<_>>().len()
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
    let table = html! {
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
    };
    html! {
        @if flat.len() > ROWS_SHOWN {
            details { summary { (flat.len()) " rows" } (table) }
        } @else {
            (table)
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
        if interval(value).is_some() {
            found.push((name.to_owned(), value));
            return;
        }
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

/// A scalar in words, an interval, or a short list.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => shortened(number),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(", "),
        Value::Object(members) if members.is_empty() => "none".to_owned(),
        Value::Object(_) => interval(value).map_or_else(
            || value.to_string(),
            |(lower, upper)| match (lower, upper) {
                (_, Value::Null) => format!("{} or more", scalar(lower)),
                _ => format!("{} to {}", scalar(lower), scalar(upper)),
            },
        ),
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
