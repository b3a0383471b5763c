//! Every column of every table of the log, altered in every way there is.

use throughline_domain::ids::Position;
use throughline_log::{Flaw, Verified};

use super::subject::{EVENTS, Subject};

/// What no chain covers, and why.
const NO_EVIDENCE: [(&str, &str); 1] = [
    // When the row of the tenant was made, which nothing is computed from: its first event has the
    // time that counts.
    ("tenant", "created_at"),
];

/// The tables, and which of their rows are altered.
const TABLES: [(&str, &[&str]); 4] = [
    ("event", &["position = 1", "position = 500", "position = 510", "position = 1000"]),
    ("stream", &["stream_no = 1", "stream_no = 30", "stream_no = 61"]),
    ("log_head", &["true"]),
    ("tenant", &["true"]),
];

struct Column {
    table: String,
    name: String,
    kind: String,
}

#[tokio::test]
async fn an_altered_column_is_found_at_its_position() {
    let subject = Subject::recorded().await;
    let holds = subject.verify().await;
    assert!(matches!(holds, Verified::Holds { events: EVENTS, .. }), "{holds:?}");
    let mut tried = 0;
    for (table, rows) in TABLES {
        for column in columns(&subject, table).await {
            for row in rows {
                tried += alter(&subject, &column, row).await;
            }
        }
    }
    assert!(tried > 250, "{tried}");
    assert_eq!(subject.verify().await, holds, "all is as it was");
}

async fn columns(subject: &Subject, table: &str) -> Vec<Column> {
    let sql = "SELECT column_name::text, udt_name::text FROM information_schema.columns \
               WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position";
    let rows = subject.client.query(sql, &[&table]).await.unwrap();
    rows.iter()
        .map(|row| Column { table: table.to_owned(), name: row.get(0), kind: row.get(1) })
        .collect()
}

/// Alters one column of one row in every way, and gives the number of ways.
async fn alter(subject: &Subject, column: &Column, row: &str) -> usize {
    let Column { table, name, kind } = column;
    let tenant = subject.fixture.tenant;
    let of_row = format!("tenant_no = {tenant} AND {row}");
    let is_null = format!("SELECT ({name} IS NULL)::integer::bigint FROM {table} WHERE {of_row}");
    let is_null = subject.number(&is_null).await == 1;
    let values = if is_null { vec![value(kind)] } else { alterations(name, kind) };
    for value in &values {
        let statement = format!("UPDATE {table} SET {name} = {value} WHERE {of_row}");
        let expected = expected(subject, column, row, value).await;
        let statement = format!("{statement} RETURNING ctid::text");
        let altered = subject.client.query(&statement, &[]).await.unwrap();
        assert_eq!(altered.len(), 1, "{statement}");
        let altered: String = altered[0].get(0);
        let found = subject.verify().await;
        if NO_EVIDENCE.contains(&(table, name)) {
            assert!(matches!(found, Verified::Holds { .. }), "{statement}: {found:?}");
        } else {
            let Verified::Broken { position, reason } = found else {
                panic!("{statement}: not found");
            };
            assert_eq!(position, Position(expected.0), "{statement}: {reason}");
            assert!(expected.1.contains(&kind_of(reason)), "{statement}: {reason:?}");
        }
        let restore = format!(
            "DELETE FROM {table} WHERE ctid = '{altered}'; \
             INSERT INTO {table} SELECT * FROM kept.{table} WHERE {of_row}"
        );
        subject.run(&restore).await;
    }
    values.len()
}

/// What a column that has a value is altered to.
fn alterations(name: &str, kind: &str) -> Vec<String> {
    let mut values = match kind {
        "int2" | "int4" | "int8" => vec![format!("{name} + 1"), format!("{name} - 1")],
        "timestamptz" => {
            ["+", "-"].map(|sign| format!("{name} {sign} interval '1 microsecond'")).to_vec()
        }
        "text" => {
            ["1", "(length(@) + 1) / 2", "length(@)"].map(|at| other_letter(name, at)).to_vec()
        }
        "uuid" => {
            let text = format!("{name}::text");
            ["1", "18", "36"].map(|at| format!("({})::uuid", other_letter(&text, at))).to_vec()
        }
        "bytea" => ["0", "octet_length(@) / 2", "octet_length(@) - 1"]
            .map(|at| at.replace('@', name))
            .map(|at| format!("set_byte({name}, {at}, get_byte({name}, {at}) # 1)"))
            .to_vec(),
        other => panic!("how is a {other} altered?"),
    };
    if (name, kind) == ("state", "text") {
        values.push("'loading'".to_owned());
    }
    values.push("NULL".to_owned());
    values
}

fn other_letter(text: &str, at: &str) -> String {
    let at = at.replace('@', text);
    let other = format!("CASE substr({text}, {at}, 1) WHEN 'a' THEN 'b' ELSE 'a' END");
    format!("overlay({text} PLACING {other} FROM {at} FOR 1)")
}

/// What a column that has no value is altered to.
fn value(kind: &str) -> String {
    match kind {
        "text" => "''".to_owned(),
        "uuid" => "gen_random_uuid()".to_owned(),
        "bytea" => "''::bytea".to_owned(),
        other => panic!("which value has a {other}?"),
    }
}

/// Where it is to be found, and as what.
async fn expected(
    subject: &Subject,
    column: &Column,
    row: &str,
    value: &str,
) -> (i64, &'static [&'static str]) {
    let is_null = value == "NULL";
    let down = value.ends_with("- 1");
    let at = |sql: String| async move { subject.number(&sql).await };
    let tenant = subject.fixture.tenant;
    match (column.table.as_str(), column.name.as_str()) {
        ("event", name) => {
            let position =
                at(format!("SELECT position FROM event WHERE {row} AND tenant_no = {tenant}"));
            let position = position.await;
            match name {
                "position" if down && position > 1 => {
                    (position - 1, &["Repeated", "Hash", "Rising"])
                }
                "tenant_no" | "position" => (position, &["Missing"]),
                "recorded_at" if !is_null => (position, &["Hash", "Rising"]),
                "stream_no" if !is_null => (position, &["Hash", "Stream"]),
                "occurred_precision" => (position, &["Unreadable"]),
                "source_organisation" | "causation_id" | "traceparent" | "sealed" => {
                    (position, &["Hash"])
                }
                _ if is_null => (position, &["Unreadable"]),
                _ => (position, &["Hash"]),
            }
        }
        ("stream", name) => {
            let first = format!("SELECT min(position) FROM event WHERE tenant_no = {tenant} AND ");
            let is_low = name == "stream_no" && down && row != "stream_no = 1";
            let row = if is_low { format!("{row} - 1") } else { row.to_owned() };
            let first = at(format!("{first}{row}")).await;
            (first, if name == "id" && !is_null { &["Hash"] } else { &["Stream"] })
        }
        ("log_head", "tenant_no") => (0, &["HeadMissing"]),
        ("log_head", "recorded_at") => (EVENTS, &["Head"]),
        ("log_head", _) if is_null => (0, &["Unreadable"]),
        ("log_head", "position") if down => (EVENTS - 1, &["Head"]),
        ("log_head", "position") => (EVENTS + 1, &["Missing"]),
        ("log_head", _) => (EVENTS, &["Head"]),
        ("tenant", "tenant_no") => (0, &["TenantMissing"]),
        ("tenant", "name") if !is_null => (1, &["Hash"]),
        ("tenant", "state") if value == "'loading'" => (1, &["State"]),
        ("tenant", _) => (0, &["Unreadable"]),
        (table, name) => panic!("what shows that {table}.{name} was altered?"),
    }
}

fn kind_of(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Missing => "Missing",
        Flaw::Repeated => "Repeated",
        Flaw::OutsideTheLog => "Outside",
        Flaw::Unreadable { .. } => "Unreadable",
        Flaw::Corrupt => "Corrupt",
        Flaw::UnknownStream => "Stream",
        Flaw::VersionGap => "Version",
        Flaw::RecordedAtNotRising => "Rising",
        Flaw::HashMismatch => "Hash",
        Flaw::HeadMismatch => "Head",
        Flaw::HeadMissing => "HeadMissing",
        Flaw::EmptyStream { .. } => "Empty",
        Flaw::TenantMissing => "TenantMissing",
        Flaw::StateMismatch => "State",
    }
}
