//! The description of a release: a Data Package, version 1, with the codebook in words.

use serde_json::{Value, json};

use super::Resource;
use super::columns::Column;
use super::rows::{CASES, PSEUDONYM};

/// The description of some files; `about` is said of the whole, under `throughline`.
#[must_use]
pub fn describe(name: &str, title: &str, resources: &[Resource], about: &Value) -> Value {
    let resources: Vec<Value> = resources.iter().map(resource).collect();
    json!({
        "profile": "tabular-data-package",
        "name": name,
        "title": title,
        "resources": resources,
        "throughline": about,
    })
}

fn resource(resource: &Resource) -> Value {
    let Resource { name, title, columns, .. } = resource;
    let fields: Vec<Value> = columns.iter().map(field).collect();
    let mut schema = json!({"fields": fields, "missingValues": [""]});
    let has_cases = columns.first().is_some_and(|column| column.name == PSEUDONYM);
    if *name == CASES {
        schema["primaryKey"] = json!(PSEUDONYM);
    } else if has_cases {
        schema["foreignKeys"] = json!([{
            "fields": PSEUDONYM,
            "reference": {"resource": CASES, "fields": PSEUDONYM},
        }]);
    }
    json!({
        "profile": "tabular-data-resource",
        "name": name,
        "title": title,
        "path": format!("{name}.csv"),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    })
}

fn field(column: &Column) -> Value {
    let Column { name, meaning, kind, codes, required } = column;
    let mut constraints = json!({"required": required});
    if !codes.is_empty() {
        constraints["enum"] = json!(codes);
    }
    let description = match column.codes_in_words() {
        Some(words) => format!("{meaning} Codes: {words}."),
        None => meaning.clone(),
    };
    json!({
        "name": name, "type": kind.as_str(), "description": description,
        "constraints": constraints,
    })
}
