//! Looking for what must not be there: in every file, and in every row.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_postgres::Client;

/// A text in every form in which it may lie somewhere.
pub(crate) fn forms(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut forms = vec![bytes.to_vec()];
    forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    forms.push(hex(bytes).into_bytes());
    forms.push(hex(bytes).to_uppercase().into_bytes());
    // Base64 depends on where the text begins; what its neighbours share is left out.
    for before in 0..3 {
        let encoded = STANDARD.encode([&vec![0; before], bytes].concat());
        forms.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
    }
    forms
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

/// Whether the form is in the content: by Horspool's search, since there are many megabytes.
pub(crate) fn holds(content: &[u8], form: &[u8]) -> bool {
    let last = form.len() - 1;
    let mut skip = [form.len(); 256];
    for (at, byte) in form[..last].iter().enumerate() {
        skip[usize::from(*byte)] = last - at;
    }
    let mut end = last;
    while end < content.len() {
        if content[end] == form[last] && content[..=end].ends_with(form) {
            return true;
        }
        end += skip[usize::from(content[end])];
    }
    false
}

/// No file below the directory holds one of the texts: heap, index, write-ahead log, logs, ledger.
pub(super) fn assert_nothing_on_disk(directory: &Path, texts: &[&str]) {
    for text in texts {
        let found = file_with(directory, &forms(text));
        assert!(found.is_none(), "{text} in {}", found.unwrap().display());
    }
}

/// A file below the directory that holds one of the forms.
pub(crate) fn file_with(directory: &Path, forms: &[Vec<u8>]) -> Option<PathBuf> {
    let (mut files, mut bytes) = (0, 0);
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if kind.is_file() {
                // A file of the server may have gone since it was listed.
                let Ok(content) = fs::read(entry.path()) else { continue };
                if forms.iter().any(|form| holds(&content, form)) {
                    return Some(entry.path());
                }
                files += 1;
                bytes += content.len();
            }
        }
    }
    assert!(files > 500 && bytes > 10 << 20, "{files} files, {bytes} bytes: that is no cluster");
    None
}

/// No row of any table holds one of the texts, as text or as bytes.
pub(super) async fn assert_nothing_in_rows(client: &Client, texts: &[&str]) {
    let forms: Vec<(&str, String)> = texts
        .iter()
        .flat_map(|text| forms(text).into_iter().map(move |form| (*text, form)))
        .flat_map(|(text, form)| [(text, hex(&form)), (text, readable(&form))])
        .filter(|(_, form)| !form.is_empty())
        .collect();
    let mut rows = 0;
    for (table, content) in tables(client).await {
        for row in content {
            for (text, form) in &forms {
                assert!(!row.contains(form.as_str()), "{text} in {table}");
            }
            rows += 1;
        }
    }
    assert!(rows > 10, "{rows} rows");
}

fn readable(form: &[u8]) -> String {
    String::from_utf8(form.to_vec()).unwrap_or_default().replace('\0', "")
}

/// Every row of every table of the schema, as text.
pub(crate) async fn tables(client: &Client) -> BTreeMap<String, Vec<String>> {
    let names = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    let mut tables = BTreeMap::new();
    for row in client.query(names, &[]).await.unwrap() {
        let name: String = row.get(0);
        let rows = client.query(&format!("SELECT t::text FROM {name} t"), &[]).await.unwrap();
        let mut rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        rows.sort();
        tables.insert(name, rows);
    }
    assert!(tables.len() >= 10, "{:?}", tables.keys());
    tables
}

#[test]
fn a_text_is_found_in_each_of_its_forms() {
    let text = "Wrenfield-7f3a-canary";
    for before in ["", "x", "xy", "xyz"] {
        let around = format!("{before}{text} and more");
        let contents = [
            around.clone().into_bytes(),
            around.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            around.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            hex(around.as_bytes()).into_bytes(),
            STANDARD.encode(&around).into_bytes(),
        ];
        for content in contents {
            assert!(forms(text).iter().any(|form| holds(&content, form)), "{before}");
        }
    }
    assert!(!forms(text).iter().any(|form| holds(b"Wrenfield-7f3a-canarx", form)));
}
