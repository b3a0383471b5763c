//! The description of a release: a Data Package, version 1, with the codebook in words.

use serde_json::{Value, json};

use super::Resource;
use super::columns::Column;
use super::rows::{CASES, PSEUDONYM};

/// A file as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name within the package.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 over it: 64 hexadecimal digits.
    pub hash: String,
}

/// A table as it was written, twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// As CSV.
    pub csv: Written,
    /// As Apache Parquet, the same rows in the same order.
    pub parquet: Written,
}

/// The description of some tables and their files; `about` is said of the whole, under `throughline`.
///
/// A table's resource is its CSV file. The Parquet file is named beside it, not as a resource of its
/// own: a reader of Data Packages need not know the format.
#[must_use]
pub fn describe(name: &str, title: &str, tables: &[(&Resource, Files)], about: &Value) -> Value {
    let resources: Vec<Value> =
        tables.iter().map(|(table, files)| resource(table, files)).collect();
    json!({
        "profile": "tabular-data-package",
        "name": name,
        "title": title,
        "resources": resources,
        "throughline": about,
    })
}

fn resource(resource: &Resource, files: &Files) -> Value {
    let Resource { name, title, columns, .. } = resource;
    let Files { csv, parquet } = files;
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
        "path": csv.path,
        "bytes": csv.bytes,
        "hash": format!("sha256:{}", csv.hash),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
        "parquet": {
            "path": parquet.path,
            "bytes": parquet.bytes,
            "hash": format!("sha256:{}", parquet.hash),
            "mediatype": "application/vnd.apache.parquet",
        },
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
